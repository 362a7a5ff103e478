//! What `frontier doctor` finds out about a workspace without opening its store.
//!
//! It makes nothing and repairs nothing. A check is one function; a new one is one line of
//! [`workspace`].

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::config::Config;
use super::workspace::Place;
use crate::cli::error::CommandError;
use crate::cli::host::Check;
use crate::storage::owner;
use crate::storage::sql::DbUrl;

/// Less free space than this is worth a warning, in bytes.
const LITTLE_SPACE: u64 = 512 * 1024 * 1024;
/// With less than this nothing can be relied on, in bytes.
const NO_SPACE: u64 = 16 * 1024 * 1024;

/// Every check of a workspace that was found.
pub(super) async fn workspace(place: Place) -> Vec<Check> {
    let checks = tokio::task::spawn_blocking(move || {
        let data = place.data();
        let mut checks = vec![Check::ok("workspace", place.dir.display().to_string())];
        match place.load() {
            Ok(loaded) => {
                let file = place.config_file().display().to_string();
                checks.push(Check::ok("configuration", file));
                checks.extend([store_file(&loaded.config, &data)]);
                checks.extend([sender(&loaded.config), unsubscribe(&loaded.config)]);
            }
            Err(error) => {
                let error = CommandError::from(&error);
                let hint = error.hints.join("; ");
                checks.push(Check::failed("configuration", error.message, hint));
            }
        }
        checks.extend([data_folder(&data), free_space(&data), worker(&data), working_data(&data)]);
        checks.push(Check::ok(
            "secrets",
            "passwords come from the environment or from files; no keyring is needed",
        ));
        checks
    });
    checks.await.unwrap_or_else(|error| {
        vec![Check::failed("workspace", error.to_string(), "run `frontier doctor` again")]
    })
}

fn store_file(config: &Config, data: &Path) -> Check {
    let name = "store file";
    let file = match config.store(data) {
        DbUrl::Postgres(_) => return Check::ok(name, "none: the store is a PostgreSQL server"),
        DbUrl::Sqlite(file) => file,
    };
    match fs::metadata(&file) {
        Ok(found) if found.is_file() => {
            Check::ok(name, format!("{} ({})", file.display(), megabytes(found.len())))
        }
        Ok(_) => {
            let hint = "name a file in database.url";
            Check::failed(name, format!("{} is no file", file.display()), hint)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Check::ok(name, format!("{} is made when it is first needed", file.display()))
        }
        Err(error) => Check::failed(
            name,
            format!("{} cannot be looked at: {error}", file.display()),
            "check who may read the folders above it",
        ),
    }
}

fn data_folder(data: &Path) -> Check {
    let name = "data folder";
    let found = match fs::metadata(data) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Check::ok(name, "is made when it is first needed");
        }
        Err(error) => {
            let hint = format!("check who may read {}", data.display());
            return Check::failed(name, error.to_string(), hint);
        }
    };
    if !found.is_dir() {
        let hint = "move the file away, and run `frontier init`";
        return Check::failed(name, format!("{} is a file", data.display()), hint);
    }
    if let Err(error) = tempfile_in(data) {
        let hint = format!("check who may write to {}", data.display());
        return Check::failed(name, format!("cannot be written: {error}"), hint);
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            let hint = format!("`chmod 700 {}` keeps contacts private", data.display());
            return Check::warning(name, format!("others may look into it (mode {mode:o})"), hint);
        }
    }
    Check::ok(name, format!("{} is private and writable", data.display()))
}

/// Whether a file can be made and removed in `dir`.
fn tempfile_in(dir: &Path) -> std::io::Result<()> {
    let probe = dir.join(format!(".doctor-{}", std::process::id()));
    fs::write(&probe, b"probe").and_then(|()| fs::remove_file(&probe))
}

fn free_space(data: &Path) -> Check {
    let name = "free space";
    let Some(dir) = data.ancestors().find(|dir| dir.is_dir()) else {
        return Check::failed(name, "there is no folder to look at", "run `frontier init`");
    };
    match rustix::fs::statvfs(dir) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let words = format!("{} on the disk of the data folder", megabytes(free));
            match free {
                0..NO_SPACE => Check::failed(name, words, "free some before anything is sent"),
                NO_SPACE..LITTLE_SPACE => Check::warning(name, words, "free some soon"),
                LITTLE_SPACE.. => Check::ok(name, words),
            }
        }
        Err(error) => Check::warning(name, format!("cannot be told: {error}"), ""),
    }
}

fn worker(data: &Path) -> Check {
    let name = "worker";
    match owner::peek(data) {
        Ok(None) => Check::ok(name, "nobody works this workspace now"),
        Ok(Some(owner)) => Check::ok(name, format!("worked by {owner}")),
        Err(error) => Check::warning(name, error.to_string(), ""),
    }
}

fn working_data(data: &Path) -> Check {
    let name = "working data";
    let damaged = fs::read_dir(data).into_iter().flatten().flatten();
    let damaged: Vec<_> = damaged
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|file| file.starts_with("kv.damaged-"))
        .collect();
    if damaged.is_empty() {
        return Check::ok(name, "no damaged copies were put aside");
    }
    let hint = format!(
        "it was rebuilt and nothing is lost; check the disk, then `rm -r {}/kv.damaged-*`",
        data.display()
    );
    Check::warning(name, format!("was damaged and put aside: {}", damaged.join(", ")), hint)
}

fn sender(config: &Config) -> Check {
    let name = "sender";
    match (&config.sender.name, &config.sender.email) {
        (Some(who), Some(email)) => Check::ok(name, format!("{who} <{email}>")),
        (None, Some(email)) => Check::ok(name, email.clone()),
        (_, None) => Check::warning(
            name,
            "no default: each channel or campaign must say whom its mails come from",
            "`frontier config set sender.email YOU@DOMAIN`",
        ),
    }
}

fn unsubscribe(config: &Config) -> Check {
    let name = "unsubscribe";
    let ways = [&config.unsubscribe.url, &config.unsubscribe.email];
    let ways: Vec<_> = ways.into_iter().flatten().map(String::as_str).collect();
    if ways.is_empty() {
        return Check::warning(
            name,
            "no default: a bulk mail without a way out is refused",
            "`frontier config set unsubscribe.email LEAVE@DOMAIN`, or unsubscribe.url",
        );
    }
    Check::ok(name, ways.join(", "))
}

fn megabytes(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1_000_000.0;
    if megabytes >= 1000.0 {
        format!("{:.1} GB", megabytes / 1000.0)
    } else {
        format!("{megabytes:.1} MB")
    }
}
