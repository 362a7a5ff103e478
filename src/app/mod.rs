//! Composition: opens a workspace, wires engines to services to routes, and runs a command.

mod config;
mod files;
mod host;
mod inspect;
pub mod wiring;
mod workers;
mod workspace;

use std::process::ExitCode;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use crate::cli::Cli;
use crate::cli::confirm::Confirm;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::host::Host as _;
use crate::cli::output::Output;

/// Runs a parsed command line to its exit code.
pub fn run(cli: Cli) -> ExitCode {
    let mut output = Output::standard(cli.output.clone());
    // Threads are for those who send; a question is asked faster without.
    let mut runtime = if cli.command.works() {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.error(&CommandError::failed(error.to_string()));
            return Exit::Failed.into();
        }
    };
    let confirm = Confirm::standard(cli.yes);
    let host = host::LocalHost::new(cli.workspace, cli.output);
    let exit = runtime.block_on(async {
        let ended = cli.command.run(&host, confirm, &mut output).await;
        let exit = match ended {
            Ok(()) => Exit::Ok,
            // `frontier … | head` has what it wanted.
            Err(_) if output.reader_left() => Exit::Ok,
            Err(error) => {
                output.error(&error);
                error.exit
            }
        };
        host.leave().await;
        exit
    });
    // Threads that wait for nobody must not hold the process.
    runtime.shutdown_background();
    exit.into()
}

/// Logs go to stderr. Below warnings it is frontier's own words that are asked for, not those of
/// the libraries under it.
fn log_to_stderr(level: LevelFilter, colors: bool) {
    let filter = if level > LevelFilter::WARN {
        EnvFilter::new(format!("warn,frontier={level}"))
    } else {
        EnvFilter::new(level.to_string())
    };
    // A second command of one process keeps the level of the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colors)
        .with_target(false)
        .compact()
        .try_init();
}
