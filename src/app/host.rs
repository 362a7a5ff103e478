//! The host of commands in this process.

use std::path::{Path, PathBuf};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::workspace::{self, Workspace};
use crate::api;
use crate::cli::error::CommandError;
use crate::cli::host::Host;
use crate::client::Client;

/// Opens the workspace when a command first needs it.
#[derive(Debug)]
pub(super) struct LocalHost {
    named: Option<PathBuf>,
}

impl LocalHost {
    pub(super) const fn new(named: Option<PathBuf>) -> Self {
        Self { named }
    }

    fn find(&self) -> Result<Workspace, CommandError> {
        Workspace::find(self.named.as_deref()).map_err(CommandError::failed)
    }
}

impl Host for LocalHost {
    fn init(&self, dir: &Path) -> Result<PathBuf, CommandError> {
        workspace::init(dir).map_err(CommandError::failed)
    }

    fn workspace(&self) -> Result<PathBuf, CommandError> {
        Ok(self.find()?.dir)
    }

    fn client(&self) -> BoxFuture<'_, Result<Client, CommandError>> {
        async {
            let services = self.find()?.services().await.map_err(CommandError::failed)?;
            Ok(Client::in_process(api::router(services)))
        }
        .boxed()
    }
}
