//! The configuration: defaults < `frontier.yaml` < `FRONTIER_` variables < flags.
//!
//! Every setting has one line in [`keys::KEYS`], which reads it, shows it and names it; the file,
//! the environment and `frontier config` all go through that line. **Invariant:** the embedded
//! [`EXAMPLE`] names every setting and its default, and is the documentation of them all.

mod edit;
mod keys;
mod yaml;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tracing::level_filters::LevelFilter;

use crate::core::campaigns::Defaults;
use crate::core::kernel::nearest;
use crate::core::publishing::{Mailbox, Rates, UnsubscribeWays};
use crate::storage::sql::DbUrl;

use self::keys::{KEYS, Key};

/// The commented example that `frontier init` writes.
pub(super) const EXAMPLE: &str = include_str!("../frontier.yaml");

/// What the program is told about one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) database: Database,
    pub(super) sender: Sender,
    pub(super) unsubscribe: Unsubscribe,
    pub(super) delivery: Delivery,
    /// How fast mails may leave the workspace, by all channels together.
    pub(super) limits: Rates,
    pub(super) log: Log,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Database {
    /// A file's path may be relative to the data folder; see [`Config::store`].
    pub(super) url: DbUrl,
}

/// Whom mails come from, where channels and campaigns do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) reply_to: Option<String>,
}

/// How readers leave, where campaigns do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unsubscribe {
    pub(super) url: Option<String>,
    pub(super) email: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delivery {
    /// Mails offered and not yet recorded, at the most: the bound on duplicates after a crash.
    pub(super) in_flight: u16,
    /// Rows of the ledger leased at once.
    pub(super) batch: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) level: LevelFilter,
}

impl Config {
    /// What campaigns and channels get that do not say themselves.
    pub(super) fn defaults(&self) -> Defaults {
        let (sender, unsubscribe) = (self.sender.clone(), self.unsubscribe.clone());
        Defaults {
            from: sender.email.map(|email| Mailbox { name: sender.name, email }),
            reply_to: sender.reply_to,
            unsubscribe: UnsubscribeWays { url: unsubscribe.url, email: unsubscribe.email },
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: Database { url: DbUrl::Sqlite(PathBuf::from("frontier.db")) },
            sender: Sender::default(),
            unsubscribe: Unsubscribe::default(),
            delivery: Delivery { in_flight: 128, batch: 500 },
            limits: Rates::default(),
            log: Log { level: LevelFilter::WARN },
        }
    }
}

/// Where a setting's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    /// The file, at this line.
    File(usize),
    Environment,
}

/// A setting as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Effective {
    pub(super) key: &'static str,
    /// Null when it is not set; secrets are masked.
    pub(super) value: Value,
    pub(super) origin: Origin,
    /// The variable that overrides it.
    pub(super) variable: String,
}

/// A configuration, and where each setting of it comes from.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) config: Config,
    /// One for each of [`KEYS`].
    origins: Vec<Origin>,
}

/// Why there is no configuration, or no change to it.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfigError {
    #[error("{}:{fault}", file.display())]
    Wrong { file: PathBuf, fault: Fault },
    #[error("the variable {variable} {reason}")]
    Variable { variable: String, reason: String },
    #[error("`{key}` {reason}")]
    Value { key: &'static str, reason: String },
    #[error("there is no setting `{0}`")]
    UnknownKey(String),
    #[error("{} is written in a way that cannot be edited safely; change `{key}` by hand", file.display())]
    NotEditable { file: PathBuf, key: &'static str },
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("{} cannot be written", .0.display())]
    Unwritable(PathBuf, #[source] io::Error),
}

/// What is wrong at a place of the file. Lines and columns (in characters) count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl ConfigError {
    /// What to do about it, where there is more to say than the message does.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Wrong { fault, .. } => fault.hint.clone(),
            Self::UnknownKey(key) => Some(match nearest(key, KEYS.iter().map(|key| key.name)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`frontier config show` shows those there are".to_owned(),
            }),
            Self::Variable { .. } => Some("change it, or unset it".to_owned()),
            Self::Unreadable(_, cause) | Self::Unwritable(_, cause) => Some(cause.to_string()),
            Self::Value { .. } | Self::NotEditable { .. } => None,
        }
    }
}

impl Loaded {
    /// Reads `file`, which may be missing, under `environment`, which looks a variable up.
    pub(super) fn read(
        file: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ConfigError::Unreadable(file.to_owned(), error)),
        };
        let mut loaded = Self::parse(&text)
            .map_err(|fault| ConfigError::Wrong { file: file.to_owned(), fault })?;
        for (key, origin) in KEYS.iter().zip(&mut loaded.origins) {
            let variable = key.variable();
            // An empty variable says nothing, which is how some tools pass on an absent one.
            if let Some(value) = environment(&variable).filter(|value| !value.is_empty()) {
                (key.read)(&mut loaded.config, &value)
                    .map_err(|reason| ConfigError::Variable { variable, reason })?;
                *origin = Origin::Environment;
            }
        }
        Ok(loaded)
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let mut loaded =
            Self { config: Config::default(), origins: vec![Origin::Default; KEYS.len()] };
        for written in yaml::read(text)? {
            let key = &KEYS[written.key];
            (key.read)(&mut loaded.config, &written.value).map_err(|reason| Fault {
                line: written.line,
                column: written.column,
                message: format!("`{}` {reason}", key.name),
                hint: None,
            })?;
            loaded.origins[written.key] = Origin::File(written.line);
        }
        Ok(loaded)
    }

    /// Every setting, in the order of the example.
    pub(super) fn settings(&self) -> Vec<Effective> {
        let with_origin = KEYS.iter().zip(&self.origins);
        with_origin.map(|(key, origin)| self.effective(key, *origin)).collect()
    }

    fn effective(&self, key: &Key, origin: Origin) -> Effective {
        let variable = key.variable();
        Effective { key: key.name, value: (key.shown)(&self.config), origin, variable }
    }
}

