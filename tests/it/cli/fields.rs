//! Tags, notes and attributes at the prompt.

use insta::assert_snapshot;

use super::Sandbox;

#[test]
fn tags_and_notes_are_put_on_and_taken_off() {
    let sandbox = Sandbox::workspace();
    let notes = "Met in Soria.\nLikes tea.";
    sandbox.ok(&[
        "contact",
        "add",
        "ana@example.com",
        "--tag",
        "VIP",
        "--tag",
        "b2b",
        "--notes",
        notes,
    ]);
    sandbox.ok(&["contact", "add", "bo@example.com", "--tag", "vip"]);
    let shown = sandbox.ok(&["contact", "show", "ana@example.com"]);
    let kept = |line: &&str| !line.starts_with("created") && !line.starts_with("ana@");
    assert_snapshot!(shown.lines().filter(kept).collect::<Vec<_>>().join("\n"), @"
    tags      b2b, vip
    notes
      Met in Soria.
      Likes tea.
    ");
    let emails =
        |args: &[&str]| sandbox.ok(&[&["contact", "list"], args, &["--jq", ".[].email"]].concat());
    assert_eq!(emails(&["--tag", "Vip"]), "ana@example.com\nbo@example.com\n");
    assert_eq!(emails(&["--tag", "vip", "--tag", "b2b"]), "ana@example.com\n");

    let edit =
        ["contact", "edit", "ana@example.com", "--untag", "VIP", "--tag", "new", "--notes", ""];
    assert_eq!(sandbox.run(&edit).err, "Saved the contact `ana@example.com`.\n");
    assert_eq!(emails(&["--tag", "vip"]), "bo@example.com\n");
    assert!(!sandbox.ok(&["contact", "show", "ana@example.com"]).contains("notes"));
    let comma = sandbox.run(&["contact", "list", "--tag", "a,b"]);
    assert_eq!(comma.code, 2);
    assert_snapshot!(comma.err, @"
    error: the tag `a,b` has a comma in it
      give --tag once for each tag
    ");
    let long = "x".repeat(65);
    assert_eq!(sandbox.run(&["contact", "edit", "bo@example.com", "--tag", &long]).code, 5);
    assert_eq!(sandbox.run(&["contact", "edit", "bo@example.com"]).code, 2);
}

#[test]
fn attributes_have_types_that_are_declared_changed_and_deleted() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["attribute", "create", "visits", "--type", "number"]);
    let add = ["contact", "add", "ana@example.com", "--attribute", "visits=3"];
    sandbox
        .ok(&[&add[..], &["--attribute", "plan=pro", "--attribute", "likes:=[\"tea\"]"]].concat());
    assert_snapshot!(sandbox.ok(&["attribute", "list", "--jq", r#".[] | .key + " " + .type"#]), @"
    likes list
    plan text
    visits number
    ");
    let wrong = sandbox.run(&["contact", "edit", "ana@example.com", "--attribute", "visits=many"]);
    assert_eq!(wrong.code, 5);
    let misfit = sandbox.run(&["attribute", "edit", "plan", "--type", "number"]);
    assert_eq!(misfit.code, 5);
    sandbox.ok(&["attribute", "edit", "visits", "--type", "text"]);
    let visits = ["contact", "show", "ana@example.com", "--jq", ".attributes.visits"];
    assert_eq!(sandbox.ok(&visits), "3\n");
    assert_eq!(sandbox.run(&["attribute", "delete", "plan"]).code, 2, "there is nobody to ask");
    sandbox.ok(&["attribute", "delete", "plan", "--yes"]);
    let known = ["attribute", "list", "--jq", ".[].key"];
    assert_eq!(sandbox.ok(&known), "likes\nvisits\n");
    assert_eq!(sandbox.run(&["attribute", "edit", "paln", "--type", "text"]).code, 3);
}
