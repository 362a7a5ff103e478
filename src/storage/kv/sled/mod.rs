//! Working data in a sled folder, for one process at a time.
//!
//! sled blocks, so each call runs on the blocking pool and outlives a caller that hangs up.
//! `folder` opens and replaces the folder, `values` and `streams` lay out what is in it.

mod folder;
mod streams;
mod values;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::spawn_blocking;

use self::folder::Folder;
use super::KvError;
use crate::core::kernel::{Clock, Id};

/// Writes that expire between two sweeps.
const WRITES_A_SWEEP: u32 = 4096;

/// A sled folder, shared by its clones; the last one to go writes it out and lets it go.
#[derive(Clone)]
pub struct SledKv(Arc<Shared>);

struct Shared {
    folder: Folder,
    clock: Clock,
    expiring_writes: AtomicU32,
    sweeping: AtomicBool,
}

impl SledKv {
    pub(super) async fn open(dir: &Path, clock: Clock) -> Result<Self, KvError> {
        let folder = Folder::open(dir, &clock).await?;
        let kv = Self(Arc::new(Shared {
            folder,
            clock,
            expiring_writes: AtomicU32::new(0),
            sweeping: AtomicBool::new(false),
        }));
        kv.sweep_behind();
        Ok(kv)
    }

    pub(super) fn epoch(&self) -> Id {
        self.0.folder.epoch
    }

    pub(super) async fn flush(&self) -> Result<(), KvError> {
        self.run(|shared| Ok(shared.folder.db.flush().map(drop)?)).await
    }

    pub(super) async fn get(&self, space: &str, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        let (space, key) = (space.to_owned(), key.to_owned());
        self.run(move |shared| shared.folder.values.get(&space, &key, shared.clock.now())).await
    }

    pub(super) async fn set(
        &self,
        space: &str,
        key: &str,
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<(), KvError> {
        let (space, key) = (space.to_owned(), key.to_owned());
        self.count_write(ttl);
        self.run(move |shared| {
            let end = ttl.map(|ttl| shared.clock.now().plus(ttl));
            shared.folder.values.set(&space, &key, &value, end)
        })
        .await
    }

    pub(super) async fn remove(&self, space: &str, key: &str) -> Result<(), KvError> {
        let (space, key) = (space.to_owned(), key.to_owned());
        self.run(move |shared| shared.folder.values.remove(&space, &key)).await
    }

    pub(super) async fn add(
        &self,
        space: &str,
        key: &str,
        delta: i64,
        ttl: Option<Duration>,
    ) -> Result<i64, KvError> {
        let (space, key) = (space.to_owned(), key.to_owned());
        self.count_write(ttl);
        self.run(move |shared| {
            shared.folder.values.add(&space, &key, delta, ttl, shared.clock.now())
        })
        .await
    }

    pub(super) async fn clear(&self, space: &str) -> Result<(), KvError> {
        let space = space.to_owned();
        self.run(move |shared| shared.folder.values.clear(&space)).await?;
        self.sweep_behind();
        Ok(())
    }

    pub(super) async fn sweep(&self) -> Result<usize, KvError> {
        self.run(|shared| shared.folder.values.sweep(shared.clock.now())).await
    }

    pub(super) async fn append(
        &self,
        stream: &str,
        payloads: Vec<Vec<u8>>,
    ) -> Result<u64, KvError> {
        let stream = stream.to_owned();
        self.run(move |shared| shared.folder.streams.append(&stream, payloads)).await
    }

    pub(super) async fn tail(&self, stream: &str) -> Result<u64, KvError> {
        let stream = stream.to_owned();
        self.run(move |shared| shared.folder.streams.tail(&stream)).await
    }

    pub(super) async fn read(
        &self,
        stream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, KvError> {
        let stream = stream.to_owned();
        self.run(move |shared| shared.folder.streams.read(&stream, after, limit)).await
    }

    pub(super) async fn trim(&self, stream: &str, keep: u64) -> Result<(), KvError> {
        let stream = stream.to_owned();
        self.run(move |shared| shared.folder.streams.trim(&stream, keep)).await
    }

    pub(super) async fn drop_entry(&self, stream: &str, seq: u64) -> Result<(), KvError> {
        let stream = stream.to_owned();
        self.run(move |shared| shared.folder.streams.drop_entry(&stream, seq)).await
    }

    pub(super) async fn cursor(&self, stream: &str, group: &str) -> Result<u64, KvError> {
        let (stream, group) = (stream.to_owned(), group.to_owned());
        self.run(move |shared| shared.folder.streams.cursor(&stream, &group)).await
    }

    pub(super) async fn set_cursor(
        &self,
        stream: &str,
        group: &str,
        seq: u64,
    ) -> Result<(), KvError> {
        let (stream, group) = (stream.to_owned(), group.to_owned());
        self.run(move |shared| shared.folder.streams.set_cursor(&stream, &group, seq)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, KvError> + Send + 'static,
    ) -> Result<T, KvError> {
        let shared = Arc::clone(&self.0);
        let done = in_background(move || work(&shared)).await;
        if let Err(KvError::Damaged(_)) = &done {
            self.0.folder.condemn();
        }
        done
    }

    fn count_write(&self, ttl: Option<Duration>) {
        if ttl.is_some() {
            let before = self.0.expiring_writes.fetch_add(1, Ordering::Relaxed);
            if before % WRITES_A_SWEEP == WRITES_A_SWEEP - 1 {
                self.sweep_behind();
            }
        }
    }

    /// Sweeps without making anyone wait; one sweep at a time.
    fn sweep_behind(&self) {
        if self.0.sweeping.swap(true, Ordering::AcqRel) {
            return;
        }
        let shared = Arc::clone(&self.0);
        drop(spawn_blocking(move || {
            if let Err(error) = shared.folder.values.sweep(shared.clock.now()) {
                tracing::warn!(%error, "expired working data could not be swept");
            }
            shared.sweeping.store(false, Ordering::Release);
        }));
    }
}

impl fmt::Debug for SledKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledKv").field("epoch", &self.epoch()).finish_non_exhaustive()
    }
}

/// Runs `work` on the blocking pool; the engine panics on damage, which becomes an error here.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KvError> + Send + 'static,
) -> Result<T, KvError> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => Err(KvError::Damaged("its engine gave up".to_owned())),
        Err(_) => Err(KvError::Engine("the program is stopping".to_owned())),
    }
}

impl From<::sled::Error> for KvError {
    fn from(error: ::sled::Error) -> Self {
        match error {
            ::sled::Error::Io(error) => Self::Unavailable(error),
            ::sled::Error::Corruption { .. } => {
                Self::Damaged("a checksum does not match".to_owned())
            }
            other => Self::Engine(other.to_string()),
        }
    }
}

/// `name` with its length before it, so that no name is the beginning of another.
fn framed(kind: &[u8], name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(kind.len() + 8 + name.len() + 16);
    key.extend_from_slice(kind);
    key.extend_from_slice(&(name.len() as u64).to_be_bytes());
    key.extend_from_slice(name.as_bytes());
    key
}

/// A number stored in eight bytes; anything else is damage.
fn number(bytes: &[u8]) -> Result<u64, KvError> {
    bytes
        .try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| KvError::Damaged("a number of the wrong length".to_owned()))
}
