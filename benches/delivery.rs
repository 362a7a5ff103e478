//! How fast a campaign leaves: the real program sends a personalised mail of two parts and three
//! links to many contacts through SMTP, with its ledger on SQLite and on PostgreSQL, beside Postfix's
//! load generator with as many mails of the same size.
//!
//! All send to a fresh `smtp-sink` on loopback. A count that does not agree (the sink's, the
//! ledger's, the report's) makes the bench fail: a fast loss is no result. With `--flat` it asks
//! instead what the number of contacts costs: 10,000 of them beside as many as are asked for.
//! `docs/benchmarks.md` says what the comparison means.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it measured")]

#[path = "support/frontier.rs"]
mod frontier;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/process.rs"]
mod process;
#[path = "support/sink.rs"]
mod sink;
#[path = "support/source.rs"]
mod source;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use chrono::DateTime;
use serde_json::Value;

use frontier::{Outcome, Workspace};
use postgres::{Database, SERVER};
use process::Spent;
use sink::Sink;

const CONTACTS: usize = 100_000;
/// What many contacts are compared with.
const FEW: usize = 10_000;
/// How many mails are rendered to learn their size.
const SAMPLES: usize = 20;
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/spring-launch");
const CAMPAIGN: &str = "spring-launch";

fn main() -> ExitCode {
    let flat = std::env::args().any(|argument| argument == "--flat");
    let done =
        contacts().and_then(|contacts| if flat { cost(contacts) } else { measure(contacts) });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("delivery: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many contacts: the first argument that is no flag (Cargo adds `--bench`).
fn contacts() -> Outcome<usize> {
    match std::env::args().skip(1).find(|argument| !argument.starts_with('-')) {
        None => Ok(CONTACTS),
        Some(wish) => match wish.parse() {
            Ok(contacts) if contacts > 0 => Ok(contacts),
            _ => Err(format!("`{wish}` is no number of contacts; give one, such as 20000").into()),
        },
    }
}

/// What one campaign took.
struct Sent {
    contacts: usize,
    /// Of whole mails on average.
    bytes: usize,
    /// From the run's start to its end.
    seconds: f64,
    spent: Spent,
}

impl Sent {
    fn rate(&self) -> f64 {
        self.contacts as f64 / self.seconds
    }

    fn peak_mib(&self) -> f64 {
        self.spent.peak_kib as f64 / 1024.0
    }

    fn print(&self) {
        let spent = &self.spent;
        println!("  mails/s       {:>10.0}   {:.2} s for the run", self.rate(), self.seconds);
        println!("  bytes a mail  {:>10}", self.bytes);
        println!("  whole command {:>10.2} s", spent.elapsed.as_secs_f64());
        println!("  processor     {:>10.2} s", spent.cpu.as_secs_f64());
        println!("  peak memory   {:>10.1} MiB resident", self.peak_mib());
    }
}

fn measure(contacts: usize) -> Outcome<()> {
    source::check()?; // before the long part
    println!("{contacts} contacts\n\nfrontier campaign start, SQLite");
    let sqlite = campaign(contacts, None)?;
    sqlite.print();
    let mut ours = vec![("SQLite", sqlite.rate())];
    match std::env::var(SERVER) {
        Ok(server) => {
            let database = Database::new(&server)?;
            println!("\nfrontier campaign start, PostgreSQL");
            let postgres = campaign(contacts, Some(&database.url))?;
            postgres.print();
            ours.push(("PostgreSQL", postgres.rate()));
        }
        Err(_) => println!("\nPostgreSQL is left out: {SERVER} names no server"),
    }

    println!("\nsmtp-source, mails/s\n  {:<10}{:>14}{:>14}", "sessions", "a session", "a session");
    println!("  {:<10}{:>14}{:>14}", "", "per mail", "kept (-d)");
    let mut best = (0.0_f64, 0.0_f64);
    for sessions in [2, 4, 8, 16] {
        let fresh = source::rate(contacts, sqlite.bytes, sessions, source::Session::PerMail)?;
        let kept = source::rate(contacts, sqlite.bytes, sessions, source::Session::Kept)?;
        println!("  {sessions:<10}{fresh:>14.0}{kept:>14.0}");
        best = (best.0.max(fresh), best.1.max(kept));
    }
    println!("\nfrontier / best smtp-source{:>12}{:>12}", "per mail", "kept (-d)");
    for (what, rate) in ours {
        println!("  {what:<25}{:>12.2}{:>12.2}", rate / best.0, rate / best.1);
    }
    Ok(())
}

/// What a contact costs among many, and what they cost in memory.
fn cost(contacts: usize) -> Outcome<()> {
    println!("SQLite\n  {:<12}{:>14}{:>14}", "contacts", "us a contact", "peak, MiB");
    let [few, many] = [FEW, contacts].map(|contacts| {
        let sent = campaign(contacts, None)?;
        let each = sent.seconds * 1e6 / contacts as f64;
        println!("  {contacts:<12}{each:>14.1}{:>14.1}", sent.peak_mib());
        Outcome::Ok((each, sent.peak_mib()))
    });
    let ((few, few_mib), (many, many_mib)) = (few?, many?);
    println!("  {:<12}{:>14.2}{:>14.2}", "ratio", many / few, many_mib / few_mib);
    Ok(())
}

/// Sends the campaign to so many contacts; an error when a count does not agree.
fn campaign(contacts: usize, database: Option<&str>) -> Outcome<Sent> {
    let sink = Sink::start()?;
    let workspace = set_up(contacts, sink.port, database)?;
    let bytes = average_size(&workspace, contacts)?;
    let spent = process::watch(workspace.command(&["campaign", "start", CAMPAIGN, "--quiet"]))?;
    let seconds = run_seconds(&workspace)?;
    agree(&workspace, &sink, contacts)?;
    Ok(Sent { contacts, bytes, seconds, spent })
}

/// The example's campaign through SMTP, with contacts of our own.
fn set_up(contacts: usize, port: u16, database: Option<&str>) -> Outcome<Workspace> {
    let workspace = Workspace::new(database)?;
    let example = Path::new(EXAMPLE);
    let manifest = fs::read_to_string(example.join("campaign.yaml"))?;
    let smtp = format!("kind: smtp\n  smtp: {{ host: 127.0.0.1, port: {port}, tls: none }}");
    let through_smtp = manifest.replacen("kind: outbox", &smtp, 1);
    if through_smtp == manifest {
        return Err("the example has no `kind: outbox` any more; follow it in the bench".into());
    }
    fs::write(workspace.folder().join("campaign.yaml"), through_smtp)?;
    fs::create_dir(workspace.folder().join("templates"))?;
    for template in ["templates/layout.mjml", "templates/spring.mjml"] {
        fs::copy(example.join(template), workspace.folder().join(template))?;
    }
    let mut csv = "Correo;Nombre;Idioma;Ciudad;Plan\n".to_owned();
    for at in 0..contacts {
        let (language, city) = [("es", "Logroño"), ("en", "Manchester")][at % 2];
        let plan = ["Semilla", "Semilla", "Bosque"][at % 3];
        writeln!(csv, "{};Reader {at};{language};{city};{plan}", address(at))?;
    }
    fs::write(workspace.folder().join("contacts.csv"), csv)?;
    workspace.run(&["apply", "-f", "campaign.yaml", "--yes"])?;
    let import = "contact import contacts.csv --list spring-customers --map email=Correo \
                  --map name=Nombre --map language=Idioma";
    workspace.run(&import.split_whitespace().collect::<Vec<_>>())?;
    Ok(workspace)
}

fn address(at: usize) -> String {
    let host = ["example.com", "example.net", "example.org"][at % 3];
    format!("reader{at:07}@{host}")
}

/// Of whole mails as they travel, in bytes.
fn average_size(workspace: &Workspace, contacts: usize) -> Outcome<usize> {
    let samples = SAMPLES.min(contacts);
    let mut bytes = 0;
    for at in 0..samples {
        let preview = ["campaign", "preview", CAMPAIGN, "--contact", &address(at), "--eml"];
        bytes += workspace.run(&preview)?.len();
    }
    Ok(bytes / samples)
}

/// From the run's start to its end, as the program keeps them.
fn run_seconds(workspace: &Workspace) -> Outcome<f64> {
    let status: Value =
        serde_json::from_str(&workspace.run(&["campaign", "status", CAMPAIGN, "-o", "json"])?)?;
    let time = |field: &str| {
        let text = status["run"][field].as_str().ok_or(format!("the run has no {field}"))?;
        Outcome::Ok(DateTime::parse_from_rfc3339(text)?)
    };
    let took = (time("finished_at")? - time("started_at")?).to_std()?;
    Ok(took.as_secs_f64())
}

/// An error when the three counts are not all the number of contacts.
fn agree(workspace: &Workspace, sink: &Sink, contacts: usize) -> Outcome<()> {
    let status = ["campaign", "status", CAMPAIGN, "-o", "json"];
    let status: Value = serde_json::from_str(&workspace.run(&status)?)?;
    let ledger = status["deliveries"]["accepted"].as_u64().ok_or("the status has no counts")?;
    let report = workspace.run(&["report", "create", CAMPAIGN, "--format", "json"])?;
    let report: Value = serde_json::from_str(&report)?;
    let report = report["totals"]["accepted"].as_u64().ok_or("the report has no totals")?;
    let counts = [sink.taken()?, usize::try_from(ledger)?, usize::try_from(report)?];
    let [sink, ledger, report] = counts;
    if counts.iter().all(|count| *count == contacts) {
        return Ok(());
    }
    Err(format!(
        "of {contacts} mails, {sink} were taken by the sink, {ledger} are accepted in the ledger \
         and {report} in the report"
    )
    .into())
}
