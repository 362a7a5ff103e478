//! How fast contacts come in: `frontier contact import` of a CSV file into an empty workspace, and
//! again where nothing changes, beside `sqlite3`'s `.import` of the same file, and on PostgreSQL
//! beside `psql`'s `\copy`.
//!
//! Every round measures each of them once, on fresh stores, and the least time of each counts.
//! A store that does not hold all contacts afterwards makes the bench fail. `docs/benchmarks.md`
//! says what the comparison means.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it measured")]

#[path = "support/frontier.rs"]
mod frontier;
#[path = "support/people.rs"]
mod people;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/process.rs"]
mod process;

use std::fs;
use std::process::{Command, ExitCode};
use std::time::Duration;

use tempfile::TempDir;

use frontier::{Outcome, Workspace};
use postgres::{Database, SERVER, finish, psql};
use process::Spent;

const CONTACTS: usize = 200_000;
const ROUNDS: usize = 3;
/// Part of the file that is imported too, to see that memory does not grow with it.
const PART: usize = 10;
const COLUMNS: &str = "email TEXT, name TEXT, language TEXT, city TEXT, plan TEXT, age TEXT";

fn main() -> ExitCode {
    match numbers().and_then(|(contacts, rounds)| measure(contacts, rounds)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("import: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many contacts and rounds: the arguments that are no flags (Cargo adds `--bench`).
fn numbers() -> Outcome<(usize, usize)> {
    let mut numbers = Vec::new();
    for wish in std::env::args().skip(1).filter(|argument| !argument.starts_with('-')) {
        match wish.parse() {
            Ok(number) if number > 0 => numbers.push(number),
            _ => return Err(format!("`{wish}` is no number; give contacts and rounds").into()),
        }
    }
    Ok((numbers.first().copied().unwrap_or(CONTACTS), numbers.get(1).copied().unwrap_or(ROUNDS)))
}

fn measure(contacts: usize, rounds: usize) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let (whole, part) = (folder.path().join("people.csv"), folder.path().join("part.csv"));
    people::write(&whole, contacts)?;
    people::write(&part, contacts.div_ceil(PART))?;
    let bytes = fs::metadata(&whole)?.len() as f64 / (1024.0 * 1024.0);
    println!("{contacts} contacts, a file of {bytes:.0} MiB, the best of {rounds} rounds\n");
    let files = Files { folder, contacts };
    on_sqlite(&files, rounds)?;
    let Ok(server) = std::env::var(SERVER) else {
        println!("\nPostgreSQL is left out: {SERVER} names no server");
        return Ok(());
    };
    on_postgres(&files, &server, rounds)
}

/// The files to import, and how many contacts the whole one holds.
struct Files {
    folder: TempDir,
    contacts: usize,
}

/// The best of some rounds.
#[derive(Default)]
struct Best(Option<Spent>);

impl Best {
    fn take(&mut self, spent: Spent) {
        if self.0.as_ref().is_none_or(|best| spent.elapsed < best.elapsed) {
            self.0 = Some(spent);
        }
    }

    fn elapsed(&self) -> Duration {
        self.0.as_ref().map_or(Duration::MAX, |best| best.elapsed)
    }

    fn print(&self, what: &str, rows: usize) {
        let Some(Spent { elapsed, cpu, peak_kib }) = &self.0 else { return };
        println!(
            "{what:<42}{:>8.2} s{:>10.0} rows/s{:>8.2} s cpu{:>8.1} MiB",
            elapsed.as_secs_f64(),
            rows as f64 / elapsed.as_secs_f64(),
            cpu.as_secs_f64(),
            *peak_kib as f64 / 1024.0
        );
    }
}

impl Files {
    fn whole(&self) -> String {
        self.path("people.csv")
    }

    fn part(&self) -> String {
        self.path("part.csv")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

fn on_sqlite(files: &Files, rounds: usize) -> Outcome<()> {
    let [mut part, mut first, mut again] = [Best::default(), Best::default(), Best::default()];
    let [mut plain, mut unique, mut indexed] = [Best::default(), Best::default(), Best::default()];
    for _ in 0..rounds {
        let workspace = Workspace::new(None)?;
        part.take(import(&workspace, &files.part())?);
        drop(workspace);
        plain.take(sqlite3(files, "")?);
        let workspace = Workspace::new(None)?;
        first.take(import(&workspace, &files.whole())?);
        count(&workspace, files.contacts, None)?;
        again.take(import(&workspace, &files.whole())?);
        count(&workspace, files.contacts, None)?;
        drop(workspace);
        unique.take(sqlite3(files, "CREATE UNIQUE INDEX people_email ON people (email);")?);
        indexed.take(sqlite3(
            files,
            "CREATE UNIQUE INDEX people_email ON people (email);
             CREATE INDEX people_name ON people (name);",
        )?);
    }
    println!("SQLite");
    part.print(&format!("frontier contact import, 1/{PART}"), files.contacts.div_ceil(PART));
    first.print("frontier contact import", files.contacts);
    again.print("frontier contact import, again", files.contacts);
    plain.print("sqlite3 .import, a plain table", files.contacts);
    unique.print("sqlite3 .import, unique by address", files.contacts);
    indexed.print("sqlite3 .import, and an index of names", files.contacts);
    println!("of the speed of .import");
    ratios(
        &first,
        &[
            ("a plain table", &plain),
            ("unique by address", &unique),
            ("and an index of names", &indexed),
        ],
    );
    Ok(())
}

fn ratios(ours: &Best, theirs: &[(&str, &Best)]) {
    for (what, best) in theirs {
        let ratio = best.elapsed().as_secs_f64() / ours.elapsed().as_secs_f64();
        println!("  {what:<40}{ratio:>8.2}");
    }
}

fn import(workspace: &Workspace, file: &str) -> Outcome<Spent> {
    process::watch(workspace.command(&["contact", "import", file, "--quiet"]))
}

/// An error when the workspace does not hold `contacts`.
fn count(workspace: &Workspace, contacts: usize, database: Option<&str>) -> Outcome<()> {
    const COUNT: &str = "SELECT COUNT(*) FROM contacts";
    let command = database.map_or_else(
        || {
            let mut command = Command::new("sqlite3");
            command.arg(workspace.folder().join(".frontier/frontier.db")).arg(COUNT);
            command
        },
        |url| psql(url, COUNT),
    );
    agree(&finish(command)?, contacts)
}

/// `.import` into a fresh file, into a table with `indexes`.
fn sqlite3(files: &Files, indexes: &str) -> Outcome<Spent> {
    let database = tempfile::tempdir()?;
    let file = database.path().join("people.db");
    let run = |arguments: &[&str]| {
        let mut command = Command::new("sqlite3");
        command.arg(&file).args(arguments);
        command
    };
    let set_up = format!("CREATE TABLE people ({COLUMNS}); {indexes}");
    finish(run(&[&set_up]))?;
    let import = format!(".import --csv --skip 1 {} people", files.whole());
    let spent = process::watch(run(&[&import]))?;
    let found = finish(run(&["SELECT COUNT(*) FROM people"]))?;
    agree(&found, files.contacts)?;
    Ok(spent)
}

fn agree(found: &str, contacts: usize) -> Outcome<()> {
    if found.trim() == contacts.to_string() {
        return Ok(());
    }
    Err(format!("there are {} rows, not {contacts}", found.trim()).into())
}

fn on_postgres(files: &Files, server: &str, rounds: usize) -> Outcome<()> {
    let [mut part, mut first, mut again] = [Best::default(), Best::default(), Best::default()];
    let [mut plain, mut unique, mut indexed] = [Best::default(), Best::default(), Best::default()];
    for _ in 0..rounds {
        let database = Database::new(server)?;
        let workspace = Workspace::new(Some(&database.url))?;
        part.take(import(&workspace, &files.part())?);
        drop(database);
        plain.take(copy(files, server, "")?);
        let database = Database::new(server)?;
        let workspace = Workspace::new(Some(&database.url))?;
        first.take(import(&workspace, &files.whole())?);
        count(&workspace, files.contacts, Some(&database.url))?;
        again.take(import(&workspace, &files.whole())?);
        count(&workspace, files.contacts, Some(&database.url))?;
        drop(database);
        unique.take(copy(files, server, "CREATE UNIQUE INDEX people_email ON people (email);")?);
        indexed.take(copy(
            files,
            server,
            "ALTER TABLE people ADD COLUMN id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
             CREATE UNIQUE INDEX people_email ON people (email);
             CREATE INDEX people_name ON people (name);",
        )?);
    }
    println!("\nPostgreSQL");
    part.print(&format!("frontier contact import, 1/{PART}"), files.contacts.div_ceil(PART));
    first.print("frontier contact import", files.contacts);
    again.print("frontier contact import, again", files.contacts);
    plain.print("psql \\copy, a plain table", files.contacts);
    unique.print("psql \\copy, unique by address", files.contacts);
    indexed.print("psql \\copy, with the same indexes", files.contacts);
    println!("of the speed of \\copy");
    ratios(
        &first,
        &[
            ("a plain table", &plain),
            ("unique by address", &unique),
            ("with the same indexes", &indexed),
        ],
    );
    Ok(())
}

/// `\copy` into a fresh database, into a table with `indexes`.
fn copy(files: &Files, server: &str, indexes: &str) -> Outcome<Spent> {
    let database = Database::new(server)?;
    finish(psql(&database.url, &format!("CREATE TABLE people ({COLUMNS}); {indexes}")))?;
    let columns = COLUMNS.replace(" TEXT", "");
    let file = files.whole();
    let copy = format!("\\copy people ({columns}) FROM '{file}' WITH (FORMAT csv, HEADER)");
    let spent = process::watch(psql(&database.url, &copy))?;
    agree(&finish(psql(&database.url, "SELECT COUNT(*) FROM people"))?, files.contacts)?;
    Ok(spent)
}
