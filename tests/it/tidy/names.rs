//! The same noun has the same file name on every floor.

use super::floors::AREAS;
use super::{File, Problem, assert_tidy, read, some, told};

/// The nouns that are not areas but have routes and commands of their own.
const NOUNS: &[&str] = &[
    "attributes",
    "brands",
    "channels",
    "config",
    "deliveries",
    "health",
    "limits",
    "lists",
    "messages",
    "reports",
    "runs",
    "schedules",
    "segments",
    "starters",
    "suppression_sets",
    "suppressions",
    "templates",
    "workspaces",
];

/// What a floor needs besides its nouns: folder, file names.
const FURNITURE: &[(&str, &[&str])] = &[
    (
        "src/api",
        &["mod", "envelope", "error", "extract", "imports", "openapi", "routing", "services"],
    ),
    ("src/client", &["mod", "error", "ndjson", "transport"]),
    (
        "src/cli",
        &[
            "mod",
            "api", // `frontier api METHOD PATH`
            "completions",
            "confirm",
            "demo",
            "doctor",
            "error",
            "exit",
            "host",
            "imports",
            "init",
            "jq",
            "man",
            "out", // the file of `--out`
            "output",
            "progress",
            "values",
            "reference",
            "worker",
        ],
    ),
    ("src/tui/screens", &["mod"]),
];

/// Files of an edge are named by a noun or are its furniture; folders of the core are areas.
fn files_are_named_by_area(files: &[File]) -> Vec<Problem> {
    let areas = || AREAS.iter().map(|(area, _)| *area);
    let mut problems = Vec::new();
    for file in files {
        for (folder, furniture) in FURNITURE {
            let Some(name) = first_name(&file.path, folder) else { continue };
            let known = areas().chain(NOUNS.iter().copied()).chain(furniture.iter().copied());
            if !known.into_iter().any(|known| known == name) {
                let rule = format!("`{name}` is no area and no noun of tests/it/tidy/names.rs");
                problems.push(Problem::new(&file.path, 1, rule));
            }
        }
        if let Some(name) = first_name(&file.path, "src/core")
            && !areas().chain(["kernel", "mod"]).any(|known| known == name)
        {
            problems.push(Problem::new(&file.path, 1, format!("`{name}` is no area of the core")));
        }
    }
    problems
}

/// The name of the file or folder right below `folder` that `path` lies in.
fn first_name<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let below = path.strip_prefix(folder)?.strip_prefix('/')?;
    below.split('/').next().map(|name| name.trim_end_matches(".rs"))
}

#[test]
fn every_file_is_named_by_its_area() {
    assert_tidy(&files_are_named_by_area(&read("src", ".rs")));
}

#[test]
fn a_file_named_by_nothing_known_is_told() {
    let files = some(&[
        ("src/api/lists.rs", ""),
        ("src/api/campaigns/preview.rs", ""),
        ("src/api/helpers.rs", ""),
        ("src/client/list.rs", ""),
        ("src/cli/output.rs", ""),
        ("src/cli/utils/text.rs", ""),
        ("src/tui/screens/misc.rs", ""),
        ("src/core/contacts/model.rs", ""),
        ("src/core/common/mod.rs", ""),
    ]);
    let expected = "\
src/api/helpers.rs:1: `helpers` is no area and no noun of tests/it/tidy/names.rs
src/client/list.rs:1: `list` is no area and no noun of tests/it/tidy/names.rs
src/cli/utils/text.rs:1: `utils` is no area and no noun of tests/it/tidy/names.rs
src/tui/screens/misc.rs:1: `misc` is no area and no noun of tests/it/tidy/names.rs
src/core/common/mod.rs:1: `common` is no area of the core
";
    assert_eq!(told(&files_are_named_by_area(&files)), expected);
}
