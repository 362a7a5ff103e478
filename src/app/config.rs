//! The configuration: defaults < `frontier.yaml` < `FRONTIER_` variables < flags.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::core::kernel::Secret;
use crate::storage::sql::DbUrl;

/// The commented example that `frontier init` writes, which is also the documentation of every key.
pub(super) const EXAMPLE: &str = include_str!("frontier.yaml");

/// What `frontier.yaml` may say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    pub(super) database: Database,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Database {
    /// `postgres://…`, or absent for the file in the data folder.
    pub(super) url: Option<String>,
}

impl Config {
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let mut config = match std::fs::read_to_string(file) {
            Ok(text) => {
                Self::parse(&text).map_err(|error| format!("{}: {error}", file.display()))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(format!("{} cannot be read: {error}", file.display())),
        };
        if let Ok(url) = std::env::var("FRONTIER_DATABASE_URL") {
            config.database.url = Some(url);
        }
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self, serde_yaml::Error> {
        // A file in which every line is a comment holds nothing, which YAML calls null.
        Ok(serde_yaml::from_str::<Option<Self>>(text)?.unwrap_or_default())
    }

    /// Where the store is, for a workspace whose data is in `data`.
    pub(super) fn database(&self, data: &Path) -> Result<DbUrl, String> {
        match self.database.url.as_deref() {
            None => Ok(DbUrl::Sqlite(data.join("frontier.db"))),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(DbUrl::Postgres(Secret::new(url.to_owned())))
            }
            Some(url) => match url.strip_prefix("sqlite:") {
                Some(path) => Ok(DbUrl::Sqlite(data.join(PathBuf::from(path)))),
                None => Err("database.url must start with postgres:// or sqlite:".into()),
            },
        }
    }
}
