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

#[test]
fn many_are_changed_and_deleted_once_their_number_is_agreed_to() {
    let sandbox = Sandbox::workspace();
    sandbox.write(
        "people.csv",
        "email,city\nana@example.com,Soria\nbo@example.com,Jaca\ncy@example.com,Soria\n",
    );
    sandbox.ok(&["contact", "import", "people.csv", "--list", "all"]);
    let of_soria = ["--where", "city = 'Soria'"];
    let run = |verb: &str, more: &[&str]| {
        sandbox.run(&[&["contact", verb], &of_soria[..], more].concat())
    };
    let nobody = run("edit", &["--tag", "near"]);
    assert_eq!(nobody.code, 2);
    assert_snapshot!(nobody.err, @r"
    error: Change 2 contacts? There is nobody to ask.
      --yes, or FRONTIER_YES=1, answers for them
    ");
    let done = run("edit", &["--tag", "near", "--unlist", "all", "--confirm-contacts", "2"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert_snapshot!(done.out, @r"
    contacts             2
    changed              2
    added                0
    removed              2
    ");
    let other = run("delete", &["--confirm-contacts", "3"]);
    assert_eq!(other.code, 5);
    assert_snapshot!(other.err, @"error: the expression is true of 2 contacts now, not of 3; nothing was changed. `frontier contact list --where` shows them");
    assert_eq!(run("edit", &["--name", "Ana"]).code, 2);
    assert_eq!(run("edit", &[]).code, 2);
    for wrong in [
        &["edit", "bo@example.com", "--tag", "near", "--list", "all"][..],
        &["edit", "bo@example.com", "--tag", "near", "--confirm-contacts", "1"],
        &["delete", "bo@example.com", "--confirm-contacts", "1", "--yes"],
        &["delete", "bo@example.com", "--where", "city = 'Jaca'", "--yes"],
        &["delete", "--yes"],
    ] {
        let refused = sandbox.run(&[&["contact"], wrong].concat());
        assert_eq!(refused.code, 2, "{wrong:?}: {}", refused.err);
    }

    sandbox.ok(&["contact", "export", "--where", "tagged('near')", "--out", "near.vcf"]);
    let cards = std::fs::read_to_string(sandbox.path("near.vcf")).unwrap();
    assert_eq!(cards.matches("BEGIN:VCARD\r\n").count(), 2);
    assert_eq!(
        sandbox.ok(&["contact", "export", "--where", "city = 'Jaca'"]),
        "email,name,language,timezone,city\nbo@example.com,,,,Jaca\n"
    );
    let deleted = run("delete", &["--yes"]);
    assert_snapshot!(deleted.err, @"Deleted 2 contacts.");
    assert_snapshot!(run("delete", &["--yes"]).err, @"No such contacts; nothing was changed.");
    assert!(sandbox.ok(&["contact", "export"]).contains("bo@example.com"));
}
