//! The real binary, as a shell sees it: each test in a home of its own.

mod api;
mod bookshop;
mod brands;
mod config;
mod contacts;
mod deliveries;
mod doctor;
mod fields;
mod flow;
mod imports;
mod manifests;
mod output;
mod people;
mod pipelines;
mod reports;
mod schedules;
mod schema;
mod shell;
mod signing;
mod starters;
mod suppressions;
mod validate;
mod variables;
mod workspace;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A home folder and a folder for a workspace, and nothing else of the machine's.
pub(crate) struct Sandbox {
    root: TempDir,
}

/// How a command ended, as text.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Sandbox {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for dir in ["home", "work"] {
            fs::create_dir(root.path().join(dir)).unwrap();
        }
        Self { root }
    }

    /// One whose folder is a workspace.
    pub(crate) fn workspace() -> Self {
        let sandbox = Self::new();
        sandbox.ok(&["init"]);
        sandbox
    }

    /// A path in the folder commands run in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The command `frontier`, in a clean environment.
    pub(crate) fn frontier(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontier"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.root.path().join("home"))
            .current_dir(self.root.path().join("work"));
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.end(&mut self.frontier(args))
    }

    /// Runs a command that was shaped further; temporary paths read `[root]`.
    pub(crate) fn end(&self, command: &mut Command) -> Ended {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let root = self.root.path().canonicalize().unwrap();
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes).unwrap().replace(root.to_str().unwrap(), "[root]")
        };
        Ended { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
    }

    /// Runs what must succeed; gives its data.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, 0, "{args:?}: {}", ended.err);
        ended.out
    }

    /// Makes the store's file one that no engine opens.
    pub(crate) fn damage_the_store(&self) {
        for file in ["frontier.db-wal", "frontier.db-shm"] {
            let _ = fs::remove_file(self.path(".frontier").join(file));
        }
        fs::write(self.path(".frontier/frontier.db"), "no database".repeat(1000)).unwrap();
    }

    pub(crate) fn read(&self, path: &Path) -> String {
        fs::read_to_string(self.root.path().join(path)).unwrap()
    }
}
