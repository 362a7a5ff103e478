//! A database of PostgreSQL for a bench, and `psql` to look into it.

use std::path::Path;
use std::process::Command;

use super::Outcome;

/// A server to measure PostgreSQL on, as the tests name it.
pub(crate) const SERVER: &str = "FRONTIER_TEST_POSTGRES_URL";

/// A database of its own, gone when it is dropped.
pub(crate) struct Database {
    server: String,
    name: String,
    pub(crate) url: String,
}

impl Database {
    pub(crate) fn new(server: &str) -> Outcome<Self> {
        let (host, _) = server.rsplit_once('/').ok_or("the server's URL names no database")?;
        let folder = tempfile::tempdir()?; // its name is nobody else's
        let unique = folder.path().file_name().map(Path::new).map(Path::display);
        let unique = unique.map(|name| name.to_string()).unwrap_or_default();
        let name = format!("bench_{}", unique.trim_start_matches(".tmp").to_ascii_lowercase());
        finish(psql(server, &format!("CREATE DATABASE {name}")))?;
        Ok(Self { server: server.to_owned(), url: format!("{host}/{name}"), name })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = finish(psql(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)));
    }
}

/// `psql` that runs one text and prints the bare values.
pub(crate) fn psql(url: &str, text: &str) -> Command {
    let mut command = Command::new("psql");
    command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
    command.args(["--set", "ON_ERROR_STOP=1", "--dbname", url, "--command", text]);
    command
}

/// Runs a program to its end; gives what it printed.
pub(crate) fn finish(mut command: Command) -> Outcome<String> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}
