//! What can go wrong on a line, told apart.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;
use tokio::time::{Instant, timeout_at};

use super::reply::{Garbage, Reply, shown};

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The server says no.
    #[error("{code} {text}")]
    Reply { code: u16, text: String },
    /// No complete answer came in this time.
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    Silent(Duration),
    /// The line is gone.
    #[error("the connection broke off ({0})")]
    Broken(String),
    /// What came is no SMTP.
    #[error("what came is no SMTP: {0}")]
    Garbage(String),
    #[error("{0}")]
    Untrusted(String),
    #[error("{0}")]
    NoTls(String),
}

/// Runs one step of a conversation, until `end` at most.
pub(super) async fn until<T>(
    end: Instant,
    step: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let begun = Instant::now();
    match timeout_at(end, step).await {
        Ok(done) => done,
        Err(_) => Err(Fault::Silent(begun.elapsed())),
    }
}

impl Fault {
    pub(super) fn said(reply: &Reply) -> Self {
        Self::Reply { code: reply.code, text: reply.text() }
    }

    /// A reply that does not fit what was asked, such as 354 to MAIL.
    pub(super) fn no_answer(reply: &Reply) -> Self {
        Self::Garbage(format!("{} is no answer to what was said", reply.code))
    }

    pub(super) fn hung_up() -> Self {
        Self::Broken("the server hung up".to_owned())
    }
}

impl From<Garbage> for Fault {
    fn from(garbage: Garbage) -> Self {
        Self::Garbage(garbage.to_string())
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match tls_error(&error) {
            Some(rustls::Error::InvalidCertificate(reason)) => Self::Untrusted(distrust(reason)),
            Some(reason) => Self::NoTls(reason.to_string()),
            None => Self::Broken(shown(&innermost(&error).to_string())),
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
