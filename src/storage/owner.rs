//! One owner per workspace folder, known by name to whoever comes second.
//!
//! Three files: `owner.lock` is locked for as long as the owner lives, and the operating system
//! lets it go when the owner dies; `owner.json` says who that is; `owner.door` is locked for an
//! instant by whoever enters, leaves or looks, so that nobody sees the other two disagree.
//!
//! **Invariant:** `owner.json` without a lock is the trace of a crash. An owner that leaves in order
//! removes it.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};

use crate::core::kernel::{Id, Timestamp};

const LOCK: &str = "owner.lock";
const DOOR: &str = "owner.door";
const CARD: &str = "owner.json";
const NEW_CARD: &str = "owner.json.new";

/// Who works a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub node: Id,
    pub pid: u32,
    /// As it was typed, for people.
    pub command: String,
    pub started_at: Timestamp,
    pub host: String,
}

/// The ownership of a workspace folder, given up when dropped.
#[derive(Debug)]
pub struct OwnerLock {
    dir: PathBuf,
    lock: File,
}

/// Why a workspace could not be owned.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    #[error("this workspace is worked by {0}; wait for it or stop it with `kill {pid}`", pid = .0.pid)]
    Held(Owner),
    #[error(
        "this workspace is worked by another process, which left no name; find it with \
         `fuser {}`, and wait for it or stop it",
        .0.display()
    )]
    HeldUnnamed(PathBuf),
    #[error(
        "the workspace folder {} cannot be locked; check that it exists and that you may write to it",
        dir.display()
    )]
    Unavailable { dir: PathBuf, source: io::Error },
}

impl OwnerLock {
    /// Makes `who` the owner of `dir`, and returns the one before when it did not leave in order,
    /// so that its leases can be released.
    ///
    /// It touches a few small files and waits for nobody: call it at the start, or off the runtime.
    ///
    /// # Errors
    /// [`OwnerError::Held`] when somebody owns it.
    pub fn acquire(dir: &Path, who: &Owner) -> Result<(Self, Option<Owner>), OwnerError> {
        let unavailable = |source| OwnerError::Unavailable { dir: dir.to_owned(), source };
        let _door = pass_door(dir).map_err(unavailable)?;
        let Some(lock) = try_lock(dir).map_err(unavailable)? else {
            return Err(read_card(dir)
                .map_or_else(|| OwnerError::HeldUnnamed(dir.join(LOCK)), OwnerError::Held));
        };
        let previous = read_card(dir);
        write_card(dir, who).map_err(unavailable)?;
        Ok((Self { dir: dir.to_owned(), lock }, previous))
    }
}

impl Drop for OwnerLock {
    fn drop(&mut self) {
        let _door = pass_door(&self.dir);
        if let Err(error) = fs::remove_file(self.dir.join(CARD)) {
            tracing::warn!(%error, "the workspace will look as if its owner had crashed");
        }
        // Before the door opens again; should it fail, closing the file does the same.
        let _ = self.lock.unlock();
    }
}

/// Who owns `dir` now; the trace of a crashed owner is nobody.
///
/// # Errors
/// [`OwnerError::HeldUnnamed`] when it is owned by somebody whose name cannot be read.
pub fn peek(dir: &Path) -> Result<Option<Owner>, OwnerError> {
    let unavailable = |source| OwnerError::Unavailable { dir: dir.to_owned(), source };
    if !dir.join(LOCK).exists() {
        return Ok(None);
    }
    let _door = pass_door(dir).map_err(unavailable)?;
    match try_lock(dir).map_err(unavailable)? {
        Some(_free) => Ok(None),
        None => read_card(dir).map(Some).ok_or_else(|| OwnerError::HeldUnnamed(dir.join(LOCK))),
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.started_at.to_datetime().to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(f, "`{}` (pid {} on host {}, since {since})", self.command, self.pid, self.host)
    }
}

fn pass_door(dir: &Path) -> io::Result<File> {
    let door = private_file(&dir.join(DOOR), false)?;
    door.lock()?;
    Ok(door)
}

