//! Exit codes: what a script learns without reading a word.

use std::process::ExitCode;

/// How a command ended. Documented in `docs/cli.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Ok = 0,
    /// It failed.
    Failed = 1,
    /// The command line is wrong; or, for `plan` and `diff`, there are changes to apply.
    UsageOrChanges = 2,
    /// What was named does not exist.
    NotFound = 3,
    /// The caller may not do this.
    NotAllowed = 4,
    /// It conflicts with what exists, or its content is not valid.
    ConflictOrInvalid = 5,
    /// Stopped by SIGINT (128 + 2).
    Interrupted = 130,
}

impl Exit {
    /// The code for an answer of this HTTP status.
    pub const fn of_status(status: u16) -> Self {
        match status {
            100..400 => Self::Ok,
            400 => Self::UsageOrChanges,
            401 | 403 => Self::NotAllowed,
            404 => Self::NotFound,
            409 | 412 | 422 => Self::ConflictOrInvalid,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
