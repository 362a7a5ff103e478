//! `frontier man`: the manual pages.

use std::io;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_mangen::Man;

use super::Cli;
use super::error::CommandError;
use super::output::Output;

/// Print the manual page, or write one page for every command
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier man | man -l -
  frontier man --dir ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write a page for every command into this folder
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl ManArgs {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), CommandError> {
        let Some(dir) = self.dir else {
            let mut page = Vec::new();
            Man::new(Cli::command()).render(&mut page)?;
            return output.bytes(&page);
        };
        let refused = |error: io::Error| {
            CommandError::failed(format!("{} cannot be written: {error}", dir.display()))
        };
        std::fs::create_dir_all(&dir).map_err(refused)?;
        clap_mangen::generate_to(Cli::command(), &dir).map_err(refused)?;
        output.note(format_args!("Wrote the manual pages into {}.", dir.display()));
        Ok(())
    }
}
