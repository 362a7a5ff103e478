//! Contacts at the prompt: an import with its rejects, and what is asked before a deletion.

use insta::assert_snapshot;

use super::Sandbox;

#[test]
fn an_import_says_what_it_did_and_where_the_rejects_are() {
    let sandbox = Sandbox::workspace();
    sandbox.write(
        "people.csv",
        "Correo;Nombre;Ciudad\nana@example.com;Ana;Soria\nANA@example.com;;Jaca\nbo;Bo;\n",
    );
    let done = sandbox.run(&["contact", "import", "people.csv", "--list", "spring"]);
    assert_eq!(done.code, 0);
    assert_snapshot!(done.out, @r"
    rows                 3
    created              1
    updated              0
    unchanged            0
    duplicates           1
    rejected             1
    ");
    assert_snapshot!(done.err, @r"
    1 row was rejected; people.rejects.csv says why.
    Created the list `spring`.
    ");
    assert_snapshot!(std::fs::read_to_string(sandbox.path("people.rejects.csv")).unwrap(), @r"
    line,reason,Correo,Nombre,Ciudad
    4,`bo` has no @; write the address as name@example.com,bo,Bo,
    ");
    assert_eq!(
        sandbox.ok(&["contact", "export"]),
        "email,name,language,timezone,ciudad\nana@example.com,Ana,,,Jaca\n"
    );

    let wrong = sandbox.run(&["contact", "import", "people.csv", "--map", "email=Corero"]);
    assert_eq!(wrong.code, 5);
    assert_snapshot!(wrong.err, @"error: there is no column `Corero` for `email`; is it `Correo`?");
}

#[test]
fn a_deletion_waits_for_nobody() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["contact", "add", "ana@example.com"]);
    let refused = sandbox.run(&["contact", "delete", "ana@example.com"]);
    assert_eq!(refused.code, 2);
    assert_snapshot!(refused.err, @r"
    error: Delete the contact `ana@example.com`? There is nobody to ask.
      --yes, or FRONTIER_YES=1, answers for them
    ");
    assert!(sandbox.ok(&["contact", "show", "ana@example.com"]).starts_with("ana@example.com"));
    assert_eq!(sandbox.run(&["contact", "delete", "ana@example.com", "--yes"]).code, 0);
    assert_eq!(sandbox.run(&["contact", "show", "ana@example.com"]).code, 3);
}
