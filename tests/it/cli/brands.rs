//! `frontier brand`.

use insta::assert_snapshot;

use super::Sandbox;

#[test]
fn a_brand_is_made_shown_and_warns() {
    let sandbox = Sandbox::workspace();
    let made = sandbox.run(&[
        "brand",
        "create",
        "casa-verde",
        "--voice",
        "Warm and plain",
        "--avoid",
        "gratis",
        "--avoid",
        "ya",
        "--language",
        "es",
        "--color",
        "ink=#2f6f4e",
        "--link",
        "shop=https://casaverde.example",
    ]);
    assert_eq!(made.code, 0, "{}", made.err);
    sandbox.ok(&["brand", "edit", "casa", "--use", "de temporada"]);
    assert_snapshot!(sandbox.ok(&["brand", "show", "casa"]), @"
    name       casa-verde
    voice      Warm and plain
    uses       de temporada
    avoids     gratis, ya
    languages  es
    colors     ink #2f6f4e
    links      shop https://casaverde.example
    ");
    assert_snapshot!(sandbox.ok(&["brand", "list"]), @"
    NAME        LANGUAGES  AVOIDS
    casa-verde  es         gratis, ya
    ");
    let wrong = sandbox.run(&["brand", "edit", "casa", "--color", "ink=green"]);
    assert_eq!(wrong.code, 5);
    assert_snapshot!(wrong.err, @"error: `green` is no colour; write it as #2f6f4e");

    sandbox.write(
        "c.yaml",
        "apiVersion: frontier/v1\nkind: Campaign\nmetadata: { name: c }\nspec:\n  messages:\n    - { \
         name: m, subject: Ya es gratis, format: markdown, body: Hola }\n",
    );
    let valid = sandbox.run(&["validate", "-f", "c.yaml"]);
    assert_eq!(valid.code, 0, "warnings stop nothing: {}", valid.err);
    assert_snapshot!(valid.err, @"
    warning: the subject of `m` says `gratis`, which the brand `casa-verde` avoids
     --> c.yaml:6:15
      |
    6 |     - { name: m, subject: Ya es gratis, format: markdown, body: Hola }
      |               ^

    warning: the subject of `m` says `ya`, which the brand `casa-verde` avoids
     --> c.yaml:6:15
      |
    6 |     - { name: m, subject: Ya es gratis, format: markdown, body: Hola }
      |               ^

    1 document is valid, with 2 warnings.
    ");
    let plan = sandbox.run(&["plan", "-f", "c.yaml"]);
    assert!(
        plan.out.contains("says `gratis`, which the brand `casa-verde` avoids"),
        "{}",
        plan.out
    );
    sandbox.ok(&["brand", "delete", "casa", "--yes"]);
    assert_eq!(sandbox.run(&["brand", "show", "casa"]).code, 3);
}
