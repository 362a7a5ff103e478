//! What can go wrong on a line, told apart.

use std::error::Error;
use std::io;
use std::time::Duration;

use lettre::transport::smtp;
use rustls::CertificateError;
use tokio::time::{Instant, timeout_at};

/// The most of a reply that is kept, in characters.
const LONGEST_REPLY: usize = 500;

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The server says no.
    #[error("{code} {text}")]
    Reply { code: u16, text: String },
    /// No complete answer came in this time.
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    Silent(Duration),
    /// The line is gone, or what came is no SMTP.
    #[error("the connection broke off ({0})")]
    Broken(String),
    #[error("{0}")]
    Untrusted(String),
    #[error("{0}")]
    NoTls(String),
    /// This server cannot take this mail, and was not asked to.
    #[error("{0}")]
    Unfit(String),
}

/// Runs one step of a conversation, for `wait` at most.
pub(super) async fn in_time<T>(
    wait: Duration,
    step: impl Future<Output = Result<T, smtp::Error>>,
) -> Result<T, Fault> {
    until(Instant::now() + wait, step).await
}

/// Runs one step of a conversation, until `end` at most.
pub(super) async fn until<T>(
    end: Instant,
    step: impl Future<Output = Result<T, smtp::Error>>,
) -> Result<T, Fault> {
    let begun = Instant::now();
    match timeout_at(end, step).await {
        Ok(done) => done.map_err(|error| Fault::of(&error)),
        Err(_) => Err(Fault::Silent(begun.elapsed())),
    }
}

impl Fault {
    fn of(error: &smtp::Error) -> Self {
        if let Some(code) = error.status() {
            let text = error.source().map(ToString::to_string).unwrap_or_default();
            return Self::Reply { code: code.into(), text: reply_text(&text) };
        }
        match tls_error(error) {
            Some(rustls::Error::InvalidCertificate(reason)) => Self::Untrusted(distrust(reason)),
            Some(reason) => Self::NoTls(reason.to_string()),
            None => Self::Broken(reply_text(&innermost(error).to_string())),
        }
    }
}

fn distrust(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "no trusted authority issued it".to_owned(),
        CertificateError::Other(reason) => reason.to_string(),
        reason => reason.to_string(),
    }
}

/// What a server said, fit for a table: one line, no control characters, 500 characters.
pub(super) fn reply_text(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let visible: String = visible.collect();
    visible.trim().chars().take(LONGEST_REPLY).collect()
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error.source().map_or(error, innermost)
}

fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match wrapped.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(found) => Some(found),
        None => error.source().and_then(tls_error),
    }
}
