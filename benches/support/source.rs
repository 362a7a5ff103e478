//! Postfix's `smtp-source`, the load generator the delivery is compared with.

use std::process::{Command, Stdio};
use std::time::Instant;

use super::frontier::Outcome;
use super::sink::{Sink, program};

const PROGRAM: &str = "smtp-source";

/// When it says goodbye to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Session {
    /// After each mail, as it does unless told.
    PerMail,
    /// At the end (`-d`), as Frontier does.
    Kept,
}

/// An error when it is not installed.
pub(crate) fn check() -> Outcome<()> {
    program(PROGRAM).map(drop)
}

/// Sends so many mails of so many bytes to a sink of its own; gives mails per second.
pub(crate) fn rate(mails: usize, bytes: usize, sessions: usize, session: Session) -> Outcome<f64> {
    let sink = Sink::start()?;
    let mut command = Command::new(program(PROGRAM)?);
    if session == Session::Kept {
        command.arg("-d");
    }
    command
        .args(["-m", &mails.to_string(), "-l", &bytes.to_string(), "-s", &sessions.to_string()])
        .args(["-f", "sender@example.com", "-t", "reader@example.net"])
        .arg(format!("127.0.0.1:{}", sink.port))
        .stdin(Stdio::null());
    let begun = Instant::now();
    let status = command.status()?;
    let seconds = begun.elapsed().as_secs_f64();
    let taken = sink.taken()?;
    if !status.success() || taken != mails {
        return Err(format!("{command:?}: {status}, and the sink took {taken} of {mails}").into());
    }
    Ok(mails as f64 / seconds)
}
