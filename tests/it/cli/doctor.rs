//! `doctor`: what works and what does not.

use std::fs;

use super::Sandbox;

/// The status of one check.
fn status(sandbox: &Sandbox, check: &str) -> String {
    let filter = format!(".checks[] | select(.name == \"{check}\") | .status");
    sandbox.run(&["doctor", "--jq", &filter]).out.trim().to_owned()
}

#[test]
fn a_new_workspace_works_with_warnings() {
    let sandbox = Sandbox::workspace();
    let ended = sandbox.run(&["doctor"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, "It works, with 2 warnings.\n"));
    for line in ["✓ store ", "! sender ", "! unsubscribe ", "✓ data folder "] {
        assert!(ended.out.contains(line), "{line}: {}", ended.out);
    }
    sandbox.ok(&["config", "set", "sender.email", "ana@spring.example"]);
    sandbox.ok(&["config", "set", "unsubscribe.url", "https://spring.example/leave"]);
    assert_eq!(sandbox.run(&["doctor"]).err, "All is well.\n");
}

#[test]
fn a_damaged_store_is_named_and_the_rest_is_looked_at() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["list", "list"]);
    sandbox.damage_the_store();
    let ended = sandbox.run(&["doctor"]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("✗ store "), "{}", ended.out);
    assert!(ended.err.starts_with("error: 1 failure and 2 warnings\n"), "{}", ended.err);
    assert_eq!(sandbox.run(&["doctor", "--jq", ".healthy"]).out, "false\n");
}

#[test]
fn what_is_around_the_store_is_looked_at() {
    let sandbox = Sandbox::workspace();
    fs::create_dir(sandbox.path(".frontier/kv.damaged-1700000000000")).unwrap();
    assert_eq!(status(&sandbox, "working data"), "warning");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(sandbox.path(".frontier"), open).unwrap();
        assert_eq!(status(&sandbox, "data folder"), "warning");
    }

    sandbox.write("frontier.yaml", "sender: [\n");
    assert_eq!(status(&sandbox, "configuration"), "failed");
    assert_eq!(status(&sandbox, "free space"), "ok");
    assert_eq!(sandbox.run(&["doctor"]).code, 1);
}
