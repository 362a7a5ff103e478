//! `frontier`: parse, run, exit.

use std::process::ExitCode;

use clap::Parser as _;
use frontier::{app, cli};

fn main() -> ExitCode {
    app::run(cli::Cli::parse())
}
