//! How long a command takes that has nearly nothing to do: `frontier campaign list` beside
//! `sqlite3 FILE 'select 1'`, both as whole processes, from spawn to exit.
//!
//! The two take turns, and each goes first as often, so that a busy moment of the machine meets
//! both. `docs/benchmarks.md` says how to read it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it measured")]

#[path = "support/frontier.rs"]
mod frontier;

use std::io::ErrorKind;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use frontier::{Outcome, Workspace};

const CAMPAIGNS: usize = 20;
const WARM_UPS: usize = 5;
const PAIRS: usize = 60;
const DATABASE: &str = ".frontier/frontier.db";

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("startup: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Outcome<()> {
    let workspace = Workspace::new(None)?;
    for at in 1..=CAMPAIGNS {
        workspace.run(&["campaign", "create", &format!("campaign-{at:02}")])?;
    }
    check(&workspace)?;
    let mut ours = workspace.command(&["campaign", "list"]);
    let mut theirs = workspace.other("sqlite3", &[DATABASE, "select 1"]);
    let mut times = (Vec::new(), Vec::new());
    for pair in 0..WARM_UPS + PAIRS {
        let (our, their) = if pair % 2 == 0 {
            let our = time(&mut ours)?;
            (our, time(&mut theirs)?)
        } else {
            let their = time(&mut theirs)?;
            (time(&mut ours)?, their)
        };
        if pair >= WARM_UPS {
            times.0.push(our);
            times.1.push(their);
        }
    }
    let (ours, theirs) = (Spread::of(times.0), Spread::of(times.1));
    println!("Whole processes, {PAIRS} pairs after {WARM_UPS} to warm up, {CAMPAIGNS} campaigns\n");
    println!("{:<24}{:>10}{:>10}{:>10}", "ms", "min", "median", "max");
    ours.print("frontier campaign list");
    theirs.print("sqlite3 FILE 'select 1'");
    let ratio = |our: Duration, their: Duration| our.as_secs_f64() / their.as_secs_f64();
    let (least, middle) = (ratio(ours.min, theirs.min), ratio(ours.median, theirs.median));
    println!("{:<24}{least:>10.2}{middle:>10.2}", "ratio");
    Ok(())
}

/// Both programs do what is measured, or nothing is.
fn check(workspace: &Workspace) -> Outcome<()> {
    let listed = workspace.run(&["campaign", "list", "-o", "csv"])?;
    let shown = listed.lines().filter(|line| line.contains("campaign-")).count();
    if shown != CAMPAIGNS {
        return Err(format!("`campaign list` shows {shown} campaigns of {CAMPAIGNS}").into());
    }
    match workspace.other("sqlite3", &[DATABASE, "select 1"]).output() {
        Ok(output) if output.stdout == b"1\n" => Ok(()),
        Ok(output) => Err(format!("sqlite3: {}", String::from_utf8_lossy(&output.stderr)).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("there is no sqlite3 to compare with: install it (Debian: apt install sqlite3)"
                .into())
        }
        Err(error) => Err(error.into()),
    }
}

/// From spawn to exit.
fn time(command: &mut Command) -> Outcome<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status()?;
    let took = begun.elapsed();
    if status.success() { Ok(took) } else { Err(format!("{command:?}: {status}").into()) }
}

struct Spread {
    min: Duration,
    median: Duration,
    max: Duration,
}

impl Spread {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |index: usize| times.get(index).copied().unwrap_or_default();
        let middle = times.len() / 2;
        let median = (at(middle) + at(times.len().saturating_sub(1) / 2)) / 2;
        Self { min: at(0), median, max: at(times.len().saturating_sub(1)) }
    }

    fn print(&self, what: &str) {
        let [min, median, max] =
            [self.min, self.median, self.max].map(|time| time.as_secs_f64() * 1e3);
        println!("{what:<24}{min:>10.2}{median:>10.2}{max:>10.2}");
    }
}
