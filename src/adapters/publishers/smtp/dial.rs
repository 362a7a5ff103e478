//! How a connection comes to be: reached, greeted, secured, signed in.
//!
//! **Invariants:** a certificate is always verified; where TLS is asked for, nothing is said in
//! the clear but the greeting, EHLO and STARTTLS, and nothing that was heard in the clear counts
//! afterwards; a password crosses no network without TLS. Every step ends within the time-out of
//! the settings, and all of them within [`LONGEST_DIAL`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::SmtpSettings;
use super::fault::{Fault, until};
use super::hello::Extensions;
use super::reply::Reply;
use super::trust::trust;
use super::wire::{Stream, Wire};
use crate::core::publishing::{ConnectError, Tls};

/// The longest that opening a session takes, whatever the time-out of a step.
const LONGEST_DIAL: Duration = Duration::from_mins(1);
/// How many addresses of a host are tried.
const MOST_ADDRESSES: usize = 4;
/// Greets a server from a machine without a name (RFC 5321, 4.1.3).
const NAMELESS: &str = "[127.0.0.1]";

/// An open connection, and what the server at its end offers.
pub(super) struct Line {
    pub(super) wire: Wire,
    pub(super) offered: Extensions,
}

/// The settings, with what is made of them once.
pub(super) struct Server {
    pub(super) settings: SmtpSettings,
    tls: OnceCell<Arc<ClientConfig>>,
}

struct Credentials<'a> {
    user: &'a str,
    password: &'a str,
}

impl Server {
    pub(super) const fn new(settings: SmtpSettings) -> Self {
        Self { settings, tls: OnceCell::const_new() }
    }

    pub(super) fn at(&self) -> String {
        format!("the SMTP server {}:{}", self.settings.host, self.settings.port)
    }

    /// Connects, greets, secures the line and signs in.
    pub(super) async fn dial(&self) -> Result<Line, ConnectError> {
        match timeout(LONGEST_DIAL, self.open()).await {
            Ok(opened) => opened,
            Err(_) => Err(self.failed(Fault::Silent(LONGEST_DIAL))),
        }
    }

    async fn open(&self) -> Result<Line, ConnectError> {
        let settings = &self.settings;
        let hello = self.hello()?;
        let credentials = self.credentials()?;
        let failed = |fault| self.failed(fault);
        let tls = match settings.tls {
            Tls::None => None,
            Tls::Starttls | Tls::Tls => Some((self.tls().await?, self.server_name()?)),
        };

        let mut stream = self.reach().await.map_err(failed)?;
        if let (Tls::Tls, Some((config, name))) = (settings.tls, &tls) {
            stream = self.secure(stream, config, name).await.map_err(failed)?;
        }
        let mut wire = Wire::new(stream);
        let greeting = wire.reply(self.end()).await.and_then(yes).map_err(failed)?;
        if greeting.code != 220 {
            return Err(failed(Fault::no_answer(&greeting)));
        }
        let mut offered = self.greet(&mut wire, &hello).await.map_err(failed)?;

        if let (Tls::Starttls, Some((config, name))) = (settings.tls, &tls) {
            if !offered.starttls {
                return Err(self.wrong(
                    "the server does not offer STARTTLS, and nothing is sent without it; set \
                     `tls` to `tls` if this is port 465, or to `none` for a server on a trusted \
                     network",
                ));
            }
            self.ask(&mut wire, "STARTTLS").await.and_then(yes).map_err(failed)?;
            let injected = || {
                let reason = "it said something in the clear after STARTTLS, which anybody on the \
                              way may have put there";
                ConnectError::Unreachable { at: self.at(), reason: reason.to_owned() }
            };
            let stream = wire.into_stream().ok_or_else(injected)?;
            wire = Wire::new(self.secure(stream, config, name).await.map_err(failed)?);
            offered = self.greet(&mut wire, &hello).await.map_err(failed)?;
        }
        if let Some(credentials) = credentials {
            self.sign_in(&mut wire, &offered, &credentials).await?;
        }
        Ok(Line { wire, offered })
    }

