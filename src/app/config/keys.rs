//! The settings there are: one line each.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use url::Url;

use super::Config;
use crate::core::kernel::Secret;
use crate::storage::sql::DbUrl;

/// A setting.
pub(super) struct Key {
    /// `section.name`.
    pub(super) name: &'static str,
    /// Takes a value as it is written; a refusal goes on after the setting's name.
    pub(super) read: fn(&mut Config, &str) -> Result<(), String>,
    /// The value for people and programs: null when not set, secrets masked.
    pub(super) shown: fn(&Config) -> Value,
}

/// Every setting, in the order of the example.
pub(super) const KEYS: &[Key] = &[
    Key {
        name: "database.url",
        read: |config, text| put(&mut config.database.url, database_url(text)),
        shown: |config| masked(&config.database.url).into(),
    },
    Key {
        name: "sender.name",
        read: |config, text| put(&mut config.sender.name, given(text, line)),
        shown: |config| config.sender.name.clone().into(),
    },
    Key {
        name: "sender.email",
        read: |config, text| put(&mut config.sender.email, given(text, address)),
        shown: |config| config.sender.email.clone().into(),
    },
    Key {
        name: "sender.reply_to",
        read: |config, text| put(&mut config.sender.reply_to, given(text, address)),
        shown: |config| config.sender.reply_to.clone().into(),
    },
    Key {
        name: "unsubscribe.url",
        read: |config, text| put(&mut config.unsubscribe.url, given(text, page)),
        shown: |config| config.unsubscribe.url.clone().into(),
    },
    Key {
        name: "unsubscribe.email",
        read: |config, text| put(&mut config.unsubscribe.email, given(text, address)),
        shown: |config| config.unsubscribe.email.clone().into(),
    },
    Key {
        name: "delivery.in_flight",
        read: |config, text| put(&mut config.delivery.in_flight, number(text, 1..=10_000)),
        shown: |config| config.delivery.in_flight.into(),
    },
    Key {
        name: "delivery.batch",
        read: |config, text| put(&mut config.delivery.batch, number(text, 1..=10_000)),
        shown: |config| config.delivery.batch.into(),
    },
    Key {
        name: "limits.per_second",
        read: |config, text| put(&mut config.limits.per_second, limit(text)),
        shown: |config| config.limits.per_second.into(),
    },
    Key {
        name: "limits.per_minute",
        read: |config, text| put(&mut config.limits.per_minute, limit(text)),
        shown: |config| config.limits.per_minute.into(),
    },
    Key {
        name: "limits.per_hour",
        read: |config, text| put(&mut config.limits.per_hour, limit(text)),
        shown: |config| config.limits.per_hour.into(),
    },
    Key {
        name: "limits.per_day",
        read: |config, text| put(&mut config.limits.per_day, limit(text)),
        shown: |config| config.limits.per_day.into(),
    },
    Key {
        name: "log.level",
        read: |config, text| put(&mut config.log.level, level(text)),
        shown: |config| config.log.level.to_string().into(),
    },
];

impl Key {
    /// The variable that overrides it.
    pub(super) fn variable(&self) -> String {
        format!("FRONTIER_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// Its section and its name there.
    pub(super) fn parts(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').unwrap_or(("", self.name))
    }
}

fn put<T>(setting: &mut T, value: Result<T, String>) -> Result<(), String> {
    *setting = value?;
    Ok(())
}

/// An empty text takes a value away.
fn given(text: &str, read: fn(&str) -> Result<String, String>) -> Result<Option<String>, String> {
    let text = text.trim();
    (!text.is_empty()).then(|| read(text)).transpose()
}

/// An empty text takes a limit away.
fn limit(text: &str) -> Result<Option<u32>, String> {
    let text = text.trim();
    let text = Some(text).filter(|text| !text.is_empty());
    text.map(|text| number(text, 1..=1_000_000_000)).transpose()
}

fn line(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("must be one line of text".into());
    }
    Ok(text.to_owned())
}

fn address(text: &str) -> Result<String, String> {
    let is_address = text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.starts_with('.')
    });
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',');
    if !is_address || text.contains(odd) {
        return Err("must be a mail address alone, such as `ana@spring.example`".into());
    }
    Ok(text.to_owned())
}

fn page(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.fragment().is_none() => {
            Ok(text.to_owned())
        }
        _ => Err("must be the address of a page, such as `https://spring.example/leave`".into()),
    }
}

fn number<T: FromStr + PartialOrd + Display>(
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
}

fn level(text: &str) -> Result<LevelFilter, String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let text = text.trim().to_ascii_lowercase();
    let known = LEVELS.contains(&text.as_str()).then(|| text.parse().ok()).flatten();
    known.ok_or_else(|| format!("must be one of {}", LEVELS.join(", ")))
}

fn database_url(text: &str) -> Result<DbUrl, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Config::default().database.url);
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(DbUrl::Postgres(Secret::new(text.to_owned())));
    }
    match text.strip_prefix("sqlite:") {
        Some(":memory:") => {
            Err("must be a file: a store in memory is gone when the command ends".into())
        }
        Some(file) if !file.is_empty() => Ok(DbUrl::Sqlite(PathBuf::from(file))),
        _ => Err("must be `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`".into()),
    }
}

/// The address of the store without what gives access to it.
fn masked(url: &DbUrl) -> String {
    let secret = match url {
        DbUrl::Sqlite(file) => return format!("sqlite:{}", file.display()),
        DbUrl::Postgres(secret) => secret,
    };
    // What cannot be taken apart cannot be masked in part.
    let Ok(mut url) = Url::parse(secret.expose()) else { return "postgres://***".into() };
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return "postgres://***".into();
    }
    if url.query_pairs().any(|(name, _)| name.contains("password")) {
        url.set_query(Some("***"));
    }
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_pages_are_judged() {
        assert!(address("ana.núñez@spring.example").is_ok());
        for wrong in ["ana", "@x", "a@", "a@.x", "Ana <a@x.y>", "a@x.y, b@x.y", "a@x.y\nBcc: z"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
        assert!(page("https://x.y/leave?list=1").is_ok());
        for wrong in ["x.y/leave", "ftp://x.y", "javascript:alert(1)", "https://x.y/#there"] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_store_is_a_file_or_a_server() {
        for wrong in ["mysql://x", "sqlite:", "sqlite::memory:", "frontier.db"] {
            assert!(database_url(wrong).is_err(), "{wrong}");
        }
        let url = database_url("postgresql://h/db?user=a&password=hunter2").unwrap();
        assert!(!masked(&url).contains("hunter2"));
    }
}
