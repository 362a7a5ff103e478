//! `frontier suppression`, with sets that manifests made.

use insta::assert_snapshot;

use super::Sandbox;

#[test]
fn a_set_is_shown_with_whom_it_names() {
    let sandbox = Sandbox::workspace();
    sandbox.write(
        "set.yaml",
        "apiVersion: frontier/v1\nkind: Suppression\nmetadata: { name: rivals }\nspec:\n  reason: \
         Never mail\n  addresses: [bo@b.example, Ana@A.example]\n",
    );
    sandbox.ok(&["apply", "-f", "set.yaml", "--yes"]);
    assert_snapshot!(sandbox.ok(&["suppression", "sets"]), @"
    NAME    ADDRESSES  REASON
    rivals  2          Never mail
    ");
    assert_snapshot!(sandbox.ok(&["suppression", "show", "rivals"]), @"
    name       rivals
    reason     Never mail
    ana@a.example
    bo@b.example
    ");
    let rows = sandbox.ok(&["suppression", "list", "--jq", ".[] | .email + \" \" + .set"]);
    assert!(rows.contains("ana@a.example rivals"), "{rows}");
    assert_eq!(sandbox.run(&["suppression", "show", "other"]).code, 3);
    let removed = sandbox.run(&["suppression", "remove", "bo@b.example"]);
    assert_snapshot!(removed.err, @"
    `bo@b.example` may be sent to again.
    It was in the set `rivals`: take it out of that manifest too, or an apply suppresses it again.
    ");
    let plan = sandbox.run(&["plan", "-f", "set.yaml"]);
    assert_eq!(plan.code, 2, "{}", plan.out);
}