impl Config {
    /// Where the store is, for a workspace whose data is in `data`.
    pub(super) fn store(&self, data: &Path) -> DbUrl {
        match &self.database.url {
            DbUrl::Sqlite(file) => DbUrl::Sqlite(data.join(file)),
            postgres @ DbUrl::Postgres(_) => postgres.clone(),
        }
    }
}

/// Writes `value` under `key` into `file`, whose comments and order stay.
///
/// # Errors
/// Nothing is written unless the value is valid and everything else still reads as before.
pub(super) fn set(file: &Path, key: &str, value: &str) -> Result<(), ConfigError> {
    let at = KEYS.iter().position(|known| known.name == key);
    let at = at.ok_or_else(|| ConfigError::UnknownKey(key.to_owned()))?;
    let key = &KEYS[at];
    (key.read)(&mut Config::default(), value)
        .map_err(|reason| ConfigError::Value { key: key.name, reason })?;
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => EXAMPLE.to_owned(),
        Err(error) => return Err(ConfigError::Unreadable(file.to_owned(), error)),
    };
    let wrong = |fault| ConfigError::Wrong { file: file.to_owned(), fault };
    let edited = edit::set(&text, at, value)
        .map_err(wrong)?
        .ok_or_else(|| ConfigError::NotEditable { file: file.to_owned(), key: key.name })?;
    super::files::replace(file, &edited)
        .map_err(|error| ConfigError::Unwritable(file.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    /// The example with every setting switched on.
    fn uncommented() -> String {
        let line = |line: &str| match line.trim_start().strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => {
                let indent = &line[..line.len() - line.trim_start().len()];
                format!("{indent}{rest}\n")
            }
            _ => format!("{line}\n"),
        };
        EXAMPLE.lines().map(line).collect()
    }

    fn fault(text: &str) -> String {
        let fault = Loaded::parse(text).unwrap_err();
        let hint = fault.hint.as_ref().map(|hint| format!("\n  {hint}")).unwrap_or_default();
        format!("{fault}{hint}")
    }

    #[test]
    fn the_example_names_every_setting_and_its_default() {
        assert_eq!(Loaded::parse(EXAMPLE).unwrap().config, Config::default());
        let loaded = Loaded::parse(&uncommented()).unwrap();
        assert_eq!(loaded.config, Config::default());
        let missing: Vec<_> = loaded
            .settings()
            .into_iter()
            .filter(|setting| setting.origin == Origin::Default)
            .map(|setting| setting.key)
            .collect();
        assert!(missing.is_empty(), "not in frontier.yaml: {missing:?}");
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("frontier.yaml");
        std::fs::write(&file, "delivery: { batch: 20, in_flight: 5 }\n").unwrap();
        let environment = |name: &str| (name == "FRONTIER_DELIVERY_BATCH").then(|| "40".to_owned());
        let loaded = Loaded::read(&file, environment).unwrap();
        assert_eq!(loaded.config.delivery, Delivery { in_flight: 5, batch: 40 });
        let of = |key| loaded.settings().into_iter().find(|setting| setting.key == key).unwrap();
        assert_eq!(of("delivery.batch").origin, Origin::Environment);
        assert_eq!(of("delivery.in_flight").origin, Origin::File(1));
        assert_eq!(of("log.level").origin, Origin::Default);

        let refusal = Loaded::read(&file, |_| Some("many".to_owned())).unwrap_err();
        assert_snapshot!(refusal, @"the variable FRONTIER_DATABASE_URL must be `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        assert_snapshot!(fault("databse:\n  url: x\n"), @r"
        1:1: there is no section `databse`
          did you mean `database`?
        ");
        assert_snapshot!(fault("delivery:\n  bacth: 3\n"), @r"
        2:3: `delivery` has no `bacth`
          did you mean `batch`?
        ");
        assert_snapshot!(fault("delivery:\n  batch: 0\n"), @"2:10: `delivery.batch` must be a whole number from 1 to 10000");
        assert_snapshot!(fault("log:\n  level: [warn]\n"), @"2:10: `log.level` takes one value, not a list or a mapping");
        assert_snapshot!(fault("log: warn\n"), @r"
        1:6: `log` is a section
          its settings go on lines of their own under it: level
        ");
        assert_snapshot!(fault("- log\n"), @r"
        1:1: a configuration is made of sections
          they are: database, sender, unsubscribe, delivery, limits, log
        ");
        assert_snapshot!(fault("log.level: warn\n"), @r"
        1:1: there is no section `log.level`
          write `level: …` on a line of its own under `log:`
        ");
        assert_snapshot!(fault("log:\n  level: warn\n  level: info\n"), @"3:3: `log.level` is written twice");
        assert_snapshot!(fault("log:\n\tlevel: warn\n"), @r"
        2:2: this is not YAML: tabs disallowed within this context (block indentation)
          indent with spaces, not tabs
        ");
    }

    #[test]
    fn a_password_is_never_shown() {
        let loaded = Loaded::parse(
            "database:\n  url: postgres://ana:hunter2@db.example/x?sslmode=require\n",
        )
        .unwrap();
        assert!(!format!("{loaded:?}").contains("hunter2"));
        assert_snapshot!(loaded.settings()[0].value, @r#""postgres://ana:***@db.example/x?sslmode=require""#);
    }
}