    /// Tries the addresses of the host, each for its share of the time-out.
    async fn reach(&self) -> Result<Box<dyn Stream>, Fault> {
        let SmtpSettings { host, port, .. } = &self.settings;
        let lookup = async { Ok(lookup_host((bare(host), *port)).await?) };
        let addresses: Vec<_> = until(self.end(), lookup).await?.take(MOST_ADDRESSES).collect();
        let share = self.settings.timeout / u32::try_from(addresses.len().max(1)).unwrap_or(1);
        let mut last = Fault::Broken("its name has no address".to_owned());
        for address in addresses {
            let connecting = async { Ok(TcpStream::connect(address).await?) };
            match until(Instant::now() + share, connecting).await {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(Box::new(stream));
                }
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    async fn secure(
        &self,
        stream: Box<dyn Stream>,
        config: &Arc<ClientConfig>,
        name: &ServerName<'static>,
    ) -> Result<Box<dyn Stream>, Fault> {
        let connector = TlsConnector::from(Arc::clone(config));
        let securing = async { Ok(connector.connect(name.clone(), stream).await?) };
        Ok(Box::new(until(self.end(), securing).await?))
    }

    /// EHLO, or HELO for a server that does not know it.
    async fn greet(&self, wire: &mut Wire, hello: &str) -> Result<Extensions, Fault> {
        let reply = self.ask(wire, &format!("EHLO {hello}")).await?;
        if reply.class() != 5 {
            return Ok(Extensions::of(&yes(reply)?));
        }
        self.ask(wire, &format!("HELO {hello}")).await.and_then(yes)?;
        Ok(Extensions::default())
    }

    async fn sign_in(
        &self,
        wire: &mut Wire,
        offered: &Extensions,
        credentials: &Credentials<'_>,
    ) -> Result<(), ConnectError> {
        let Credentials { user, password } = credentials;
        let steps = if offered.plain {
            vec![format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{password}")))]
        } else if offered.login {
            vec!["AUTH LOGIN".to_owned(), STANDARD.encode(user), STANDARD.encode(password)]
        } else {
            return Err(self.wrong(
                "the server offers neither AUTH PLAIN nor AUTH LOGIN; remove the user name, or \
                 set `tls` if it offers them over TLS only",
            ));
        };
        let last = steps.len() - 1;
        for (at, step) in steps.iter().enumerate() {
            let reply = self.ask(wire, step).await.map_err(|fault| self.failed(fault))?;
            match reply.class() {
                3 if at < last => {}
                2 => return Ok(()),
                5 => {
                    let (code, reply) = (reply.code, reply.text());
                    return Err(ConnectError::SignIn { at: self.at(), code, reply });
                }
                4 => return Err(self.failed(Fault::said(&reply))),
                _ => return Err(self.failed(Fault::no_answer(&reply))),
            }
        }
        Ok(())
    }

    async fn ask(&self, wire: &mut Wire, command: &str) -> Result<Reply, Fault> {
        wire.queue(format!("{command}\r\n").into());
        wire.reply(self.end()).await
    }

    /// When the step that begins now has to be done.
    fn end(&self) -> Instant {
        Instant::now() + self.settings.timeout
    }

    fn wrong(&self, problem: impl Into<String>) -> ConnectError {
        ConnectError::Settings { at: self.at(), problem: problem.into() }
    }

    /// What it means that the line did not come to be.
    fn failed(&self, fault: Fault) -> ConnectError {
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
            Fault::Broken(reason) => ConnectError::Unreachable { at, reason },
            Fault::Silent(_) | Fault::Garbage(_) => {
                ConnectError::Unreachable { at, reason: fault.to_string() }
            }
        }
    }

    fn hello(&self) -> Result<String, ConnectError> {
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
        match &self.settings.hello_name {
            None => {
                let name = hostname::get().ok().and_then(|name| name.into_string().ok());
                Ok(name.filter(|name| is_name(name)).unwrap_or_else(|| NAMELESS.to_owned()))
            }
            Some(name) if is_name(name) => Ok(name.clone()),
            Some(name) => Err(self.wrong(format!(
                "`{}` is no name to greet a server with; give a host name",
                name.escape_debug()
            ))),
        }
    }

    fn credentials(&self) -> Result<Option<Credentials<'_>>, ConnectError> {
        match (&self.settings.username, &self.settings.password) {
            (None, None) => Ok(None),
            (Some(user), Some(password)) => {
                if self.settings.tls == Tls::None && !is_loopback(&self.settings.host) {
                    return Err(self.wrong(
                        "the password would cross the network in the clear; set `tls` to \
                         `starttls` or `tls`",
                    ));
                }
                let password = password.expose();
                if user.contains('\0') || password.contains('\0') {
                    return Err(self.wrong("its user name or password holds a NUL character"));
                }
                Ok(Some(Credentials { user, password }))
            }
            (Some(_), None) => Err(self.wrong("there is a user name without a password")),
            (None, Some(_)) => Err(self.wrong("there is a password without a user name")),
        }
    }

    fn server_name(&self) -> Result<ServerName<'static>, ConnectError> {
        let host = &self.settings.host;
        ServerName::try_from(bare(host).to_owned())
            .map_err(|_| self.wrong(format!("`{host}` is no name a certificate can have")))
    }

    /// Certificates come from files, so they are read beside the runtime, once.
    async fn tls(&self) -> Result<&Arc<ClientConfig>, ConnectError> {
        self.tls
            .get_or_try_init(|| async {
                let ca_file = self.settings.ca_file.clone();
                let read = tokio::task::spawn_blocking(move || trust(ca_file.as_deref()));
                match read.await {
                    Ok(made) => made.map(Arc::new).map_err(|problem| self.wrong(problem)),
                    Err(stopped) => Err(self.wrong(stopped.to_string())),
                }
            })
            .await
    }
}

/// The reply, when it is a yes.
fn yes(reply: Reply) -> Result<Reply, Fault> {
    match reply.class() {
        2 => Ok(reply),
        4 | 5 => Err(Fault::said(&reply)),
        _ => Err(Fault::no_answer(&reply)),
    }
}

/// A host as the resolver takes it: an IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || bare(host).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
