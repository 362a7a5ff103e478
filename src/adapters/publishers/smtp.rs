//! Mail over SMTP: how a connection comes to be.
//!
//! **Invariants:** a certificate is always verified; where TLS is asked for, nothing is said in
//! the clear but the greeting, EHLO and STARTTLS; a password crosses no network without TLS. Every
//! wait has an end, whatever the server does.
//!
//! [`session`] has the conversation about a mail, [`fault`] what its failures mean.

mod fault;
mod session;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::OnceCell;

use self::fault::{Fault, in_time};
use self::session::{Line, SmtpSession};
use crate::core::kernel::Secret;
use crate::core::publishing::{ConnectError, Publisher, Session, Tls};

const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// A server and how to sign in to it.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// With a password, or not at all.
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// The longest wait for one step: reaching the host, each reply. Opening a session takes four
    /// of them at most, a mail three.
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
        Self { server: Arc::new(Server { settings, tls: OnceCell::new() }) }
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

/// The settings, with what is made of them once.
struct Server {
    settings: SmtpSettings,
    tls: OnceCell<TlsParameters>,
}

impl Server {
    const fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    fn at(&self) -> String {
        format!("the SMTP server {}:{}", self.settings.host, self.settings.port)
    }

    fn wrong(&self, problem: impl Into<String>) -> ConnectError {
        ConnectError::Settings { at: self.at(), problem: problem.into() }
    }

    /// Connects, greets, secures the line and signs in.
    async fn dial(&self) -> Result<Line, ConnectError> {
        let settings = &self.settings;
        let hello = self.hello()?;
        let credentials = self.credentials()?;
        let at_once = match settings.tls {
            Tls::Tls => Some(self.tls().await?.clone()),
            Tls::None | Tls::Starttls => None,
        };

        let address = (settings.host.as_str(), settings.port);
        let opening = AsyncSmtpConnection::connect_tokio1(
            address,
            Some(self.timeout()),
            &hello,
            at_once,
            None,
        );
        // reaching the host has had its own time-out when the wait for the greeting begins
        let opened = in_time(self.timeout() * 2, opening).await;
        let mut connection = opened.map_err(|fault| self.unopened(fault))?;

        if settings.tls == Tls::Starttls {
            if !connection.can_starttls() {
                return Err(self.wrong(
                    "the server does not offer STARTTLS, and nothing is sent without it; set \
                     `tls` to `tls` if this is port 465, or to `none` for a server on a trusted \
                     network",
                ));
            }
            let securing = connection.starttls(self.tls().await?.clone(), &hello);
            in_time(self.timeout(), securing).await.map_err(|fault| self.unopened(fault))?;
        }
        if let Some(credentials) = credentials {
            self.sign_in(&mut connection, &credentials).await?;
        }
        Ok(Line::new(connection, self.timeout()))
    }

    async fn sign_in(
        &self,
        connection: &mut AsyncSmtpConnection,
        credentials: &Credentials,
    ) -> Result<(), ConnectError> {
        if connection.server_info().get_auth_mechanism(&MECHANISMS).is_none() {
            return Err(self.wrong(
                "the server offers neither AUTH PLAIN nor AUTH LOGIN; remove the user name, or \
                 set `tls` if it offers them over TLS only",
            ));
        }
        match in_time(self.timeout(), connection.auth(&MECHANISMS, credentials)).await {
            Ok(_) => Ok(()),
            Err(Fault::Reply { code, text: reply }) if code >= 500 => {
                Err(ConnectError::SignIn { at: self.at(), code, reply })
            }
            Err(fault) => Err(self.unopened(fault)),
        }
    }

    /// What it means that the line did not come to be.
    fn unopened(&self, fault: Fault) -> ConnectError {
        let at = self.at();
        match fault {
            Fault::Reply { code, text: reply } if code >= 500 => {
                ConnectError::TurnedAway { at, code, reply }
            }
            Fault::Reply { code, text: reply } => ConnectError::Busy { at, code, reply },
            Fault::Untrusted(reason) => ConnectError::Untrusted { at, reason },
            Fault::NoTls(reason) => self.wrong(format!(
                "no TLS can be agreed on ({reason}); set `tls` to `starttls` if this is port 587 \
                 or 25"
            )),
            Fault::Broken(reason) | Fault::Unfit(reason) => {
                ConnectError::Unreachable { at, reason }
            }
            Fault::Silent(_) => ConnectError::Unreachable { at, reason: fault.to_string() },
        }
    }

    fn hello(&self) -> Result<ClientId, ConnectError> {
        match &self.settings.hello_name {
            None => Ok(ClientId::default()),
            Some(name) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(ClientId::Domain(name.clone()))
            }
            Some(name) => Err(self.wrong(format!(
                "`{}` is no name to greet a server with; give a host name",
                name.escape_debug()
            ))),
        }
    }

    fn credentials(&self) -> Result<Option<Credentials>, ConnectError> {
        match (&self.settings.username, &self.settings.password) {
            (None, None) => Ok(None),
            (Some(user), Some(password)) => {
                if self.settings.tls == Tls::None && !is_loopback(&self.settings.host) {
                    return Err(self.wrong(
                        "the password would cross the network in the clear; set `tls` to \
                         `starttls` or `tls`",
                    ));
                }
                Ok(Some(Credentials::new(user.clone(), password.expose().to_owned())))
            }
            (Some(_), None) => Err(self.wrong("there is a user name without a password")),
            (None, Some(_)) => Err(self.wrong("there is a password without a user name")),
        }
    }

    /// Certificates come from files, so they are read beside the runtime, once.
    async fn tls(&self) -> Result<&TlsParameters, ConnectError> {
        self.tls
            .get_or_try_init(|| async {
                let host = self.settings.host.clone();
                let ca_file = self.settings.ca_file.clone();
                let read = tokio::task::spawn_blocking(move || trust(host, ca_file));
                match read.await {
                    Ok(made) => made.map_err(|problem| self.wrong(problem)),
                    Err(stopped) => Err(self.wrong(stopped.to_string())),
                }
            })
            .await
    }
}

fn trust(host: String, ca_file: Option<PathBuf>) -> Result<TlsParameters, String> {
    let mut tls = TlsParameters::builder(host);
    if let Some(path) = ca_file {
        let unreadable = |reason: String| {
            format!("the `ca_file` {} cannot be used: {reason}; give a PEM file", path.display())
        };
        let pem = std::fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
        if CertificateDer::pem_slice_iter(&pem).next().is_none() {
            return Err(unreadable("there is no certificate in it".to_owned()));
        }
        let certificate =
            Certificate::from_pem(&pem).map_err(|error| unreadable(error.to_string()))?;
        tls = tls.add_root_certificate(certificate);
    }
    tls.build_rustls().map_err(|error| error.to_string())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
