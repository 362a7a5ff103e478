//! `frontier`: parse, run, exit.

use std::process::ExitCode;

use frontier::{app, cli};

fn main() -> ExitCode {
    app::run(cli::Cli::read())
}
