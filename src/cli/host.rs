//! What commands need from the program around them: a workspace, its configuration, a client.
//!
//! The composition implements this; commands see no floor below the routes. The configuration is
//! here and not behind a route because it is the file of a folder on this machine: it says where
//! the store is, so it must be read and mended when no store opens and no route can answer.

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::error::CommandError;
use crate::client::Client;

/// The program around a command.
pub trait Host: Send + Sync {
    /// Makes a workspace in `dir`; what is there already stays.
    fn init(&self, dir: &Path) -> Result<Made, CommandError>;

    /// The folder of the workspace that commands are about.
    fn workspace(&self) -> Result<PathBuf, CommandError>;

    /// The same program around another workspace.
    fn at(&self, workspace: &Path) -> Box<dyn Host>;

    /// A new folder for what need not stay, whose name begins with `name`.
    fn temporary_folder(&self, name: &str) -> Result<PathBuf, CommandError>;

    /// Makes a key to sign mails with in the new file `path`; gives the record that its domain
    /// publishes. It is no route: the key stays where it is made.
    fn make_signing_key(&self, path: &Path) -> Result<String, CommandError>;

    /// A client of that workspace's routes.
    fn client(&self) -> BoxFuture<'_, Result<Client, CommandError>>;

    /// A client of the routes that need no workspace; none is looked for.
    fn client_without_workspace(&self) -> Client;

    /// Leaves the workspace in order, after the last command.
    fn leave(&self) -> BoxFuture<'_, ()>;

    /// Starts to work what waits of one campaign (its id), in this process.
    fn work(&self, campaign: &str) -> BoxFuture<'_, Result<Work, CommandError>>;

    /// Starts to work all that waits and all that is scheduled, in this process: until told to drain
    /// or, when `once`, until nothing is due. What happens is told as `news`.
    fn work_all(
        &self,
        once: bool,
        news: UnboundedSender<News>,
    ) -> BoxFuture<'_, Result<Work, CommandError>>;

    /// The workspace's configuration file, whether or not it can be read.
    fn config_file(&self) -> Result<PathBuf, CommandError>;

    /// Every setting in force.
    fn settings(&self) -> Result<Vec<Setting>, CommandError>;

    /// Writes a setting into the file, whose comments and order stay.
    fn set(&self, key: &str, value: &str) -> Result<(), CommandError>;

    /// The commented configuration that a new workspace gets.
    fn config_example(&self) -> &'static str;

    /// Looks at everything around the store and at what it is told to be; opens and makes nothing.
    fn inspect(&self) -> BoxFuture<'_, Vec<Check>>;
}

/// Whether this process works.
#[derive(Debug)]
pub enum Work {
    /// It does, until it is told to drain.
    Started(Box<dyn Workers>),
    /// Another one owns the workspace; this says which.
    Held(String),
}

/// Workers in this process.
pub trait Workers: Send + std::fmt::Debug {
    /// Takes no more work, ends what is in hand, and gives the workspace up.
    fn drain(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// What happens to workers, and when.
#[derive(Clone, Debug)]
pub struct News {
    /// As routes write times.
    pub at: String,
    pub what: Happening,
}

/// What workers tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// What became of a time of a campaign's schedule, in the words of its history.
    Schedule { campaign: String, due_at: String, outcome: String, reason: Option<String> },
    /// A run of it is worked here.
    Sending { campaign: String },
    /// The run is worked no more, and the campaign stands so.
    Sent {
        campaign: String,
        status: String,
        accepted: u64,
        failed: u64,
        /// Whether its mails are files here.
        is_outbox: bool,
        trouble: Option<String>,
    },
    /// Nothing of its run is due before then.
    Waits { campaign: String, until: String },
    /// Working its run failed, and is tried again later.
    Trouble { campaign: String, error: String },
    /// The schedules could not be looked at.
    Blind { error: String },
    /// They are there: the runs they work, and when the next schedule is due.
    Beat { jobs: usize, next_at: Option<String> },
    /// Nothing is due, for those that work once.
    Done,
}

impl Happening {
    /// Whether a campaign was not sent that should have been.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Schedule { outcome, .. } => outcome == "failed",
            Self::Sent { trouble, .. } => trouble.is_some(),
            Self::Trouble { .. } | Self::Blind { .. } => true,
            Self::Sending { .. } | Self::Waits { .. } | Self::Beat { .. } | Self::Done => false,
        }
    }
}

/// A workspace that was made, or was there.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    pub dir: PathBuf,
    pub parts: Vec<MadePart>,
    /// A workspace around this one.
    pub inside: Option<PathBuf>,
}

/// A file or folder of a workspace.
#[derive(Clone, Debug, Serialize)]
pub struct MadePart {
    pub name: String,
    pub state: PartState,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    Made,
    Extended,
    Kept,
}

/// A setting in force.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    pub key: String,
    /// Null when not set; passwords are masked.
    pub value: Value,
    /// `default`, `file` or `environment`.
    pub source: Source,
    /// The line of the file or the variable's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Default,
    File,
    Environment,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub name: String,
    pub status: CheckStatus,
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    Ok,
    /// Frontier works, and something should be seen to.
    Warning,
    /// Something does not work.
    Failed,
}

impl Check {
    pub fn ok(name: &str, message: impl Into<String>) -> Self {
        Self::new(name, CheckStatus::Ok, message.into(), None)
    }

    pub fn warning(name: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(name, CheckStatus::Warning, message.into(), Some(hint.into()))
    }

    pub fn failed(name: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(name, CheckStatus::Failed, message.into(), Some(hint.into()))
    }

    fn new(name: &str, status: CheckStatus, message: String, hint: Option<String>) -> Self {
        Self { name: name.to_owned(), status, message, hint: hint.filter(|hint| !hint.is_empty()) }
    }
}
