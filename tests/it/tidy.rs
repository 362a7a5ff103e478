//! The rules of the house, kept by reading the sources.
//!
//! A check is a function from files to problems, so that each is shown to fail on a small bad
//! input next to the real tree, which must have none.

mod files;
mod floors;
mod names;
mod scan;

use std::fmt;
use std::fs;
use std::path::Path;

/// A text of the repository. The path is relative to its root, with `/` between the parts.
struct File {
    path: String,
    text: String,
}

/// A place that breaks a rule, and the rule.
#[derive(Debug)]
struct Problem {
    path: String,
    line: usize,
    rule: String,
}

impl Problem {
    fn new(path: &str, line: usize, rule: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule: rule.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

/// All files below `folder` of the repository whose name ends in `ending`, by path.
fn read(folder: &str, ending: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry of the folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let text = fs::read_to_string(&path).expect("a text in UTF-8");
                let path = path.strip_prefix(root).expect("below the root");
                let path = path.to_string_lossy().replace('\\', "/");
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Small files for a check to judge.
fn some(files: &[(&str, &str)]) -> Vec<File> {
    files
        .iter()
        .map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() })
        .collect()
}

/// The problems, one a line.
fn told(problems: &[Problem]) -> String {
    problems.iter().fold(String::new(), |told, problem| told + &problem.to_string() + "\n")
}

#[track_caller]
fn assert_tidy(problems: &[Problem]) {
    assert!(problems.is_empty(), "\n{}", told(problems));
}
