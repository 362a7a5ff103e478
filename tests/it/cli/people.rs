//! What is known of people, at the prompt: subscriptions, consent, and who is forgotten.

use insta::assert_snapshot;

use super::Sandbox;

#[test]
fn a_list_of_double_opt_in_waits_for_confirmation() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["list", "create", "news", "--optin", "double"]);
    for email in ["ana@example.com", "bo@example.com", "cy@example.com"] {
        sandbox.ok(&["contact", "add", email, "--list", "news"]);
    }
    let added = sandbox.run(&["list", "add", "news", "ana@example.com", "bo@example.com"]);
    assert_snapshot!(added.err, @"
    Added 0 to the list `news`, which has 3 now.
    2 of them are sent nothing until confirmed.
    ");
    let confirmed = sandbox.run(&["list", "confirm", "news", "ana@example.com", "bo@example.com"]);
    assert_snapshot!(confirmed.err, @"Confirmed 2 on the list `news`, where 1 have not yet.");
    let left = sandbox.run(&["list", "unsubscribe", "news", "bo@example.com"]);
    assert_snapshot!(left.err, @"Unsubscribed 1 from the list `news`, which has 1 subscribed now.");
    let shown = sandbox.ok(&["list", "show", "news"]);
    let shown: Vec<&str> = shown.lines().filter(|line| !line.contains("20")).skip(1).collect();
    assert_snapshot!(shown.join("\n"), @"
    members       3
    subscribed    1
    unconfirmed   1
    unsubscribed  1
    ");
    let members = ["list", "members", "news", "--jq", r#".[] | .email + " " + .state"#];
    assert_snapshot!(sandbox.ok(&members), @"
    ana@example.com subscribed
    bo@example.com unsubscribed
    cy@example.com unconfirmed
    ");
    assert!(sandbox.ok(&["contact", "show", "bo@example.com"]).contains("news (unsubscribed)"));

    let refused = sandbox.run(&["list", "confirm", "news", "bo@example.com"]);
    assert_eq!(refused.code, 5);
    let back = sandbox.run(&["list", "resubscribe", "news", "bo@example.com"]);
    assert_snapshot!(back.err, @"Brought 1 back to the list `news`, which has 1 subscribed and 2 unconfirmed now.");
    assert_eq!(sandbox.run(&["list", "edit", "news"]).code, 2);
    sandbox.ok(&["list", "edit", "news", "--optin", "single"]);
    assert!(!sandbox.ok(&["export", "list"]).contains("optin"), "the default is not written");
}

#[test]
fn an_import_says_who_has_unsubscribed() {
    let sandbox = Sandbox::workspace();
    sandbox.write("people.csv", "email\nana@example.com\nbo@example.com\n");
    sandbox.ok(&["contact", "import", "people.csv", "--list", "news"]);
    sandbox.ok(&["list", "unsubscribe", "news", "ana@example.com"]);
    let again = sandbox.run(&["contact", "import", "people.csv", "--list", "news"]);
    assert_snapshot!(again.err, @"1 of them has unsubscribed from the list, and stays so.");
    sandbox.ok(&["list", "create", "asked", "--optin", "double"]);
    let asked = sandbox.run(&["contact", "import", "people.csv", "--list", "asked"]);
    assert_snapshot!(asked.err, @"2 of them are sent nothing until confirmed.");
}

#[test]
fn consent_is_recorded_shown_and_withdrawn() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["contact", "add", "ana@example.com"]);
    let consent = |args: &[&str]| sandbox.run(&[&["contact", "consent"], args].concat());
    let none = consent(&["list", "ana@example.com"]);
    assert_eq!((none.out.as_str(), none.err.as_str()), ("", "No consent is recorded of them.\n"));
    let at = ["--at", "2024-03-01T10:00:00Z"];
    let add = ["add", "ana@example.com", "Newsletter", "--source", "fair", "--proof", "card 117"];
    let added = consent(&[&add[..], &at].concat());
    assert_snapshot!(added.err, @"Consent to `newsletter` is granted since 2024-03-01T10:00:00.000Z.");
    assert!(
        sandbox
            .ok(&["contact", "show", "ana@example.com"])
            .contains("newsletter (granted 2024-03-01)")
    );
    assert_eq!(sandbox.ok(&["segment", "count", "--where", "consented('newsletter')"]), "1\n");
    let withdraw = ["withdraw", "ana@example.com", "newsletter", "--at", "2024-04-01T10:00:00Z"];
    assert_eq!(consent(&withdraw).code, 0);
    let outdated = consent(&[&add[..], &at].concat());
    assert_eq!(outdated.code, 5);
    assert_snapshot!(outdated.err, @"error: a later record of the purpose `newsletter` holds; `frontier contact consent list` shows it");
    assert_snapshot!(consent(&["list", "ana@example.com", "-o", "csv"]).out, @"
    purpose,state,since,source,proof
    newsletter,granted,2024-03-01T10:00:00.000Z,fair,card 117
    newsletter,withdrawn,2024-04-01T10:00:00.000Z,manual,
    ");
    assert_eq!(consent(&["add", "ana@example.com", "newsletter"]).code, 2, "who said it?");
}

#[test]
fn somebody_is_forgotten_when_that_is_confirmed() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["contact", "add", "ana@example.com", "--name", "Ana"]);
    let takeout = sandbox.ok(&["contact", "takeout", "ana@example.com"]);
    let takeout: serde_json::Value = serde_json::from_str(&takeout).unwrap();
    assert_eq!(takeout["contact"]["name"], "Ana");

    let forget = ["contact", "forget", "ana@example.com"];
    let refused = sandbox.run(&forget);
    assert_eq!(refused.code, 2);
    assert_snapshot!(refused.err, @"
    error: Forget `ana@example.com`? What is held of them cannot be brought back. There is nobody to ask.
      --yes, or FRONTIER_YES=1, answers for them
    ");
    let yes = [&forget[..], &["--yes"]].concat();
    assert_snapshot!(sandbox.run(&yes).err, @"
    Forgotten. No delivery was to them; its hash stays suppressed.
    Mails in outbox folders, rejects, exports and backups are yours to delete.
    ");
    assert_snapshot!(sandbox.run(&yes).err, @"Nothing was left to forget.");
    assert_eq!(sandbox.run(&["contact", "forget", "nobody", "--yes"]).code, 3);
    let store = std::fs::read(sandbox.path(".frontier/frontier.db")).unwrap();
    assert!(!String::from_utf8_lossy(&store).contains("ana@example"), "the file has it");

    assert_eq!(sandbox.run(&["contact", "add", "ana@example.com"]).code, 5);
    let back = sandbox.run(&["suppression", "remove", "ana@example.com"]);
    assert_snapshot!(back.err, @"`ana@example.com` may be sent to again.");
    sandbox.ok(&["contact", "add", "ana@example.com"]);
}

#[test]
fn duplicates_are_shown_and_merged() {
    let sandbox = Sandbox::workspace();
    for email in ["ana.ruiz@gmail.com", "anaruiz+shop@gmail.com"] {
        sandbox.ok(&["contact", "add", email, "--name", "Ana"]);
    }
    let found = sandbox.run(&["contact", "duplicates"]);
    assert_snapshot!(found.out, @"
    one mailbox
      ana.ruiz@gmail.com  Ana
      anaruiz+shop@gmail.com  Ana
    ");
    assert_snapshot!(found.err, @"1 groups; `frontier contact merge KEEP OTHER…` merges one.");
    let merge = ["contact", "merge", "ana.ruiz@gmail.com", "anaruiz+shop@gmail.com"];
    let refused = sandbox.run(&merge);
    assert_eq!(refused.code, 2);
    assert_snapshot!(refused.err, @"
    error: Merge `anaruiz+shop@gmail.com` into `ana.ruiz@gmail.com` and delete it? There is nobody to ask.
      --yes, or FRONTIER_YES=1, answers for them
    ");
    let merged = sandbox.run(&[&merge[..], &["--yes"]].concat());
    assert_snapshot!(merged.err, @"Merged `anaruiz+shop@gmail.com` into `ana.ruiz@gmail.com`.");
    assert_eq!(
        sandbox.run(&["contact", "duplicates"]).err,
        "No two contacts look like one person.\n"
    );
}

#[test]
fn a_link_that_is_no_mails_is_refused() {
    let sandbox = Sandbox::workspace();
    let refused = sandbox.run(&["contact", "unsubscribe", "https://shop.example/leave?t=abc"]);
    assert_eq!(refused.code, 5);
    assert_snapshot!(refused.err, @"error: this is no link of a mail of this workspace; give the whole link, or its token");
}
