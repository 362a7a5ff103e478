//! Completions, manual pages and help.

use std::fs;

use super::Sandbox;

#[test]
fn every_shell_has_completions() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sandbox.ok(&["completions", shell]);
        assert!(script.contains("doctor"), "{shell}");
    }
    assert_eq!(sandbox.run(&["completions", "cmd"]).code, 2);
}

#[test]
fn every_command_has_a_manual_page() {
    let sandbox = Sandbox::new();
    assert!(sandbox.ok(&["man"]).contains(".TH frontier 1"));
    sandbox.ok(&["man", "--dir", "man1"]);
    for page in ["frontier.1", "frontier-list-create.1", "frontier-doctor.1"] {
        let text = fs::read_to_string(sandbox.path("man1").join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
}

#[test]
fn help_fits_a_terminal_of_80_columns() {
    let sandbox = Sandbox::new();
    for args in [&["--help"][..], &["list", "--help"], &["api", "--help"], &["config", "set", "-h"]]
    {
        let help = sandbox.end(sandbox.frontier(args).env("COLUMNS", "80"));
        assert_eq!(help.code, 0);
        for line in help.out.lines() {
            assert!(line.chars().count() <= 80, "{args:?}: {line}");
        }
    }
}
