//! The folder itself: locked, opened, and replaced when it is damaged.
//!
//! What it holds can be rebuilt, so a start never fails over its contents: a folder that does not
//! open, that lost its epoch, or that was condemned while in use, is moved aside.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::sled::Db;

use super::in_background;
use super::streams::Streams;
use super::values::Values;
use crate::core::kernel::{Clock, Id};
use crate::storage::kv::KvError;

const CACHE_BYTES: u64 = 16 * 1024 * 1024;
const FLUSH_EVERY_MILLIS: u64 = 1000;
const EPOCH: &[u8] = b"epoch";
/// A file that says: the engine met damage in here, do not open this again.
const CONDEMNED: &str = "condemned";
/// The engine's threads let go of their files a little after it is closed.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// An open folder. Its lock comes last: it is let go when everything else has been.
pub(super) struct Folder {
    pub(super) values: Values,
    pub(super) streams: Streams,
    pub(super) db: Db,
    pub(super) epoch: Id,
    dir: PathBuf,
    _lock: File,
}

/// Why a folder did not open.
enum Refusal {
    /// Its contents are at fault; a new folder would open.
    Contents(String),
    /// Something else is.
    Other(KvError),
}

impl Folder {
    pub(super) async fn open(dir: &Path, clock: &Clock) -> Result<Self, KvError> {
        for _ in 1..LOCK_TRIES {
            match Self::try_open(dir, clock).await {
                Err(KvError::Locked(_)) => tokio::time::sleep(LOCK_PAUSE).await,
                done => return done,
            }
        }
        Self::try_open(dir, clock).await
    }

    /// Has the folder moved aside at the next start.
    pub(super) fn condemn(&self) {
        if let Err(error) = File::create(self.dir.join(CONDEMNED)) {
            tracing::warn!(%error, "damaged working data could not be marked");
        }
    }

    async fn try_open(dir: &Path, clock: &Clock) -> Result<Self, KvError> {
        let (dir, clock) = (dir.to_owned(), clock.clone());
        in_background(move || {
            make_dir(dir.parent().unwrap_or(&dir)).map_err(KvError::Unavailable)?;
            let lock = lock(&dir)?;
            match Self::read(&dir, &lock, &clock) {
                Ok(folder) => return Ok(folder),
                Err(Refusal::Other(error)) => return Err(error),
                Err(Refusal::Contents(reason)) => move_aside(&dir, &reason, &clock)?,
            }
            Self::read(&dir, &lock, &clock).map_err(|refusal| match refusal {
                Refusal::Contents(reason) => KvError::Engine(reason),
                Refusal::Other(error) => error,
            })
        })
        .await
    }

    fn read(dir: &Path, lock: &File, clock: &Clock) -> Result<Self, Refusal> {
        if dir.join(CONDEMNED).exists() {
            return Err(Refusal::Contents("damage was met while it was in use".to_owned()));
        }
        let existed = dir.exists();
        if !existed {
            make_dir(dir).map_err(|error| Refusal::Other(KvError::Unavailable(error)))?;
        }
        let lock = lock.try_clone().map_err(|error| Refusal::Other(KvError::Unavailable(error)))?;
        // The engine panics on some damage. Nothing it was given outlives the panic.
        let open = AssertUnwindSafe(|| Self::open_engine(dir, lock, existed, clock));
        catch_unwind(open)
            .unwrap_or_else(|_| Err(Refusal::Contents("its engine gave up on it".to_owned())))
    }

    fn open_engine(dir: &Path, lock: File, existed: bool, clock: &Clock) -> Result<Self, Refusal> {
        // Its low-space mode, the default, opens as fast as the other: some 5 ms when small, 10 to
        // 30 ms with 100 000 entries, half a second when those were just written.
        let db = ::sled::Config::new()
            .path(dir)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(Some(FLUSH_EVERY_MILLIS))
            .open()
            .map_err(|error| refusal(error, dir))?;
        let epoch = match db.get(EPOCH).map_err(|error| refusal(error, dir))? {
            Some(epoch) => <[u8; 16]>::try_from(&*epoch)
                .map(Id::from_bytes)
                .map_err(|_| Refusal::Contents("its epoch is no id".to_owned()))?,
            None if existed => {
                return Err(Refusal::Contents("its epoch is missing".to_owned()));
            }
            None => {
                let epoch = clock.new_id();
                db.insert(EPOCH, epoch.as_bytes()).map_err(|error| refusal(error, dir))?;
                db.flush().map_err(|error| refusal(error, dir))?;
                epoch
            }
        };
        let contents = |error: KvError| Refusal::Contents(error.to_string());
        Ok(Self {
            values: Values::open(&db).map_err(contents)?,
            streams: Streams::open(&db).map_err(contents)?,
            db,
            epoch,
            dir: dir.to_owned(),
            _lock: lock,
        })
    }
}

/// Locks the file beside the folder, which stays where it is when the folder is moved.
fn lock(dir: &Path) -> Result<File, KvError> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(beside(dir, "lock"))
        .map_err(KvError::Unavailable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(KvError::Locked(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(KvError::Unavailable(error)),
    }
}

fn refusal(error: ::sled::Error, dir: &Path) -> Refusal {
    match error {
        // Nobody else holds our lock, so the engine's own is held by a thread about to end.
        ::sled::Error::Io(error) if error.to_string().starts_with("could not acquire lock") => {
            Refusal::Other(KvError::Locked(dir.to_owned()))
        }
        ::sled::Error::Io(error) if is_the_disks_fault(&error) => {
            Refusal::Other(KvError::Unavailable(error))
        }
        error => Refusal::Contents(error.to_string()),
    }
}

fn is_the_disks_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
    )
}

fn move_aside(dir: &Path, reason: &str, clock: &Clock) -> Result<(), KvError> {
    let mut millis = clock.now().as_millis();
    let aside = loop {
        let aside = beside(dir, &format!("damaged-{millis}"));
        if !aside.exists() {
            break aside;
        }
        millis += 1;
    };
    fs::rename(dir, &aside).map_err(KvError::Unavailable)?;
    tracing::warn!(
        reason,
        moved_to = %aside.display(),
        "the working data was damaged; it was put aside and is built anew"
    );
    Ok(())
}

/// `<dir>.<extension>`, whatever dots the name of the folder has.
fn beside(dir: &Path, extension: &str) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// Makes a folder, with its parents, that only its owner can look into.
fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}
