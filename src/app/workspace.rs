//! Workspaces on disk: a folder with `frontier.yaml`, and its data folder.

use std::path::{Path, PathBuf};

use super::config::{Config, EXAMPLE};
use super::wiring::{self, Parts};
use crate::api::Services;
use crate::core::campaigns::Defaults;
use crate::core::kernel::Clock;
use crate::storage::sql::{Db, DbError};

/// The file that makes a folder a workspace.
pub(super) const FILE: &str = "frontier.yaml";
const DATA: &str = ".frontier";
/// Where channels that write files write them.
const OUTBOX: &str = "outbox";

/// A workspace that was found.
#[derive(Clone, Debug)]
pub(super) struct Workspace {
    pub(super) dir: PathBuf,
    pub(super) config: Config,
}

impl Workspace {
    /// Finds the workspace: the one named, else the one around the current folder, else the user's.
    pub(super) fn find(named: Option<&Path>) -> Result<Self, String> {
        if let Some(dir) = named {
            if !dir.join(FILE).is_file() {
                let dir = dir.display();
                return Err(format!("{dir} is no workspace; `frontier init {dir}` makes it one"));
            }
            return Self::open(dir.to_owned());
        }
        let here = std::env::current_dir().map_err(|error| error.to_string())?;
        if let Some(dir) = here.ancestors().find(|dir| dir.join(FILE).is_file()) {
            return Self::open(dir.to_owned());
        }
        let dir = users_folder()?;
        if !dir.join(FILE).is_file() {
            init(&dir)?;
        }
        Self::open(dir)
    }

    fn open(dir: PathBuf) -> Result<Self, String> {
        let config = Config::read(&dir.join(FILE))?;
        Ok(Self { dir, config })
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.join(DATA)
    }

    /// Opens the store, brought up to this version's schema.
    pub(super) async fn services(&self) -> Result<Services, String> {
        let data = self.data();
        create_private(&data)?;
        let url = self.config.database(&data)?;
        let opened = async {
            let db = Db::open(&url)?;
            db.migrate().await?;
            let (clock, outbox) = (Clock::system(), self.dir.join(OUTBOX));
            wiring::services(Parts { db, clock, outbox, defaults: Defaults::default() }).await
        };
        opened.await.map_err(|error: DbError| error.to_string())
    }
}

/// Makes a workspace in `dir`; what is there already stays.
pub(super) fn init(dir: &Path) -> Result<PathBuf, String> {
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        if path.exists() {
            return Ok(());
        }
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    std::fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    write(FILE, EXAMPLE)?;
    write(".gitignore", &format!("/{DATA}/\n/{OUTBOX}/\n"))?;
    create_private(&dir.join(DATA))?;
    dir.canonicalize().map_err(|error| error.to_string())
}

/// A folder only its owner may enter.
fn create_private(dir: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| format!("{} cannot be made: {error}", dir.display()))
}

fn users_folder() -> Result<PathBuf, String> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().map_err(|error| error.to_string())?;
    Ok(base.data_dir().join("frontier"))
}
