//! `frontier doctor`: what works, what does not, and what to do about it.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use super::error::CommandError;
use super::exit::Exit;
use super::host::{Check, CheckStatus, Host};
use super::output::Output;

/// Check the workspace, its settings and its store
///
/// It goes on when something is broken, and exits with 1 when anything is. A warning is no failure.
#[derive(Args, Debug)]
pub struct DoctorArgs {}

#[derive(Serialize)]
struct Findings {
    /// Whether nothing failed.
    healthy: bool,
    version: &'static str,
    checks: Vec<Check>,
}

impl DoctorArgs {
    pub(super) async fn run(
        self,
        host: &dyn Host,
        output: &mut Output<'_>,
    ) -> Result<(), CommandError> {
        let mut checks = host.inspect().await;
        // Checks that need an open store, such as those of channels, go here.
        checks.push(store(host).await);
        let failed = count(&checks, CheckStatus::Failed);
        let findings =
            Findings { healthy: failed == 0, version: env!("CARGO_PKG_VERSION"), checks };
        output.show(&findings, |out| people(&findings.checks, out))?;
        let warnings = count(&findings.checks, CheckStatus::Warning);
        if failed > 0 {
            let message = format!("{} and {}", many(failed, "failure"), many(warnings, "warning"));
            return Err(CommandError::new(Exit::Failed, message));
        }
        output.note(match warnings {
            0 => "All is well.".to_owned(),
            _ => format!("It works, with {}.", many(warnings, "warning")),
        });
        Ok(())
    }
}

async fn store(host: &dyn Host) -> Check {
    let health = match host.client().await {
        Ok(client) => client.health().await.map_err(CommandError::from),
        Err(error) => Err(error),
    };
    match health {
        Ok(health) => Check::ok(
            "store",
            format!(
                "{} answers in {:.1} ms, with the schema of this version",
                health.store.engine, health.store.latency_ms
            ),
        ),
        Err(error) => Check::failed(
            "store",
            error.message,
            "mend what failed above first; a damaged file is best replaced by a backup",
        ),
    }
}

fn people(checks: &[Check], out: &mut dyn Write) -> io::Result<()> {
    let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or_default();
    for check in checks {
        let mark = match check.status {
            CheckStatus::Ok => '✓',
            CheckStatus::Warning => '!',
            CheckStatus::Failed => '✗',
        };
        writeln!(out, "{mark} {:width$}  {}", check.name, check.message)?;
        if let Some(hint) = &check.hint {
            writeln!(out, "  {:width$}  → {hint}", "")?;
        }
    }
    Ok(())
}

fn count(checks: &[Check], status: CheckStatus) -> usize {
    checks.iter().filter(|check| check.status == status).count()
}

fn many(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}
