//! Workspaces on disk: a folder with `frontier.yaml`, and its data folder.
//!
//! A workspace is the one that is named, else the nearest one around the current folder, else the
//! user's own, which is made when it is first needed. Finding one reads no configuration, so that
//! what repairs a broken file can find it too.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::config::{Config, ConfigError, EXAMPLE, Loaded};
use super::files;
use super::wiring::{self, Parts};
use crate::api::Services;
use crate::core::kernel::Clock;
use crate::storage::sql::{Db, DbError};

/// The file that makes a folder a workspace.
const FILE: &str = "frontier.yaml";
const DATA: &str = ".frontier";
/// Where channels that write files write them.
const OUTBOX: &str = "outbox";
const IGNORE: &str = ".gitignore";

/// The folder of a workspace.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) dir: PathBuf,
    /// Whether it is the user's own and was made just now.
    pub(super) is_new: bool,
}

/// A workspace whose configuration was read.
#[derive(Clone, Debug)]
pub(super) struct Workspace {
    pub(super) place: Place,
    pub(super) loaded: Loaded,
}

/// What [`init`] did.
#[derive(Debug)]
pub(super) struct Init {
    pub(super) dir: PathBuf,
    pub(super) parts: Vec<(&'static str, Part)>,
    /// A workspace around this one.
    pub(super) inside: Option<PathBuf>,
}

/// What became of one part of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Made,
    /// A line was added to what was there.
    Extended,
    /// It was there.
    Kept,
}

/// Why there is no workspace to work in.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkspaceError {
    #[error("{} is no workspace: it has no {FILE}", .0.display())]
    NoWorkspace(PathBuf),
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    #[error("{} is a file; a workspace is a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("{} is no file; move it away", .0.display())]
    InTheWay(PathBuf),
    #[error("the current folder is gone; `cd` to one that exists")]
    NowhereToStart(#[source] io::Error),
    #[error(
        "there is no home folder to keep your workspace in; set HOME, or name one with --workspace DIR"
    )]
    NoHome,
    #[error("{} cannot be made: {source}", path.display())]
    NotMade { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the store cannot be used: {0}")]
    Store(#[from] DbError),
}

impl Place {
    /// Finds the workspace: the one named, else the one around the current folder, else the user's.
    pub(super) fn find(named: Option<&Path>) -> Result<Self, WorkspaceError> {
        if let Some(dir) = named {
            return Self::named(dir);
        }
        let here = std::env::current_dir().map_err(WorkspaceError::NowhereToStart)?;
        if let Some(dir) = around(&here) {
            return Ok(Self { dir, is_new: false });
        }
        let dir = users_folder()?;
        let is_new = !dir.join(FILE).is_file();
        if is_new {
            init(&dir)?;
        }
        Ok(Self { dir, is_new })
    }

    fn named(dir: &Path) -> Result<Self, WorkspaceError> {
        let dir = dir.to_owned();
        match std::fs::metadata(&dir) {
            Ok(found) if !found.is_dir() => Err(WorkspaceError::NotAFolder(dir)),
            Ok(_) if dir.join(FILE).is_file() => Ok(Self { dir, is_new: false }),
            Ok(_) => Err(WorkspaceError::NoWorkspace(dir)),
            Err(_) => Err(WorkspaceError::NoFolder(dir)),
        }
    }

    pub(super) fn config_file(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    /// Where the store, the working data and the mails of the outbox are.
    pub(super) fn data(&self) -> PathBuf {
        self.dir.join(DATA)
    }

    /// Reads its configuration, under the process's environment.
    pub(super) fn load(&self) -> Result<Loaded, ConfigError> {
        // A value that is no text fails as one that is no value of its setting.
        let variable =
            |name: &str| std::env::var_os(name).map(|text| text.to_string_lossy().into_owned());
        Loaded::read(&self.config_file(), variable)
    }

    pub(super) fn open(self) -> Result<Workspace, WorkspaceError> {
        let loaded = self.load()?;
        Ok(Workspace { place: self, loaded })
    }
}

impl Workspace {
    pub(super) const fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// Opens the store, brought up to this version's schema, and the services over it.
    pub(super) async fn services(&self) -> Result<(Db, Services), WorkspaceError> {
        let data = self.place.data();
        files::private_folder(&data)
            .map_err(|source| WorkspaceError::NotMade { path: data.clone(), source })?;
        let db = Db::open(&self.config().store(&data))?;
        db.migrate().await?;
        let (clock, outbox) = (Clock::system(), self.place.dir.join(OUTBOX));
        let defaults = self.config().defaults();
        let limits = self.config().limits;
        let parts = Parts { db: db.clone(), clock, outbox, defaults, limits };
        let services = wiring::services(parts).await?;
        Ok((db, services))
    }
}

/// Makes a workspace in `dir`; what is there already stays.
pub(super) fn init(dir: &Path) -> Result<Init, WorkspaceError> {
    let not_made = |path: &Path| {
        let path = path.to_owned();
        move |source| WorkspaceError::NotMade { path, source }
    };
    let made = match std::fs::create_dir_all(dir) {
        Err(error)
            if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotADirectory) =>
        {
            return Err(WorkspaceError::NotAFolder(dir.to_owned()));
        }
        other => other,
    };
    made.map_err(not_made(dir))?;
    let dir = dir.canonicalize().map_err(not_made(dir))?;
    let inside = dir.parent().and_then(around);

    let data = dir.join(DATA);
    let data_is_new = !data.exists();
    files::private_folder(&data).map_err(not_made(&data))?;
    let ignore = ignore(&dir.join(IGNORE)).map_err(not_made(&dir.join(IGNORE)))?;
    // Last, since it is what makes the folder a workspace.
    let file = dir.join(FILE);
    let file_is_new = files::make(&file, EXAMPLE).map_err(not_made(&file))?;
    if !file.is_file() {
        return Err(WorkspaceError::InTheWay(file));
    }
    let part = |is_new| if is_new { Part::Made } else { Part::Kept };
    let parts = vec![(FILE, part(file_is_new)), (DATA, part(data_is_new)), (IGNORE, ignore)];
    Ok(Init { dir, parts, inside })
}

/// Sees to it that the data folder and the mails of the outbox are not committed.
fn ignore(path: &Path) -> io::Result<Part> {
    let line = |folder: &str| format!("/{folder}/\n");
    if files::make(path, &[DATA, OUTBOX].map(line).concat())? {
        return Ok(Part::Made);
    }
    let text = std::fs::read_to_string(path)?;
    let said = |folder: &str| text.lines().any(|line| line.trim().trim_matches('/') == folder);
    let missing: String =
        [DATA, OUTBOX].into_iter().filter(|folder| !said(folder)).map(line).collect();
    if missing.is_empty() {
        return Ok(Part::Kept);
    }
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    files::replace(path, &format!("{text}{gap}{missing}"))?;
    Ok(Part::Extended)
}

/// The nearest workspace that `dir` is or lies in.
fn around(dir: &Path) -> Option<PathBuf> {
    dir.ancestors().find(|dir| dir.join(FILE).is_file()).map(Path::to_owned)
}

fn users_folder() -> Result<PathBuf, WorkspaceError> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().map_err(|_| WorkspaceError::NoHome)?;
    Ok(base.data_dir().join("frontier"))
}
