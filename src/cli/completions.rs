//! `frontier completions`: what a shell needs to know.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;
use super::error::CommandError;
use super::output::Output;

/// Print the completions of a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  frontier completions bash > ~/.local/share/bash-completion/completions/frontier
  frontier completions zsh > ~/.zfunc/_frontier
  frontier completions fish > ~/.config/fish/completions/frontier.fish")]
pub struct CompletionsArgs {
    /// bash, elvish, fish, powershell or zsh
    #[arg(hide_possible_values = true)]
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), CommandError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "frontier", &mut script);
        output.bytes(&script)
    }
}
