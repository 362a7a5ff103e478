//! How fast a segment of a large workspace is counted, on SQLite and on PostgreSQL.
//!
//! The contacts come in by our own import, and some of them opened a mail; then expressions are
//! counted by the service that the routes ask, several times each, and the least and the median
//! time count. A count that differs between the engines makes the bench fail.
//! `docs/benchmarks.md` says what was seen.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints what it measured")]

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use frontier::api::Services;
use frontier::app::wiring::{Parts, services};
use frontier::core::campaigns::Defaults;
use frontier::core::contacts::{Contacts, ImportOptions, ImportStep};
use frontier::core::kernel::{Clock, Secret};
use frontier::core::publishing::Rates;
use frontier::storage::sql::{Db, DbUrl, params};
use futures::{StreamExt as _, stream};

use postgres::{Database, SERVER, finish, psql};

#[path = "support/postgres.rs"]
mod postgres;

const CONTACTS: u64 = 1_000_000;
/// Times each expression is counted, after once to warm up.
const ROUNDS: usize = 7;
/// Rows of a piece of the file that is made as it is imported.
const PIECE: u64 = 5000;

/// What every step answers.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// What is counted: two conditions on attributes and one on behaviour, which is the aim, and the
/// parts of it.
const EXPRESSIONS: [&str; 5] = [
    "country = 'ES' and plan in ('pro', 'team') and opened_within('30d')",
    "country = 'ES' and plan in ('pro', 'team')",
    "opened_within('30d')",
    "opened_within('1d') and country = 'ES'",
    "country = 'ES' and not opened_within('30d')",
];

fn main() -> ExitCode {
    match contacts().and_then(measure) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("segments: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many contacts: the first argument that is no flag (Cargo adds `--bench`).
fn contacts() -> Outcome<u64> {
    let wish = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let Some(wish) = wish else { return Ok(CONTACTS) };
    wish.parse().map_err(|_| format!("`{wish}` is no number of contacts").into())
}

#[tokio::main]
async fn measure(contacts: u64) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("store.db");
    println!("{contacts} contacts, {ROUNDS} counts each\n\nSQLite");
    let on_sqlite = count_all(&DbUrl::Sqlite(path), contacts).await?;
    let Ok(server) = std::env::var(SERVER) else {
        println!("\nPostgreSQL is left out: {SERVER} names no server");
        return Ok(());
    };
    println!("\nPostgreSQL");
    let database = Database::new(&server)?;
    let url = DbUrl::Postgres(Secret::new(database.url.clone()));
    let filled = open(&url, contacts).await?;
    // As the server does by itself, a minute after so many rows came.
    finish(psql(&database.url, "VACUUM ANALYZE"))?;
    let on_postgres = count(&filled).await?;
    if on_sqlite == on_postgres {
        return Ok(());
    }
    Err(format!("the engines differ: {on_sqlite:?} and {on_postgres:?}").into())
}

async fn count_all(url: &DbUrl, contacts: u64) -> Outcome<Vec<u64>> {
    count(&open(url, contacts).await?).await
}

/// A store with its contacts, a fifth of whom opened a mail in the last 40 days.
async fn open(url: &DbUrl, contacts: u64) -> Outcome<Services> {
    let db = Db::open(url)?;
    db.migrate().await?;
    let clock = Clock::system();
    let parts = Parts {
        db: db.clone(),
        clock: clock.clone(),
        outbox: std::env::temp_dir(),
        defaults: Defaults::default(),
        limits: Rates::default(),
    };
    let services = services(parts).await?;
    import(&services.contacts, contacts).await?;
    let mut tx = db.begin().await?;
    let sql = "INSERT INTO contact_activity
               (workspace_id, contact_id, activity, campaign_id, times, first_at, last_at)
               SELECT n.workspace_id, n.id, 'opened', ?1, 1, n.at, n.at
               FROM (SELECT c.workspace_id, c.id,
                            ?2 - CAST(substr(c.name_folded, 8) AS BIGINT) % 199 * 17000000 AS at
                     FROM contacts c
                     WHERE CAST(substr(c.name_folded, 8) AS BIGINT) % 5 = 0) AS n";
    tx.execute(sql, params![clock.new_id(), clock.now()]).await?;
    tx.commit().await?;
    Ok(services)
}

async fn import(contacts: &Contacts, count: u64) -> Outcome<()> {
    let header = b"email,name,language,city,country,plan,visits\n".to_vec();
    let pieces = (0..count).step_by(usize::try_from(PIECE)?).map(move |from| {
        let mut piece = String::new();
        for at in from..count.min(from + PIECE) {
            let dice = at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            let pick = |of: &[&'static str], by: u64| {
                of[usize::try_from(dice / by).unwrap_or(0) % of.len()]
            };
            let country = pick(&["ES", "MX", "AR", "CO", "US", "FR", "PT", "IT", "DE", "BR"], 7);
            let plan = pick(&["free", "free", "free", "free", "pro", "team", "none"], 1009);
            let city = pick(&["Sevilla", "Lima", "Porto", "Lyon", "Jaca"], 100_003);
            let visits = dice % 200;
            let _ = writeln!(
                piece,
                "person{at}@mail{}.example,Person {at},es,{city},{country},{plan},{visits}",
                at % 997
            );
        }
        piece.into_bytes()
    });
    let upload = stream::iter(std::iter::once(header).chain(pieces).map(|piece| Ok(piece.into())));
    let mut import = contacts.import(upload.boxed(), ImportOptions::default()).await?;
    loop {
        if let ImportStep::Done(summary) = import.step().await? {
            return match summary.created {
                created if created == count => Ok(()),
                created => Err(format!("{created} of {count} contacts came in").into()),
            };
        }
    }
}

/// Counts each expression, prints its times and the plan of the first; gives the counts.
async fn count(services: &Services) -> Outcome<Vec<u64>> {
    let mut counts = Vec::new();
    for expression in EXPRESSIONS {
        let found = services.contacts.count_where(expression).await?;
        let mut times: Vec<Duration> = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            services.contacts.count_where(expression).await?;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        println!(
            "{found:>8} in {:>6.1} ms at the least, {:>6.1} ms at the median: {expression}",
            millis(times[0]),
            millis(times[ROUNDS / 2])
        );
        counts.push(found);
    }
    println!("the plan of the first:");
    for line in services.contacts.explain_where(EXPRESSIONS[0]).await?.plan {
        println!("  {line}");
    }
    Ok(counts)
}
