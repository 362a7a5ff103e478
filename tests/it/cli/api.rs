//! `api`: routes as they are.

use std::io::Write as _;
use std::process::Stdio;

use insta::assert_snapshot;

use super::Sandbox;

#[test]
fn a_route_is_called_with_fields() {
    let sandbox = Sandbox::workspace();
    let made = sandbox.ok(&[
        "api",
        "post",
        "/api/v1/lists",
        "-f",
        "name=Customers",
        "-f",
        "labels:={\"team\":\"north\"}",
        "--jq",
        ".data.labels.team",
    ]);
    assert_eq!(made, "north\n");
    let listed = ["api", "GET", "/lists", "-f", "limit=1", "--jq", ".meta.pagination.limit"];
    assert_eq!(sandbox.ok(&listed), "1\n");
}

#[test]
fn a_refusal_is_printed_and_told_by_the_exit_code() {
    let sandbox = Sandbox::workspace();
    let missing = sandbox.run(&["api", "GET", "lists/nobody"]);
    assert_eq!(missing.code, 3);
    let body: serde_json::Value = serde_json::from_str(&missing.out).unwrap();
    assert_eq!(body["error"]["code"], "LIST_NOT_FOUND");
    assert!(missing.err.starts_with("error: 404: "), "{}", missing.err);
    assert_eq!(sandbox.run(&["api", "GET", "/nowhere"]).code, 3);
    assert_eq!(sandbox.run(&["api", "POST", "/lists", "-f", "nmae=x"]).code, 5);
    assert_eq!(sandbox.run(&["api", "FETCH", "/lists"]).code, 2);
    assert_eq!(sandbox.run(&["api", "GET"]).code, 2);
}

#[test]
fn a_body_comes_from_stdin_or_a_file() {
    let sandbox = Sandbox::workspace();
    let mut command = sandbox.frontier(&["api", "POST", "/lists", "--input", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(br#"{"name":"From stdin"}"#).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    sandbox.write("list.json", r#"{"name":"From a file"}"#);
    sandbox.ok(&["api", "POST", "/lists", "--input", "list.json"]);
    let names = sandbox.ok(&["list", "list", "--jq", ".[].name"]);
    assert_eq!(names, "From stdin\nFrom a file\n");
    assert_eq!(sandbox.run(&["api", "POST", "/lists", "--input", "none.json"]).code, 2);
}

#[test]
fn the_routes_are_listed_without_a_workspace() {
    let sandbox = Sandbox::new();
    let lists = ["api", "--list", "--jq", r#".[] | select(.path == "/lists") | .operation"#];
    assert_snapshot!(sandbox.ok(&lists), @r"
    list_lists
    create_list
    ");
    let version = sandbox.ok(&["api", "--openapi", "--jq", ".openapi"]);
    assert!(version.starts_with("3.1"), "{version}");
}
