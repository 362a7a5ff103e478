//! Forms of output, exit codes, and readers that leave early.

use std::process::Stdio;

use insta::assert_snapshot;

use super::Sandbox;

fn two_lists() -> Sandbox {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["list", "create", "Customers", "--description", "who bought, once"]);
    sandbox.ok(&["list", "create", "Ñandú"]);
    sandbox
}

#[test]
fn one_listing_in_every_form() {
    let sandbox = two_lists();
    assert_snapshot!(sandbox.ok(&["list", "list"]), @r"
    NAME       MEMBERS  SUBSCRIBED  DESCRIPTION
    Customers  0        0           who bought, once
    Ñandú      0        0
    ");
    assert_snapshot!(sandbox.ok(&["list", "list", "-o", "csv"]), @r#"
    name,members,subscribed,description
    Customers,0,0,"who bought, once"
    Ñandú,0,0,
    "#);
    assert_snapshot!(sandbox.ok(&["list", "list", "--json", "name,members"]), @r#"
    [
      {
        "name": "Customers",
        "members": 0
      },
      {
        "name": "Ñandú",
        "members": 0
      }
    ]
    "#);
    assert_eq!(sandbox.ok(&["list", "list", "--jq", ".[].name"]), "Customers\nÑandú\n");
    assert!(sandbox.ok(&["list", "show", "Cust", "-o", "yaml"]).starts_with("id: "));
}

#[test]
fn data_goes_out_and_words_go_to_the_person() {
    let sandbox = Sandbox::workspace();
    let made = sandbox.run(&["list", "create", "Customers"]);
    assert_eq!(made.out, "Customers\n");
    assert_eq!(made.err, "Created the list `Customers`.\n");
    assert_eq!(sandbox.run(&["list", "create", "Others", "--quiet"]).err, "");
    assert!(!sandbox.run(&["list", "show", "nobody"]).err.contains('\u{1b}'));
}

#[test]
fn the_exit_code_says_what_happened() {
    let sandbox = two_lists();
    let code = |args: &[&str]| sandbox.run(args).code;
    assert_eq!(code(&["list", "list"]), 0);
    assert_eq!(code(&["--version"]), 0);
    assert_eq!(code(&["--help"]), 0);
    assert_eq!(code(&["list", "list", "--jq", ".["]), 2);
    assert_eq!(code(&["list", "lst"]), 2);
    assert_eq!(code(&["list", "show", "nobody"]), 3);
    assert_eq!(code(&["list", "create", "Customers"]), 5);
    sandbox.damage_the_store();
    assert_eq!(code(&["list", "list"]), 1);
}

#[test]
fn a_mistyped_command_is_met_with_a_suggestion() {
    let sandbox = Sandbox::new();
    let ended = sandbox.run(&["docter"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("a similar subcommand exists: 'doctor'"), "{}", ended.err);
    let bare = sandbox.run(&[]);
    assert!(bare.err.contains("Usage: frontier"), "{}", bare.err);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let sandbox = two_lists();
    for args in [
        &["list", "list"][..],
        &["list", "list", "-o", "csv"],
        &["list", "list", "-o", "json"],
        &["list", "list", "--jq", "range(100000)"],
        &["api", "--openapi"],
        &["reference", "cli"],
        &["completions", "zsh"],
    ] {
        let mut command = sandbox.frontier(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{args:?}");
        assert_eq!(ended.status.code(), Some(0), "{args:?}");
    }
}
