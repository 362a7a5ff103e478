//! The host of commands in this process.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::OnceCell;
use tokio::sync::mpsc::UnboundedSender;

use super::config::{self, ConfigError, Effective, Origin};
use super::files;
use super::inspect;
use super::workers::{LocalWorkers, Settings, Task, WorkersError};
use super::workspace::{self, Init, Part, Place, Workspace, WorkspaceError};
use crate::api::{self, Services};
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::host::{Check, Host, Made, MadePart, News, PartState, Setting, Source, Work};
use crate::cli::output::{Output, OutputArgs};
use crate::client::Client;
use crate::core::kernel::{BadId, Clock};
use crate::core::publishing::SigningKey;
use crate::storage::owner::OwnerError;
use crate::storage::sql::Db;

/// Finds the workspace when a command first needs it, and opens it when it needs its routes.
#[derive(Debug)]
pub(super) struct LocalHost {
    named: Option<PathBuf>,
    output: OutputArgs,
    found: OnceLock<Place>,
    opened: OnceCell<(Db, Services)>,
}

impl LocalHost {
    pub(super) fn new(named: Option<PathBuf>, output: OutputArgs) -> Self {
        Self { named, output, found: OnceLock::new(), opened: OnceCell::new() }
    }

    fn find(&self) -> Result<Place, WorkspaceError> {
        if let Some(place) = self.found.get() {
            return Ok(place.clone());
        }
        let place = Place::find(self.named.as_deref())?;
        if place.is_new {
            Output::standard(self.output.clone()).note(format_args!(
                "There is no workspace here; made your own in {}.",
                place.dir.display()
            ));
        }
        Ok(self.found.get_or_init(|| place).clone())
    }

    /// The workspace with its configuration; from here on its log level holds.
    fn open(&self) -> Result<Workspace, WorkspaceError> {
        let workspace = self.find()?.open()?;
        super::log_to_stderr(workspace.config().log.level, self.output.colors_on_stderr());
        Ok(workspace)
    }
}

impl LocalHost {
    /// The workspace's services, opened once.
    async fn services(&self) -> Result<&Services, CommandError> {
        let open = async { Ok::<_, CommandError>(self.open()?.services().await?) };
        self.opened.get_or_try_init(|| open).await.map(|(_, services)| services)
    }

    /// Starts to work in this process, unless another one owns the workspace.
    async fn start(&self, task: Task) -> Result<Work, CommandError> {
        let workspace = self.open()?;
        let delivery = workspace.config().delivery.clone();
        let settings = Settings {
            in_flight: delivery.in_flight,
            batch: delivery.batch,
            task,
            command: std::env::args().collect::<Vec<_>>().join(" "),
        };
        let services = self.services().await?.clone();
        match LocalWorkers::start(&workspace.place.data(), services, settings).await {
            Ok(workers) => Ok(Work::Started(Box::new(workers))),
            Err(WorkersError::Owner(held @ (OwnerError::Held(_) | OwnerError::HeldUnnamed(_)))) => {
                Ok(Work::Held(held.to_string()))
            }
            Err(error) => Err(CommandError::failed(error.to_string())),
        }
    }
}

impl Host for LocalHost {
    fn init(&self, dir: &Path) -> Result<Made, CommandError> {
        Ok(workspace::init(dir)?.into())
    }

    fn workspace(&self) -> Result<PathBuf, CommandError> {
        Ok(self.find()?.dir)
    }

    fn at(&self, workspace: &Path) -> Box<dyn Host> {
        Box::new(Self::new(Some(workspace.to_owned()), self.output.clone()))
    }

    fn temporary_folder(&self, name: &str) -> Result<PathBuf, CommandError> {
        let id = Clock::system().new_id().simple();
        let dir = std::env::temp_dir().join(format!("{name}-{}", &id[20..]));
        files::private_folder(&dir).map_err(|error| {
            CommandError::failed(format!("{} cannot be made: {error}", dir.display()))
        })?;
        Ok(dir)
    }

    fn make_signing_key(&self, path: &Path) -> Result<String, CommandError> {
        let pem = SigningKey::new_pem(Clock::system().random_bytes());
        let key = SigningKey::from_pem(&pem);
        let key = key.map_err(|error| CommandError::failed(error.to_string()))?;
        match files::make_private(path, pem.expose()) {
            Ok(true) => Ok(key.record()),
            Ok(false) => {
                let message = format!("{} is there already", path.display());
                let hint = "name another file: a key that is in use is not overwritten";
                Err(CommandError::new(Exit::ConflictOrInvalid, message).hint(hint))
            }
            Err(error) => {
                let message = format!("{} cannot be made: {error}", path.display());
                Err(CommandError::failed(message))
            }
        }
    }

