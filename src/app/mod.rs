//! Composition: opens a workspace, wires engines to services to routes, and runs a command.

mod config;
mod host;
pub mod wiring;
mod workspace;

use std::process::ExitCode;

use crate::cli::Cli;
use crate::cli::confirm::Confirm;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// Runs a parsed command line to its exit code.
pub fn run(cli: Cli) -> ExitCode {
    log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = crate::cli::error::CommandError::failed(error.to_string());
            Output::standard(cli.output).error(&error);
            return Exit::Failed.into();
        }
    };
    let confirm = Confirm::standard(cli.yes);
    let host = host::LocalHost::new(cli.workspace);
    let mut output = Output::standard(cli.output);
    let exit = runtime.block_on(async {
        match cli.command.run(&host, confirm, &mut output).await {
            Ok(()) => Exit::Ok,
            Err(error) => {
                output.error(&error);
                error.exit
            }
        }
    });
    // Threads that wait for nobody must not hold the process.
    runtime.shutdown_background();
    exit.into()
}

/// Logs go to stderr, warnings and worse unless `FRONTIER_LOG` says otherwise.
fn log_to_stderr() {
    let filter = std::env::var("FRONTIER_LOG").unwrap_or_else(|_| "warn".into());
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_target(false)
        .compact()
        .try_init();
}
