//! `frontier starter`, and templates made of them.

use serde_json::Value;

use super::Sandbox;

#[test]
fn starters_are_there_without_a_workspace() {
    let sandbox = Sandbox::new();
    let list: Value =
        serde_json::from_str(&sandbox.ok(&["starter", "list", "-o", "json"])).unwrap();
    let names: Vec<&str> =
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["newsletter", "announcement", "plain", "transactional"]);
    let body = sandbox.ok(&["starter", "show", "plain", "--language", "es"]);
    assert!(body.contains("Darme de baja") && body.contains("{{ content }}"), "{body}");
    let wrong = sandbox.run(&["starter", "show", "newsleter"]);
    assert_eq!(wrong.code, 3);
    assert!(wrong.err.contains("did you mean `newsletter`?"), "{}", wrong.err);
    let wrong = sandbox.run(&["starter", "list", "--language", "fr"]);
    assert_eq!(wrong.code, 5);
    assert!(wrong.err.contains("en and es"), "{}", wrong.err);
}

#[test]
fn a_starter_becomes_a_layout_that_a_message_is_put_into() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["template", "create", "house", "--starter", "newsletter", "--language", "es"]);
    sandbox.write("news.md", "# Abril\n\nHola {{ contact.name }}");
    sandbox.ok(&["template", "create", "news", "--body", "news.md", "--layout", "house"]);
    let shown = sandbox.ok(&["template", "show", "house"]);
    assert_eq!(shown, sandbox.ok(&["starter", "show", "newsletter", "--language", "es"]));

    let neither = sandbox.run(&["template", "create", "other"]);
    assert_eq!(neither.code, 2);
    let both =
        sandbox.run(&["template", "create", "other", "--body", "news.md", "--starter", "plain"]);
    assert_eq!(both.code, 2);
}
