//! Mail over SMTP (RFC 5321).
//!
//! [`dial`] opens a connection and [`session`] carries mails over it, many at once where the server
//! allows. Below them, [`wire`] moves bytes both ways at the same time, [`reply`] reads what the
//! server says, [`hello`] what it offers, [`letter`] writes a mail as it wants it, and [`fault`]
//! tells apart what can go wrong.
//!
//! **Invariants:** every wait has an end and everything that is read has a limit, whatever the server
//! does; a certificate is always verified.

mod dial;
mod fault;
mod hello;
mod letter;
mod reply;
mod session;
#[cfg(test)]
mod tests;
mod trust;
mod wire;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use self::dial::Server;
use self::session::SmtpSession;
use crate::core::kernel::Secret;
use crate::core::publishing::{ConnectError, Publisher, Session, Tls};

/// A server and how to sign in to it.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// With a password, or not at all.
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// The longest wait for one step: reaching the host, each reply. Opening a session takes a
    /// minute at most, a mail five of these steps and a second for each 32 KiB under way.
    pub timeout: Duration,
    /// What the program calls itself in EHLO; by default the machine's host name.
    pub hello_name: Option<String>,
    /// Certificates (PEM) to trust besides those of the operating system.
    pub ca_file: Option<PathBuf>,
}

/// Sends mail to an SMTP server.
#[derive(Clone)]
pub struct SmtpPublisher {
    server: Arc<Server>,
}

impl SmtpPublisher {
    /// Settings that cannot work are reported when the first session is opened.
    pub fn new(settings: SmtpSettings) -> Self {
        Self { server: Arc::new(Server::new(settings)) }
    }
}

impl fmt::Debug for SmtpPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmtpPublisher").field(&self.server.settings).finish()
    }
}

impl Publisher for SmtpPublisher {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, ConnectError>> {
        async move {
            let line = self.server.dial().await?;
            let session = SmtpSession::new(Arc::clone(&self.server), line);
            Ok(Box::new(session) as Box<dyn Session>)
        }
        .boxed()
    }

    fn leaves_machine(&self) -> bool {
        true // a server on this machine passes mail on all the same
    }

    fn describe(&self) -> String {
        let tls = match self.server.settings.tls {
            Tls::None => "no TLS",
            Tls::Starttls => "STARTTLS",
            Tls::Tls => "TLS",
        };
        match &self.server.settings.username {
            Some(user) => format!("{} ({tls}, as `{user}`)", self.server.at()),
            None => format!("{} ({tls})", self.server.at()),
        }
    }
}