    fn client(&self) -> BoxFuture<'_, Result<Client, CommandError>> {
        async { Ok(Client::in_process(api::router(self.services().await?.clone()))) }.boxed()
    }

    fn client_without_workspace(&self) -> Client {
        Client::in_process(api::router_without_workspace(Clock::system()))
    }

    fn leave(&self) -> BoxFuture<'_, ()> {
        async {
            if let Some((db, _)) = self.opened.get()
                && let Err(error) = db.leave().await
            {
                tracing::warn!(%error, "the store's log was left as it is");
            }
        }
        .boxed()
    }

    fn work(&self, campaign: &str) -> BoxFuture<'_, Result<Work, CommandError>> {
        let subject = campaign.parse();
        async move {
            let subject = subject.map_err(|error: BadId| CommandError::usage(error.to_string()))?;
            self.start(Task::Campaign(subject)).await
        }
        .boxed()
    }

    fn work_all(
        &self,
        once: bool,
        news: UnboundedSender<News>,
    ) -> BoxFuture<'_, Result<Work, CommandError>> {
        self.start(Task::All { once, news }).boxed()
    }

    fn config_file(&self) -> Result<PathBuf, CommandError> {
        Ok(self.find()?.config_file())
    }

    fn settings(&self) -> Result<Vec<Setting>, CommandError> {
        Ok(self.open()?.loaded.settings().into_iter().map(Setting::from).collect())
    }

    fn set(&self, key: &str, value: &str) -> Result<(), CommandError> {
        config::set(&self.find()?.config_file(), key, value).map_err(|error| (&error).into())
    }

    fn config_example(&self) -> &'static str {
        config::EXAMPLE
    }

    fn inspect(&self) -> BoxFuture<'_, Vec<Check>> {
        async {
            match self.find() {
                Ok(place) => inspect::workspace(place).await,
                Err(error) => {
                    let error = CommandError::from(error);
                    vec![Check::failed("workspace", error.message, error.hints.join("; "))]
                }
            }
        }
        .boxed()
    }
}

impl From<WorkspaceError> for CommandError {
    fn from(error: WorkspaceError) -> Self {
        let (exit, hint) = match &error {
            WorkspaceError::NoWorkspace(dir) | WorkspaceError::NoFolder(dir) => {
                let hint = format!("`frontier init {}` makes it a workspace", dir.display());
                (Exit::NotFound, Some(hint))
            }
            WorkspaceError::NotAFolder(_) => {
                (Exit::ConflictOrInvalid, Some("name a folder, or one to be made".to_owned()))
            }
            WorkspaceError::InTheWay(_) => (Exit::ConflictOrInvalid, None),
            WorkspaceError::NotMade { source, .. } => (Exit::Failed, remedy(source.kind())),
            WorkspaceError::Store(_) => {
                (Exit::Failed, Some("`frontier doctor` looks into it".to_owned()))
            }
            WorkspaceError::NowhereToStart(_) | WorkspaceError::NoHome => (Exit::Failed, None),
            WorkspaceError::Config(error) => return error.into(),
        };
        let command = Self::new(exit, error.to_string());
        hint.into_iter().fold(command, Self::hint)
    }
}

impl From<&ConfigError> for CommandError {
    fn from(error: &ConfigError) -> Self {
        let exit = match error {
            ConfigError::UnknownKey(_) => Exit::NotFound,
            ConfigError::Unreadable(..) | ConfigError::Unwritable(..) => Exit::Failed,
            _ => Exit::ConflictOrInvalid,
        };
        let command = Self::new(exit, error.to_string());
        error.hint().into_iter().fold(command, Self::hint)
    }
}

fn remedy(kind: ErrorKind) -> Option<String> {
    let remedy = match kind {
        ErrorKind::PermissionDenied => "you may not write there; choose another folder",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full; free some space",
        ErrorKind::ReadOnlyFilesystem => "the disk is read-only; choose another folder",
        _ => return None,
    };
    Some(remedy.to_owned())
}

impl From<Init> for Made {
    fn from(init: Init) -> Self {
        let part = |(name, part): (&str, Part)| MadePart {
            name: name.to_owned(),
            state: match part {
                Part::Made => PartState::Made,
                Part::Extended => PartState::Extended,
                Part::Kept => PartState::Kept,
            },
        };
        Self {
            dir: init.dir,
            parts: init.parts.into_iter().map(part).collect(),
            inside: init.inside,
        }
    }
}

impl From<Effective> for Setting {
    fn from(setting: Effective) -> Self {
        let (source, place) = match setting.origin {
            Origin::Default => (Source::Default, None),
            Origin::File(line) => (Source::File, Some(format!("line {line}"))),
            Origin::Environment => (Source::Environment, Some(setting.variable)),
        };
        Self { key: setting.key.to_owned(), value: setting.value, source, place }
    }
}
