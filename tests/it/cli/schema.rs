//! `frontier schema`.

use serde_json::Value;

use super::Sandbox;

#[test]
fn an_editor_gets_its_schema_anywhere() {
    let sandbox = Sandbox::new();
    let all: Value = serde_json::from_str(&sandbox.ok(&["schema"])).unwrap();
    assert_eq!(all["oneOf"][0]["$ref"], "#/$defs/List");
    let one: Value = serde_json::from_str(&sandbox.ok(&["schema", "Campaign"])).unwrap();
    assert_eq!(one["properties"]["kind"]["const"], "Campaign");
    assert_eq!(one["properties"]["spec"], all["$defs"]["Campaign"]["properties"]["spec"]);
    let wrong = sandbox.run(&["schema", "campain"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("'campaign'"), "{}", wrong.err);
}

#[test]
fn the_route_answers_what_the_command_prints() {
    let sandbox = Sandbox::workspace();
    let route = sandbox.ok(&["api", "GET", "/manifests/schema/list"]);
    let route: Value = serde_json::from_str(&route).unwrap();
    let command: Value = serde_json::from_str(&sandbox.ok(&["schema", "list"])).unwrap();
    assert_eq!(route, command);
    let all = sandbox.ok(&["api", "GET", "/manifests/schema"]);
    assert!(all.contains("$defs"), "{all}");
    assert_eq!(sandbox.run(&["api", "GET", "/manifests/schema/lits"]).code, 2);
}
