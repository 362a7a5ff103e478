//! What commands need from the program around them: a workspace, a client for it, workers.
//!
//! The composition implements this; commands see no floor below the routes.

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;

use super::error::CommandError;
use crate::client::Client;

/// The program around a command.
pub trait Host: Sync {
    /// Makes a workspace in `dir`; says what was made.
    fn init(&self, dir: &Path) -> Result<PathBuf, CommandError>;

    /// The folder of the workspace that commands are about.
    fn workspace(&self) -> Result<PathBuf, CommandError>;

    /// A client of that workspace's routes.
    fn client(&self) -> BoxFuture<'_, Result<Client, CommandError>>;
}
