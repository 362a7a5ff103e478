//! Errors of commands: a sentence, hints as data, and the exit code that follows.

use crate::client::ClientError;

use super::exit::Exit;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub struct CommandError {
    pub exit: Exit,
    pub message: String,
    /// What to do next, a line each.
    pub hints: Vec<String>,
}

impl CommandError {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hints: Vec::new() }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::UsageOrChanges, message)
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Exit::ConflictOrInvalid, message)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        let ClientError::Refused { status, error } = error else {
            return Self::failed(error.to_string());
        };
        let exit = Exit::of_status(status.as_u16());
        let hint = (status.is_server_error() && !error.request_id.is_empty())
            .then(|| format!("request {}", error.request_id));
        Self { exit, message: error.message, hints: hint.into_iter().collect() }
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }
}
