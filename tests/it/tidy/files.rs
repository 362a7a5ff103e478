//! Rules about files: none forgotten, none mute, none too long, and the engines apart.

use super::scan::{Kind, declared_modules, tokens};
use super::{File, Problem, assert_tidy, read, some, told};

/// How often code outside `src/storage/` asks for the dialect: the two queues, to claim rows. It
/// goes up on purpose only.
const DIALECT_USES: usize = 39;

/// A file is discussed at 500 lines and split at 800.
const MOST_LINES: usize = 800;

const MIGRATIONS: &str = "src/storage/sql/migrations/";

/// Every test file is reached from `tests/it/main.rs` by `mod` declarations.
fn no_test_is_forgotten(files: &[File]) -> Vec<Problem> {
    let mut reached = vec!["tests/it/main.rs".to_owned()];
    let mut next = 0;
    while let Some(path) = reached.get(next).cloned() {
        next += 1;
        let Some(file) = files.iter().find(|file| file.path == path) else { continue };
        let folder = match path.rsplit_once('/') {
            Some((folder, "main.rs" | "mod.rs")) => folder,
            _ => path.trim_end_matches(".rs"),
        };
        for (_, module) in declared_modules(&tokens(&file.text)) {
            let inner = format!("{folder}/{}", module.join("/"));
            reached.extend([format!("{inner}.rs"), format!("{inner}/mod.rs")]);
        }
    }
    files
        .iter()
        .filter(|file| !reached.contains(&file.path))
        .map(|file| Problem::new(&file.path, 1, "no `mod` declares this file: it never runs"))
        .collect()
}

/// Where code outside the storage names the dialect.
fn uses_of_the_dialect(files: &[File]) -> Vec<Problem> {
    let mut uses = Vec::new();
    for file in files.iter().filter(|file| !file.path.starts_with("src/storage/")) {
        for token in tokens(&file.text) {
            if matches!(token.kind, Kind::Word("Dialect" | "dialect")) {
                uses.push(Problem::new(&file.path, token.line, "asks for the dialect"));
            }
        }
    }
    uses
}

/// Each migration exists for both engines under one name.
fn migrations_are_pairs(files: &[File]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in files {
        for (engine, other) in [("sqlite", "postgres"), ("postgres", "sqlite")] {
            let folder = format!("{MIGRATIONS}{engine}/");
            let Some(name) = file.path.strip_prefix(&folder) else { continue };
            let twin = format!("{MIGRATIONS}{other}/{name}");
            if !files.iter().any(|file| file.path == twin) {
                problems.push(Problem::new(&file.path, 1, format!("there is no {twin}")));
            }
        }
    }
    problems
}

/// A module says what it is for before anything else.
fn modules_say_what_they_are(files: &[File]) -> Vec<Problem> {
    files
        .iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| Problem::new(&file.path, 1, "starts with a `//!` line that says its rule"))
        .collect()
}

fn no_file_is_too_long(files: &[File]) -> Vec<Problem> {
    files
        .iter()
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(file, lines)| Problem::new(&file.path, lines, format!("over {MOST_LINES} lines")))
        .collect()
}

#[test]
fn every_test_file_runs() {
    assert_tidy(&no_test_is_forgotten(&read("tests/it", ".rs")));
}

#[test]
fn a_forgotten_test_file_is_told() {
    let files = some(&[
        ("tests/it/main.rs", "mod a;\nmod b { mod c; }\n// mod e;"),
        ("tests/it/a.rs", "mod d;"),
        ("tests/it/a/d.rs", ""),
        ("tests/it/b/c/mod.rs", ""),
        ("tests/it/e.rs", "mod f;"),
        ("tests/it/e/f.rs", ""),
    ]);
    let expected = "\
tests/it/e.rs:1: no `mod` declares this file: it never runs
tests/it/e/f.rs:1: no `mod` declares this file: it never runs
";
    assert_eq!(told(&no_test_is_forgotten(&files)), expected);
}

#[test]
fn the_engines_are_told_apart_in_storage_only() {
    let uses = uses_of_the_dialect(&read("src", ".rs"));
    let help = "if the number changed on purpose, change DIALECT_USES with it";
    assert_eq!(uses.len(), DIALECT_USES, "{help}\n{}", told(&uses));
}

#[test]
fn a_use_of_the_dialect_is_told() {
    let files = some(&[
        ("src/storage/sql/mod.rs", "enum Dialect {}"),
        ("src/core/events/store.rs", "// Dialect\nlet lock = tx.dialect().claim();"),
    ]);
    let expected = "src/core/events/store.rs:2: asks for the dialect\n";
    assert_eq!(told(&uses_of_the_dialect(&files)), expected);
}

#[test]
fn every_migration_has_its_twin() {
    let files = read("src/storage/sql/migrations", ".sql");
    assert!(!files.is_empty(), "the migrations moved; follow them here");
    assert_tidy(&migrations_are_pairs(&files));
}

#[test]
fn a_migration_without_its_twin_is_told() {
    let files = some(&[
        ("src/storage/sql/migrations/sqlite/0001_first.sql", ""),
        ("src/storage/sql/migrations/postgres/0001_first.sql", ""),
        ("src/storage/sql/migrations/postgres/0002_second.sql", ""),
    ]);
    let expected = "src/storage/sql/migrations/postgres/0002_second.sql:1: \
                    there is no src/storage/sql/migrations/sqlite/0002_second.sql\n";
    assert_eq!(told(&migrations_are_pairs(&files)), expected);
}

#[test]
fn every_module_says_what_it_is() {
    assert_tidy(&modules_say_what_they_are(&read("src", ".rs")));
    let mute = some(&[("src/api/lists.rs", "use a::b;\n//! Lists."), ("src/lib.rs", "//! All.")]);
    let problems = told(&modules_say_what_they_are(&mute));
    assert_eq!(problems, "src/api/lists.rs:1: starts with a `//!` line that says its rule\n");
}

#[test]
fn every_file_can_be_read_at_a_sitting() {
    assert_tidy(&no_file_is_too_long(&read("src", ".rs")));
    let long = some(&[
        ("src/lib.rs", &"//! All.\n".repeat(MOST_LINES)),
        ("src/app/mod.rs", &"//! All.\n".repeat(MOST_LINES + 1)),
    ]);
    assert_eq!(told(&no_file_is_too_long(&long)), "src/app/mod.rs:801: over 800 lines\n");
}
