//! DKIM, as a shell sees it.

use std::fs;

use serde_json::Value;

use super::Sandbox;

/// A workspace whose channel `mail` writes files, with a campaign to one reader.
fn shop() -> Sandbox {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["list", "create", "Readers"]);
    sandbox.ok(&["contact", "add", "ana@post.example", "--list", "Readers"]);
    let leave = "https://shop.example/leave";
    sandbox.ok(&[
        "channel",
        "create",
        "mail",
        "--from",
        "Shop <news@shop.example>",
        "--unsubscribe-url",
        leave,
    ]);
    sandbox.write("hello.md", "Hello, {{ contact.email }}.\n\n{{ unsubscribe_url }}\n");
    sandbox.ok(&[
        "campaign",
        "create",
        "Spring",
        "--list",
        "Readers",
        "--channel",
        "mail",
        "--subject",
        "Hello",
        "--body",
        "hello.md",
    ]);
    sandbox
}

/// The one mail in the outbox.
fn mail(sandbox: &Sandbox) -> String {
    let outbox = sandbox.path("outbox/mail");
    let files: Vec<_> = walk(&outbox).into_iter().filter(|file| file.contains(".eml")).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    fs::read_to_string(&files[0]).unwrap()
}

fn walk(dir: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let found = entries.flat_map(|entry| match entry.path() {
        path if path.is_dir() => walk(&path),
        path => vec![path.to_string_lossy().into_owned()],
    });
    found.collect()
}

#[test]
fn a_key_is_made_once_and_signs_what_is_sent() {
    let sandbox = shop();
    let made = sandbox.run(&["channel", "dkim-key", "mail", "--selector", "s1", "--out", "k.pem"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let record = "s1._domainkey.shop.example  TXT  v=DKIM1; k=ed25519; p=";
    assert!(made.out.starts_with(record), "{}", made.out);
    let next = "frontier channel edit 'mail' --dkim selector=s1,key-file=";
    assert!(made.err.contains(next) && made.err.contains("/k.pem\n"), "{}", made.err);
    let key = fs::read_to_string(sandbox.path("k.pem")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let permissions = fs::metadata(sandbox.path("k.pem")).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
    }
    let again = sandbox.run(&["channel", "dkim-key", "mail", "--selector", "s1", "--out", "k.pem"]);
    assert_eq!((again.code, again.out.as_str()), (5, ""));
    assert!(again.err.contains("k.pem is there already"), "{}", again.err);
    assert_eq!(fs::read_to_string(sandbox.path("k.pem")).unwrap(), key);

    let file = sandbox.path("k.pem").display().to_string();
    sandbox.ok(&["channel", "edit", "mail", "--dkim", &format!("selector=s1,key-file={file}")]);
    let shown = sandbox.run(&["channel", "show", "mail"]).out;
    assert!(shown.contains("signed by    s1, key in the file "), "{shown}");
    sandbox.ok(&["campaign", "start", "Spring", "--yes"]);
    let signed = mail(&sandbox);
    let begin =
        "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=shop.example;\r\n s=s1;";
    assert!(signed.starts_with(begin), "{signed}");

    sandbox.ok(&["channel", "edit", "mail", "--no-dkim"]);
    assert!(!sandbox.run(&["channel", "show", "mail"]).out.contains("signed by"));
}

#[test]
fn a_run_without_its_key_is_held_up_before_a_mail_leaves_and_goes_on_with_it() {
    let sandbox = shop();
    sandbox.ok(&["channel", "edit", "mail", "--dkim", "selector=s1,key-env=SHOP_DKIM_KEY"]);
    let started = sandbox.run(&["campaign", "start", "Spring", "--yes"]);
    let reason = "its DKIM key `s1` is in the variable SHOP_DKIM_KEY, which is not set";
    assert!(started.code != 0 && started.err.contains(reason), "{}", started.err);
    assert!(walk(&sandbox.path("outbox")).is_empty());

    sandbox.ok(&["channel", "dkim-key", "mail", "--selector", "s1", "--out", "k.pem"]);
    let file = sandbox.path("k.pem").display().to_string();
    sandbox.ok(&["channel", "edit", "mail", "--dkim", &format!("selector=s1,key-file={file}")]);
    sandbox.ok(&["campaign", "resume", "Spring"]);
    assert!(mail(&sandbox).contains("\r\n s=s1; t="));
}

#[test]
fn signatures_are_written_and_exported_as_manifests() {
    let sandbox = shop();
    sandbox.write(
        "channel.yaml",
        "apiVersion: frontier/v1\nkind: Channel\nmetadata: { name: mail }\nspec:\n  kind: outbox\n  \
         from: { email: news@shop.example }\n  dkim:\n    - selector: s1\n      key: { file: k.pem }\n    \
         - { selector: s2, domain: shop.example, key: { env: KEY } }\n",
    );
    sandbox.ok(&["apply", "-f", "channel.yaml", "--yes"]);
    let shown = sandbox.run(&["channel", "show", "mail", "--jq", ".dkim[].selector"]).out;
    assert_eq!(shown, "s1\ns2\n");
    assert_eq!(sandbox.run(&["plan", "-f", "channel.yaml"]).code, 0);
    sandbox.write(
        "bad.yaml",
        "apiVersion: frontier/v1\nkind: Channel\nmetadata: { name: mail }\nspec:\n  kind: outbox\n  \
         dkim:\n    - { selector: a b, key: { env: KEY } }\n    - { selector: s1, key: MIIEv }\n    - { \
         selector: s1, key: { env: K } }\n",
    );
    let refused = sandbox.run(&["validate", "-f", "bad.yaml"]);
    assert_eq!(refused.code, 5, "{}", refused.err);
    let said = refused.out + &refused.err;
    for fault in [
        "`a b` is not a selector",
        "a private key is never written in a manifest",
        "two signatures have the same selector",
    ] {
        assert!(said.contains(fault), "{fault}: {said}");
    }
    assert!(!said.contains("MIIEv"), "{said}");
}

#[test]
fn what_to_publish_is_told_with_the_public_key() {
    let sandbox = shop();
    sandbox.ok(&["channel", "dkim-key", "mail", "--selector", "s1", "--out", "k.pem"]);
    let key = sandbox.path("k.pem").display().to_string();
    sandbox.ok(&["channel", "edit", "mail", "--dkim", &format!("selector=s1,key-file={key}")]);
    let dns: Value =
        serde_json::from_str(&sandbox.ok(&["channel", "dns", "mail", "-o", "json"])).unwrap();
    let records = dns["records"].as_array().unwrap();
    let value = |purpose: &str| {
        let record = records.iter().find(|record| record["purpose"] == purpose).unwrap();
        record["value"].as_str().unwrap()
    };
    assert!(value("dkim").starts_with("v=DKIM1; k=ed25519; p="), "{dns}");
    assert!(value("dmarc").starts_with("v=DMARC1; "), "{dns}");

    std::fs::remove_file(sandbox.path("k.pem")).unwrap();
    let gone = sandbox.run(&["channel", "dns", "mail"]);
    assert!(gone.err.contains("k.pem"), "{}", gone.err);
}
