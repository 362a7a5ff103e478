//! `examples/bookshop`: the workspace of a small company, as its README uses it.

use std::path::Path;

use super::Sandbox;

/// The command line with the folder of the example in the place of `SHOP`.
fn shop(sandbox: &Sandbox, args: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bookshop");
    let args: Vec<String> =
        args.iter().map(|arg| arg.replace("SHOP", folder.to_str().unwrap())).collect();
    sandbox.ok(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn what_is_exported_changes_nothing_anywhere() {
    let sandbox = Sandbox::workspace();
    shop(&sandbox, &["validate", "-f", "SHOP"]);
    let plan =
        sandbox.run(&["plan", "-f", &format!("{}/examples/bookshop", env!("CARGO_MANIFEST_DIR"))]);
    assert_eq!(plan.code, 2, "there are changes: {}", plan.err);
    shop(&sandbox, &["apply", "-f", "SHOP", "--yes"]);
    sandbox.ok(&["export", "-d", "first"]);

    let other = Sandbox::workspace();
    let first = sandbox.path("first");
    let first = first.to_str().unwrap();
    other.ok(&["apply", "-f", first, "--yes"]);
    shop(&other, &["plan", "-f", "SHOP"]);
    other.ok(&["plan", "-f", first]);
    other.ok(&["export", "-d", "second"]);
    let (first, second) = (sandbox.path("first"), other.path("second"));
    let files = |folder: &Path| {
        let mut files: Vec<_> = walk(folder)
            .into_iter()
            .map(|path| {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                (name, std::fs::read(&path).unwrap())
            })
            .collect();
        files.sort();
        files
    };
    assert!(files(&first).len() > 4, "bodies are files of their own");
    assert_eq!(files(&first), files(&second), "to the byte");
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn its_segments_hold_its_readers() {
    let sandbox = Sandbox::workspace();
    sandbox.ok(&["attribute", "create", "books", "--type", "number"]);
    shop(&sandbox, &["contact", "import", "SHOP/contacts.csv", "--list", "newsletter"]);
    shop(&sandbox, &["apply", "-f", "SHOP", "--yes"]);
    let count = |args: &[&str]| -> u64 { sandbox.ok(args).trim().parse().unwrap() };
    let segment = |name: &str| count(&["segment", "count", name]);
    assert_eq!(count(&["segment", "count", "--where", "name is not null"]), 60);
    assert_eq!(segment("letter-es") + segment("letter-en"), 60);
    assert!(segment("spanish-readers") > 20);
    let walkers = "attributes.city in ('Cádiz', 'San Fernando', 'Chiclana')";
    assert_eq!(segment("neighbours"), count(&["segment", "count", "--where", walkers]));
    assert_eq!(segment("patrons"), 0, "nobody is on the club's list yet");
    let sample = sandbox.ok(&["segment", "sample", "letter-en", "--limit", "3", "-o", "json"]);
    let sample: serde_json::Value = serde_json::from_str(&sample).unwrap();
    assert_eq!(sample.as_array().map_or(0, Vec::len), 3);
    let explained = sandbox.ok(&["segment", "show", "neighbours-es", "--explain"]);
    assert!(explained.contains("SELECT COUNT(*)") && explained.contains("'Cádiz'"), "{explained}");
    let wrong = sandbox.run(&["segment", "count", "--where", "attributes.books >= 'many'"]);
    assert_eq!(wrong.code, 5, "{}", wrong.err);
    assert!(wrong.err.contains("^^^^^^ write a number without quotes"), "{}", wrong.err);

    sandbox.ok(&["campaign", "start", "monthly-letter"]);
    let sent = sandbox.ok(&["campaign", "status", "monthly-letter", "-o", "json"]);
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["run"]["recipients"], segment("letter-en"));
    assert_eq!(segment("quiet"), segment("letter-en"), "who got one has opened none");
}
