//! Questions before what cannot be undone.
//!
//! Where a person sits, they are asked; where none does, the command refuses unless `--yes` was
//! given. A script never waits for an answer.

use std::io::IsTerminal as _;

use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::error::CommandError;
use super::output::Output;

/// How questions are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// With yes, because `--yes` was given.
    Yes,
    /// By the person at the terminal.
    Ask,
    /// By nobody: nothing happens.
    Refuse,
}

impl Confirm {
    /// How this process answers, which was given `--yes` or not.
    pub fn standard(yes: bool) -> Self {
        let person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        match (yes, person) {
            (true, _) => Self::Yes,
            (false, true) => Self::Ask,
            (false, false) => Self::Refuse,
        }
    }

    /// Goes on only when the answer to `question` is yes.
    ///
    /// # Errors
    /// A usage error when nobody can answer; a failure when the answer is no.
    pub async fn ask(self, question: &str, output: &mut Output<'_>) -> Result<(), CommandError> {
        match self {
            Self::Yes => Ok(()),
            Self::Refuse => Err(CommandError::usage(format!("{question} There is nobody to ask."))
                .hint("--yes, or FRONTIER_YES=1, answers for them")),
            Self::Ask => {
                output.ask(format_args!("{question} [y/N] "));
                let mut answer = String::new();
                BufReader::new(tokio::io::stdin()).read_line(&mut answer).await?;
                if is_yes(&answer) {
                    Ok(())
                } else {
                    Err(CommandError::failed("nothing was changed"))
                }
            }
        }
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;
    use crate::cli::output::OutputArgs;

    #[tokio::test]
    async fn without_a_person_only_yes_goes_on() {
        let mut notes = Vec::new();
        let mut output = Output::to(OutputArgs::default(), std::io::sink(), &mut notes);
        assert!(Confirm::Yes.ask("Delete it?", &mut output).await.is_ok());
        let refusal = Confirm::Refuse.ask("Delete it?", &mut output).await.unwrap_err();
        assert_eq!(refusal.exit, Exit::UsageOrChanges);
        assert_eq!(refusal.message, "Delete it? There is nobody to ask.");
        drop(output);
        assert!(notes.is_empty());
    }

    #[test]
    fn only_a_clear_yes_is_one() {
        assert!([" Yes\n", "y\r\n"].into_iter().all(is_yes));
        assert!(!["", "\n", "n", "yesterday"].into_iter().any(is_yes));
    }
}
