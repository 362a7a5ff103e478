//! From a channel's settings to its way out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{OutboxPublisher, SmtpPublisher, SmtpSettings};
use crate::core::kernel::Secret;
use crate::core::publishing::{
    DkimSettings, KeyError, PasswordRef, Publisher, Publishers, RunChannel, Signer, SigningKey,
    Smtp, Transport, ascii_domain,
};

/// The largest file a password is read from, in bytes.
const PASSWORD_LIMIT: u64 = 4096;
/// The largest file a private key is read from, in bytes.
const KEY_LIMIT: u64 = 65_536;

/// Opens the channels of a workspace.
#[derive(Clone, Debug)]
pub struct ChannelPublishers {
    outbox: PathBuf,
}

impl ChannelPublishers {
    /// Channels that write files write them below `outbox`, in a folder each.
    pub const fn new(outbox: PathBuf) -> Self {
        Self { outbox }
    }
}

impl Publishers for ChannelPublishers {
    fn open(&self, channel: &RunChannel) -> Result<Arc<dyn Publisher>, String> {
        match &channel.settings.transport {
            Transport::Outbox => {
                Ok(Arc::new(OutboxPublisher::new(self.outbox.join(&channel.name))))
            }
            Transport::Smtp(smtp) => Ok(Arc::new(SmtpPublisher::new(settings(smtp)?))),
        }
    }

    fn signers(&self, signatures: &[DkimSettings]) -> Result<Vec<Signer>, String> {
        signatures.iter().map(signer).collect()
    }
}

fn settings(smtp: &Smtp) -> Result<SmtpSettings, String> {
    Ok(SmtpSettings {
        host: smtp.host.clone(),
        port: smtp.port,
        tls: smtp.tls,
        username: smtp.username.clone(),
        password: smtp.password.as_ref().map(password).transpose()?,
        timeout: Duration::from_secs(smtp.timeout_seconds.into()),
        hello_name: None,
        ca_file: smtp.ca_file.as_ref().map(PathBuf::from),
    })
}

fn password(reference: &PasswordRef) -> Result<Secret, String> {
    read(reference, "its password", PASSWORD_LIMIT)
}

fn signer(settings: &DkimSettings) -> Result<Signer, String> {
    let DkimSettings { domain, selector, key } = settings;
    let what = format!("its DKIM key `{selector}`");
    let unusable = |error: KeyError| {
        let place = match key {
            PasswordRef::Env(name) => format!("the variable {name}"),
            PasswordRef::File(path) => format!("the file {path}"),
        };
        format!("{what} in {place} cannot be used: {error}")
    };
    let key = SigningKey::from_pem(&read(key, &what, KEY_LIMIT)?).map_err(unusable)?;
    let domain = domain.as_deref().map(|domain| {
        ascii_domain(domain).ok_or_else(|| format!("the domain `{domain}` of {what} is none"))
    });
    Ok(Signer { domain: domain.transpose()?, selector: selector.clone(), key: Arc::new(key) })
}

/// Reads the secret `what` where `reference` says, from a file of at most `limit` bytes.
fn read(reference: &PasswordRef, what: &str, limit: u64) -> Result<Secret, String> {
    match reference {
        PasswordRef::Env(name) => std::env::var(name).map(Secret::new).map_err(|_| {
            format!("{what} is in the variable {name}, which is not set; set it and resume")
        }),
        PasswordRef::File(path) => {
            let unreadable = |why: &dyn std::fmt::Display| {
                format!("{what} is in the file {path}, which cannot be read: {why}")
            };
            let size = Path::new(path).metadata().map_err(|error| unreadable(&error))?.len();
            if size > limit {
                return Err(unreadable(&"it is larger than one can be"));
            }
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
            Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
    }
}
