//! How fast a campaign leaves: the real program sends a personalised mail of two parts to many
//! contacts through SMTP, beside Postfix's load generator with as many mails of the same size.
//!
//! Both send to a fresh `smtp-sink` on loopback. A count that does not agree (the sink's, the
//! ledger's, the report's) makes the bench fail: a fast loss is no result. `docs/benchmarks.md`
//! says what the comparison means.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it measured")]

#[path = "support/frontier.rs"]
mod frontier;
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
use sink::Sink;

const CONTACTS: usize = 20_000;
/// How many mails are rendered to learn their size.
const SAMPLES: usize = 20;
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/spring-launch");
const CAMPAIGN: &str = "spring-launch";

fn main() -> ExitCode {
    match contacts().and_then(measure) {
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

fn measure(contacts: usize) -> Outcome<()> {
    source::check()?; // before the long part
    let sink = Sink::start()?;
    let workspace = set_up(contacts, sink.port)?;
    let bytes = average_size(&workspace, contacts)?;
    println!("{contacts} contacts, mails of {bytes} bytes on average\n");

    let spent = process::watch(workspace.command(&["campaign", "start", CAMPAIGN, "--quiet"]))?;
    let seconds = run_seconds(&workspace)?;
    let ours = contacts as f64 / seconds;
    println!("frontier campaign start");
    println!("  mails/s       {ours:>10.0}   {seconds:.2} s from the run's start to its end");
    println!("  whole command {:>10.2} s", spent.elapsed.as_secs_f64());
    println!("  processor     {:>10.2} s", spent.cpu.as_secs_f64());
    println!("  peak memory   {:>10.1} MiB resident", spent.peak_kib as f64 / 1024.0);
    agree(&workspace, &sink, contacts)?;
    drop(sink);

    println!("\nsmtp-source, mails/s\n  {:<10}{:>14}{:>14}", "sessions", "a session", "a session");
    println!("  {:<10}{:>14}{:>14}", "", "per mail", "kept (-d)");
    let mut best = (0.0_f64, 0.0_f64);
    for sessions in [2, 4, 8, 16] {
        let fresh = source::rate(contacts, bytes, sessions, source::Session::PerMail)?;
        let kept = source::rate(contacts, bytes, sessions, source::Session::Kept)?;
        println!("  {sessions:<10}{fresh:>14.0}{kept:>14.0}");
        best = (best.0.max(fresh), best.1.max(kept));
    }
    println!("\nfrontier / best smtp-source");
    println!("  a session per mail  {:>6.2}", ours / best.0);
    println!("  sessions kept (-d)  {:>6.2}", ours / best.1);
    Ok(())
}

/// The example's campaign through SMTP, with contacts of our own.
fn set_up(contacts: usize, port: u16) -> Outcome<Workspace> {
    let workspace = Workspace::new()?;
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

/// Prints the three counts; an error when they are not all the number of contacts.
fn agree(workspace: &Workspace, sink: &Sink, contacts: usize) -> Outcome<()> {
    let limit = contacts.to_string();
    let rows = ["campaign", "deliveries", CAMPAIGN, "--state", "accepted", "--limit", &limit];
    let ledger = workspace.run(&[&rows[..], &["--jq", "length"]].concat())?.trim().parse()?;
    let report = workspace.run(&["report", "create", CAMPAIGN, "--format", "json"])?;
    let report: Value = serde_json::from_str(&report)?;
    let report = report["totals"]["accepted"].as_u64().ok_or("the report has no totals")?;
    let counts = [sink.taken()?, ledger, usize::try_from(report)?];
    let [sink, ledger, report] = counts;
    println!("  accepted      {sink} by the sink, {ledger} in the ledger, {report} in the report");
    if counts.iter().all(|count| *count == contacts) {
        return Ok(());
    }
    Err(format!("the counts should all be {contacts}").into())
}