/// The lock of the owner, unless somebody has it.
fn try_lock(dir: &Path) -> io::Result<Option<File>> {
    let lock = private_file(&dir.join(LOCK), false)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The card, unless there is none or it cannot be understood: then its leases end by themselves.
fn read_card(dir: &Path) -> Option<Owner> {
    let text = match fs::read(dir.join(CARD)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(%error, "the name of the workspace's owner could not be read");
            return None;
        }
    };
    serde_json::from_slice(&text)
        .inspect_err(|error| tracing::warn!(%error, "the name of the workspace's owner is garbled"))
        .ok()
}

/// Written beside and moved into place: half a card is never seen.
fn write_card(dir: &Path, who: &Owner) -> io::Result<()> {
    let new = dir.join(NEW_CARD);
    let mut file = private_file(&new, true)?;
    file.write_all(&serde_json::to_vec(who)?)?;
    file.sync_all()?;
    fs::rename(new, dir.join(CARD))
}

/// Opens a file for writing that only its owner may read, made when missing.
fn private_file(path: &Path, emptied: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(emptied);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};

    use super::*;

    const DIR_OF_THE_CHILD: &str = "FRONTIER_TEST_OWNED_DIR";

    fn owner(pid: u32) -> Owner {
        Owner {
            node: Id::NIL,
            pid,
            command: "frontier campaign start spring".to_owned(),
            started_at: "2026-03-01T09:00:00Z".parse().unwrap(),
            host: "web1".to_owned(),
        }
    }

    /// Not a test of its own: the process that [`owned_by_a_child`] starts.
    #[test]
    fn the_child_owns_until_it_is_killed() {
        let Some(dir) = std::env::var_os(DIR_OF_THE_CHILD) else { return };
        let _owned = OwnerLock::acquire(Path::new(&dir), &owner(std::process::id())).unwrap();
        io::stdout().write_all(b"\nowned\n").unwrap();
        io::stdin().read_line(&mut String::new()).unwrap();
    }

    fn owned_by_a_child(dir: &Path) -> Child {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "storage::owner::tests::the_child_owns_until_it_is_killed"])
            .env(DIR_OF_THE_CHILD, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(said.map_while(Result::ok).any(|line| line == "owned"));
        child
    }

    #[test]
    fn the_second_is_told_who_is_first() {
        let dir = tempfile::tempdir().unwrap();
        let (_lock, previous) = OwnerLock::acquire(dir.path(), &owner(4242)).unwrap();
        assert_eq!(previous, None);
        insta::assert_snapshot!(
            OwnerLock::acquire(dir.path(), &owner(1)).unwrap_err(),
            @"this workspace is worked by `frontier campaign start spring` (pid 4242 on host web1, since 2026-03-01T09:00:00Z); wait for it or stop it with `kill 4242`"
        );
        assert_eq!(peek(dir.path()).unwrap(), Some(owner(4242)));
    }

    #[test]
    fn an_orderly_exit_leaves_no_trace() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(peek(dir.path()).unwrap(), None);
        drop(OwnerLock::acquire(dir.path(), &owner(1)).unwrap());
        assert_eq!(peek(dir.path()).unwrap(), None);
        assert_eq!(OwnerLock::acquire(dir.path(), &owner(2)).unwrap().1, None);
    }

    #[test]
    fn a_killed_owner_is_taken_over_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = owned_by_a_child(dir.path());
        let refusal = OwnerLock::acquire(dir.path(), &owner(1)).unwrap_err();
        assert!(matches!(refusal, OwnerError::Held(held) if held.pid == child.id()));

        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(peek(dir.path()).unwrap(), None);
        let (_lock, previous) = OwnerLock::acquire(dir.path(), &owner(1)).unwrap();
        assert_eq!(previous.map(|owner| owner.pid), Some(child.id()));
        assert_eq!(peek(dir.path()).unwrap(), Some(owner(1)));
    }

    #[test]
    fn half_a_card_is_no_obstacle() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(CARD), br#"{"node":"0000"#).unwrap();
        let (lock, previous) = OwnerLock::acquire(dir.path(), &owner(1)).unwrap();
        assert_eq!(previous, None);

        fs::write(dir.path().join(CARD), b"{").unwrap();
        let refusal = OwnerLock::acquire(dir.path(), &owner(2)).unwrap_err();
        assert!(matches!(refusal, OwnerError::HeldUnnamed(_)));
        drop(lock);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_reads_the_files() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let _lock = OwnerLock::acquire(dir.path(), &owner(1)).unwrap();
        for file in [LOCK, DOOR, CARD] {
            let mode = fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}
