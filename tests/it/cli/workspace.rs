//! `init`, and which workspace a command is about.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use super::Sandbox;

#[test]
fn a_folder_becomes_a_workspace_once() {
    let sandbox = Sandbox::new();
    sandbox.write("shop/.gitignore", "target");
    let first = sandbox.run(&["init", "shop"]);
    assert_eq!((first.code, first.out.as_str()), (0, "[root]/work/shop\n"));
    assert_snapshot!(first.err, @r"
      made frontier.yaml
      made .frontier
      added a line to .gitignore
    Next:
      frontier config set sender.email YOU@DOMAIN
      frontier doctor
      frontier list create NAME
    ");
    assert_eq!(sandbox.read(Path::new("work/shop/.gitignore")), "target\n/.frontier/\n/outbox/\n");

    let again = sandbox.run(&["init", "shop"]);
    assert_eq!(again.code, 0);
    assert_snapshot!(again.err, @r"
      kept frontier.yaml
      kept .frontier
      kept .gitignore
    It was a workspace already.
    ");

    let inside = sandbox.run(&["init", "shop/inner"]);
    assert!(inside.err.contains("inside the workspace [root]/work/shop;"), "{}", inside.err);
}

#[cfg(unix)]
#[test]
fn the_data_folder_is_private() {
    use std::os::unix::fs::PermissionsExt as _;

    let sandbox = Sandbox::workspace();
    let mode = fs::metadata(sandbox.path(".frontier")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn what_cannot_be_a_workspace_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "");
    let refused = |args: &[&str]| {
        let ended = sandbox.run(args);
        format!("{} {}", ended.code, ended.err)
    };
    assert_snapshot!(refused(&["init", "file"]), @r"
    5 error: file is a file; a workspace is a folder
      name a folder, or one to be made
    ");
    assert_snapshot!(refused(&["init", "file/below"]), @r"
    5 error: file/below is a file; a workspace is a folder
      name a folder, or one to be made
    ");
    assert_snapshot!(refused(&["list", "list", "--workspace", "nowhere"]), @r"
    3 error: there is no folder nowhere
      `frontier init nowhere` makes it a workspace
    ");
    assert_snapshot!(refused(&["list", "list", "--workspace", "."]), @r"
    3 error: . is no workspace: it has no frontier.yaml
      `frontier init .` makes it a workspace
    ");
}

#[test]
fn the_flag_comes_before_the_variable_before_the_folder_before_the_home() {
    let sandbox = Sandbox::new();
    let home = sandbox.run(&["config", "path"]);
    assert_eq!(home.out, "[root]/home/.local/share/frontier/frontier.yaml\n");
    assert_eq!(
        home.err,
        "There is no workspace here; made your own in [root]/home/.local/share/frontier.\n"
    );
    assert_eq!(sandbox.run(&["config", "path"]).err, "", "it is told once");

    for dir in ["flag", "variable", "around/deep/down"] {
        fs::create_dir_all(sandbox.path(dir)).unwrap();
    }
    for dir in ["flag", "variable", "around"] {
        sandbox.ok(&["init", dir]);
    }
    let found = |args: &[&str], variable: bool| {
        let mut command = sandbox.frontier(args);
        command.current_dir(sandbox.path("around/deep/down"));
        if variable {
            command.env("FRONTIER_WORKSPACE", sandbox.path("variable"));
        }
        sandbox.end(&mut command).out
    };
    let flag = ["config", "path", "--workspace", "../../../flag"];
    assert_eq!(found(&["config", "path"], false), "[root]/work/around/frontier.yaml\n");
    assert_eq!(found(&["config", "path"], true), "[root]/work/variable/frontier.yaml\n");
    assert_eq!(found(&flag, true), "../../../flag/frontier.yaml\n");
}
