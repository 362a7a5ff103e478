//! From a channel's settings to its way out.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{OutboxPublisher, SmtpPublisher, SmtpSettings};
use crate::core::kernel::Secret;
use crate::core::publishing::{PasswordRef, Publisher, Publishers, RunChannel, Smtp, Transport};

/// The largest file a password is read from, in bytes.
const PASSWORD_LIMIT: u64 = 4096;

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
    match reference {
        PasswordRef::Env(name) => std::env::var(name).map(Secret::new).map_err(|_| {
            format!("its password is in the variable {name}, which is not set; set it and resume")
        }),
        PasswordRef::File(path) => {
            let unreadable = |why: &dyn std::fmt::Display| {
                format!("its password is in the file {path}, which cannot be read: {why}")
            };
            let size = Path::new(path).metadata().map_err(|error| unreadable(&error))?.len();
            if size > PASSWORD_LIMIT {
                return Err(unreadable(&"it is larger than a password"));
            }
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
            Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
    }
}
