//! The program as a user runs it: a process of its own, in a workspace that ends with the bench.
//!
//! It sees a home folder of its own and none of the caller's `FRONTIER_` settings.

use std::error::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// What every step of a bench answers; an error says what to do next.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// A program to measure instead of the one Cargo built.
const BINARY: &str = "FRONTIER_BENCH_BINARY";

/// An empty workspace in a temporary folder.
pub(crate) struct Workspace {
    folder: TempDir,
    program: OsString,
    /// Where its store is, when that is not its own file.
    database: Option<String>,
}

impl Workspace {
    /// Its store is at `database`, a PostgreSQL URL, or in its own file.
    pub(crate) fn new(database: Option<&str>) -> Outcome<Self> {
        let program =
            std::env::var_os(BINARY).unwrap_or_else(|| env!("CARGO_BIN_EXE_frontier").into());
        let database = database.map(str::to_owned);
        let workspace = Self { folder: tempfile::tempdir()?, program, database };
        workspace.run(&["init"])?;
        Ok(workspace)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program that is measured, with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.other(&self.program, arguments)
    }

    /// Another program under the same conditions.
    pub(crate) fn other(
        &self,
        program: impl AsRef<std::ffi::OsStr>,
        arguments: &[&str],
    ) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder()).env_clear().env("HOME", self.folder());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.database.as_ref().map(|url| ("FRONTIER_DATABASE_URL", url)));
        command
    }

    /// Runs the program; gives what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome<String> {
        let output = self.command(arguments).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("frontier {}: {}", arguments.join(" "), said.trim()).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}
