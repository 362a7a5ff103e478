//! Imports go down only.

use super::scan::{Kind, Token, declared_modules, references, tokens};
use super::{File, Problem, assert_tidy, read, some, told};

/// The areas of the core in the order they stand on each other, and for each the areas it sees.
/// An area sees only those above it in this list. A new edge is a decision: add it here.
pub(super) const AREAS: &[(&str, &[&str])] = &[
    ("events", &[]),
    ("accounts", &["events"]),
    ("audit", &["events", "accounts"]),
    ("contacts", &["events"]),
    ("content", &["events"]),
    ("images", &[]),
    ("ai", &["content", "events"]),
    ("publishing", &["contacts", "content", "events"]),
    ("campaigns", &["contacts", "content", "events", "publishing"]),
    ("experiments", &["campaigns"]),
    ("analytics", &["campaigns", "events", "publishing"]),
    ("journeys", &["campaigns", "contacts", "events", "publishing"]),
    ("notifications", &["events"]),
    (
        "manifests",
        &["analytics", "campaigns", "contacts", "content", "events", "journeys", "publishing"],
    ),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Floor<'a> {
    Kernel,
    Storage,
    Area(&'a str),
    Adapters,
    Api,
    Client,
    Cli,
    Tui,
    App,
    /// `src/bin`, which stands outside the library.
    Bin,
    /// `src/lib.rs` and `src/core/mod.rs`, which only declare.
    Root,
}

impl<'a> Floor<'a> {
    /// The floor that a module or an item of the library is on.
    fn of(path: &[&'a str]) -> Option<Self> {
        match path {
            [] | ["core"] => Some(Self::Root),
            ["core", "kernel", ..] => Some(Self::Kernel),
            ["core", area, ..] => Some(Self::Area(area)),
            ["storage", ..] => Some(Self::Storage),
            ["adapters", ..] => Some(Self::Adapters),
            ["api", ..] => Some(Self::Api),
            ["client", ..] => Some(Self::Client),
            ["cli", ..] => Some(Self::Cli),
            ["tui", ..] => Some(Self::Tui),
            ["app", ..] => Some(Self::App),
            _ => None,
        }
    }

    /// What it sees besides itself and the kernel, in words.
    fn rule(self) -> &'static str {
        match self {
            Self::Kernel => "the kernel sees nothing of ours",
            Self::Storage => "storage sees only the kernel",
            Self::Area(_) => {
                "an area sees the kernel, storage, and the areas listed for it in AREAS"
            }
            Self::Adapters => "adapters see only the core",
            Self::Api => "the api sees only the core, and of storage the error it translates",
            Self::Client => "the client sees only the bodies of the api",
            Self::Cli | Self::Tui => "a terminal sees only the client and the bodies of the api",
            Self::App => "the app sees every floor but the binary",
            Self::Bin => "the binary sees only app and cli",
            Self::Root => "it declares modules and nothing else",
        }
    }

    fn sees(self, other: Floor<'_>, path: &[&str]) -> bool {
        match (self, other) {
            (Self::Root, _) => false,
            (_, Floor::Kernel) => self != Self::Kernel,
            (Self::Area(area), Floor::Area(other)) => {
                AREAS.iter().any(|(name, seen)| *name == area && seen.contains(&other))
            }
            (Self::Api, Floor::Storage) => path == ["storage", "sql", "DbError"],
            (Self::Area(_), Floor::Storage)
            | (Self::Api | Self::Adapters, Floor::Area(_))
            | (Self::Client, Floor::Api)
            | (Self::Cli | Self::Tui, Floor::Client | Floor::Api)
            | (Self::Bin, Floor::App | Floor::Cli) => true,
            (Self::App, other) => !matches!(other, Floor::Bin | Floor::Root),
            _ => false,
        }
    }
}

/// The path of the module that a file under `src/` holds.
fn module_of(path: &str) -> Vec<&str> {
    let inner = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    let mut parts: Vec<&str> = inner.split('/').collect();
    if matches!(parts.last(), Some(&("mod" | "lib"))) {
        parts.pop();
    }
    parts
}

/// Every path that a file names lies on a floor that its own floor sees.
fn imports_go_down(files: &[File]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in files {
        let module = module_of(&file.path);
        let in_bin = module.first() == Some(&"bin");
        let from = if in_bin { Some(Floor::Bin) } else { Floor::of(&module) };
        let Some(from) = from else {
            problems.push(Problem::new(&file.path, 1, "no floor of the house has this name"));
            continue;
        };
        let root = if in_bin { "frontier" } else { "crate" };
        for reference in references(&tokens(&file.text), &module, root) {
            let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
            let named = format!("`{root}::{}`", path.join("::"));
            // A macro lives at the crate's root whatever its floor, and a module sees its own.
            let rule = match Floor::of(&path) {
                Some(Floor::Root | Floor::Area("*")) => {
                    Some("import the item, not the module above it".to_owned())
                }
                Some(to) if to != from && !from.sees(to, &path) => Some(from.rule().to_owned()),
                Some(Floor::Area(area)) if from != Floor::Area(area) => {
                    past_the_door(files, area, &path)
                }
                _ => None,
            };
            if let Some(rule) = rule {
                problems.push(Problem::new(&file.path, reference.line, format!("{named}: {rule}")));
            }
        }
    }
    problems
}

/// Why a path into another area is refused: it goes through one of the area's own modules.
fn past_the_door(files: &[File], area: &str, path: &[&str]) -> Option<String> {
    let inner = path.get(2)?;
    let door = format!("src/core/{area}/mod.rs");
    let is_module = files.iter().filter(|file| file.path == door).any(|file| {
        let tokens = tokens(&file.text);
        let opens = |line| opens(&tokens, line, inner);
        declared_modules(&tokens).iter().any(|(line, name)| name == &[*inner] && opens(*line))
    });
    let is_lower = inner.starts_with(char::is_lowercase);
    (is_module || is_lower && path.len() > 3)
        .then(|| format!("name what {door} exports, not its module `{inner}`"))
}

/// Whether the module `name` declared on `line` is seen outside: a private one is the compiler's.
fn opens(tokens: &[Token<'_>], line: usize, name: &str) -> bool {
    let words = |token: &&Token<'_>| token.line == line;
    let words: Vec<Kind<'_>> = tokens.iter().filter(words).map(|token| token.kind).collect();
    words.first() == Some(&Kind::Word("pub")) && words.contains(&Kind::Word(name))
}

/// Every area sees only areas listed before it, so no two see each other.
fn areas_stand_on_each_other(areas: &[(&str, &[&str])]) -> Vec<String> {
    let mut problems = Vec::new();
    for (at, (area, seen)) in areas.iter().enumerate() {
        for other in *seen {
            if !areas[..at].iter().any(|(name, _)| name == other) {
                problems.push(format!("{area} sees {other}, which is not listed before it"));
            }
        }
    }
    problems
}

#[test]
fn no_import_goes_up() {
    assert_tidy(&imports_go_down(&read("src", ".rs")));
}

#[test]
fn no_two_areas_see_each_other() {
    assert_eq!(areas_stand_on_each_other(AREAS), Vec::<String>::new());
    let circle: &[(&str, &[&str])] = &[("a", &["b"]), ("b", &["a"])];
    assert_eq!(areas_stand_on_each_other(circle), ["a sees b, which is not listed before it"]);
}

#[test]
fn an_import_that_goes_up_is_named() {
    let files = some(&[
        ("src/core/kernel/id.rs", "use crate::storage::sql::Db;"),
        ("src/storage/sql/mod.rs", "use crate::core::kernel::Id;\nuse crate::core::events::Event;"),
        ("src/storage/kv/mod.rs", "use super::super::app::Config;"),
        ("src/core/contacts/service.rs", "use crate::{core::kernel::Id, api::Services};"),
        ("src/adapters/publishers/smtp.rs", "use crate::storage::sql::Db;"),
        ("src/api/lists.rs", "use crate::storage::sql::{Db, DbError};"),
        ("src/client/lists.rs", "fn f(list: crate::core::contacts::List) {}"),
        ("src/cli/lists.rs", "use crate::core::kernel::Id;\nuse crate::core::contacts::List;"),
        ("src/tui/mod.rs", "use crate::api::ListBody;\nuse crate::storage::sql::Db;"),
        ("src/bin/frontier/main.rs", "use frontier::{app, cli};\nuse frontier::client::Client;"),
        ("src/lib.rs", "pub mod core;\npub use crate::core::contacts::List;"),
        ("src/core/audit/mod.rs", "use crate::core;\nuse crate::core::kernel;"),
        ("src/attic/mod.rs", ""),
    ]);
    let expected = "\
src/core/kernel/id.rs:1: `crate::storage::sql::Db`: the kernel sees nothing of ours
src/storage/sql/mod.rs:2: `crate::core::events::Event`: storage sees only the kernel
src/storage/kv/mod.rs:1: `crate::app::Config`: storage sees only the kernel
src/core/contacts/service.rs:1: `crate::api::Services`: an area sees the kernel, storage, and the areas listed for it in AREAS
src/adapters/publishers/smtp.rs:1: `crate::storage::sql::Db`: adapters see only the core
src/api/lists.rs:1: `crate::storage::sql::Db`: the api sees only the core, and of storage the error it translates
src/client/lists.rs:1: `crate::core::contacts::List`: the client sees only the bodies of the api
src/cli/lists.rs:2: `crate::core::contacts::List`: a terminal sees only the client and the bodies of the api
src/tui/mod.rs:2: `crate::storage::sql::Db`: a terminal sees only the client and the bodies of the api
src/bin/frontier/main.rs:2: `frontier::client::Client`: the binary sees only app and cli
src/lib.rs:2: `crate::core::contacts::List`: it declares modules and nothing else
src/core/audit/mod.rs:1: `crate::core`: import the item, not the module above it
src/attic/mod.rs:1: no floor of the house has this name
";
    assert_eq!(told(&imports_go_down(&files)), expected);
}

#[test]
fn an_area_is_entered_by_its_door_and_in_one_direction() {
    let files = some(&[
        ("src/core/contacts/mod.rs", "mod store;\npub mod import;\npub use store::count;"),
        ("src/core/contacts/service.rs", "use crate::core::contacts::store::insert;"),
        (
            "src/core/campaigns/service.rs",
            "use crate::core::contacts::{List, count, import};
             use super::super::contacts::store::insert;
             fn f() { crate::core::contacts::List::new() }
             use crate::core::analytics::Report;",
        ),
    ]);
    let expected = "\
src/core/campaigns/service.rs:1: `crate::core::contacts::import`: name what src/core/contacts/mod.rs exports, not its module `import`
src/core/campaigns/service.rs:2: `crate::core::contacts::store::insert`: name what src/core/contacts/mod.rs exports, not its module `store`
src/core/campaigns/service.rs:4: `crate::core::analytics::Report`: an area sees the kernel, storage, and the areas listed for it in AREAS
";
    assert_eq!(told(&imports_go_down(&files)), expected);
}
