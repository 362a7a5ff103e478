//! Variables in the place of flags, and what happens where nobody can be asked.

use insta::assert_snapshot;

use super::{Ended, Sandbox};

fn with(sandbox: &Sandbox, variables: &[(&str, &str)], args: &[&str]) -> Ended {
    sandbox.end(sandbox.frontier(args).envs(variables.iter().copied()))
}

#[test]
fn a_variable_stands_for_a_flag_and_the_flag_wins() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["list", "create", "Customers"]);
    let list = |variables: &[(&str, &str)], args: &[&str]| {
        let ended = with(&sandbox, variables, &[&["list", "list"], args].concat());
        assert_eq!(ended.code, 0, "{}", ended.err);
        ended.out
    };
    let csv = [("FRONTIER_OUTPUT", "csv")];
    assert_eq!(list(&csv, &[]), "name,members,subscribed,description\nCustomers,0,0,\n");
    assert!(list(&csv, &["-o", "yaml"]).starts_with("- id: "));
    let jq = [("FRONTIER_JQ", ".[].name")];
    assert_eq!(list(&jq, &[]), "Customers\n");
    assert_eq!(list(&jq, &["--jq", ".[].members"]), "0\n");
    let json = list(&[("FRONTIER_JSON", "name,members")], &[]);
    assert_eq!(json.matches(':').count(), 2, "{json}");
    let quiet = [("FRONTIER_QUIET", "1")];
    assert_eq!(with(&sandbox, &quiet, &["list", "create", "Others"]).err, "");
    let nothing = ["OUTPUT", "JQ", "JSON", "QUIET", "NO_COLOR", "YES", "WORKSPACE"]
        .map(|name| (format!("FRONTIER_{name}"), ""));
    let nothing: Vec<_> = nothing.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert!(list(&nothing, &[]).starts_with("NAME "), "empty variables say nothing");

    let wrong = with(&sandbox, &[("FRONTIER_OUTPUT", "sarif")], &["list", "list"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    let wrong = with(&sandbox, &[("FRONTIER_OUTPUT", "xml")], &["list", "list"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let sandbox = Sandbox::workspace();
    let made = || {
        sandbox.ok(&["list", "create", "L"]);
        sandbox.ok(&["contact", "add", "ana@shop.example", "--list", "L"]);
        sandbox.ok(&["segment", "create", "S", "--where", "on_list('L')"]);
        sandbox.write("body.md", "Hello\n");
        sandbox.ok(&["template", "create", "T", "--body", "body.md"]);
        sandbox.ok(&["channel", "create", "H"]);
        sandbox.ok(&["campaign", "create", "C", "--list", "L"]);
    };
    made();
    sandbox.write(
        "list.yaml",
        "apiVersion: frontier/v1\nkind: List\nmetadata: { name: M }\nspec: {}\n",
    );
    let asking = [
        &["apply", "-f", "list.yaml"][..],
        &["campaign", "delete", "C"],
        &["segment", "delete", "S"],
        &["list", "delete", "L"],
        &["template", "delete", "T"],
        &["channel", "delete", "H"],
        &["contact", "delete", "ana@shop.example"],
    ];
    for args in asking {
        let refused = sandbox.run(args);
        assert_eq!(refused.code, 2, "{args:?}: {}", refused.err);
        assert!(refused.err.contains("There is nobody to ask"), "{args:?}: {}", refused.err);
        assert!(refused.err.contains("--yes, or FRONTIER_YES=1"), "{args:?}: {}", refused.err);
    }
    for args in asking {
        let done = with(&sandbox, &[("FRONTIER_YES", "true")], args);
        assert_eq!(done.code, 0, "{args:?}: {}", done.err);
    }
}

#[test]
fn a_start_goes_to_as_many_as_were_confirmed() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["list", "create", "L"]);
    for name in ["ana", "eva", "leo"] {
        sandbox.ok(&["contact", "add", &format!("{name}@shop.example"), "--list", "L"]);
    }
    sandbox.write("body.md", "Hello\n");
    sandbox.ok(&["config", "set", "sender.email", "shop@shop.example"]);
    sandbox.ok(&["config", "set", "unsubscribe.url", "https://shop.example/u"]);
    let create = ["campaign", "create", "C", "--list", "L", "--subject", "Hi", "--body", "body.md"];
    sandbox.ok(&create);
    let refused = sandbox.run(&["campaign", "start", "C", "--confirm-recipients", "2"]);
    assert_eq!(refused.code, 5);
    assert_snapshot!(refused.err, @"error: `C` would go to 3 contacts, and 2 were confirmed; look at its lists and segments, or confirm 3");
    let status = ["campaign", "status", "C", "--jq", ".campaign.status"];
    assert_eq!(sandbox.ok(&status), "draft\n");
    let start = ["campaign", "start", "C"];
    let refused = with(&sandbox, &[("FRONTIER_CONFIRM_RECIPIENTS", "4")], &start);
    assert_eq!(refused.code, 5, "{}", refused.err);
    let sent = with(&sandbox, &[("FRONTIER_CONFIRM_RECIPIENTS", "3")], &start);
    assert_eq!(sent.code, 0, "{}", sent.err);
    assert_eq!(sandbox.ok(&status), "completed\n");
}
