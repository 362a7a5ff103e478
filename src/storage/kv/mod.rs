//! Working data: cache, counters and streams that SQL can rebuild.
//!
//! Values live in *namespaces*, are dropped when their time is over, and a whole namespace is
//! cleared by moving on to its next version, never by scanning its keys. *Streams* are numbered
//! from 1, and a number is never given twice while the folder lives.
//!
//! **Invariant:** nothing here is the only copy of anything. Losing all of it costs speed, never
//! data; [`Kv::epoch`] tells those who keep positions in it that it was lost.

mod sled;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::core::kernel::{Clock, Id};

pub use self::sled::SledKv;

/// The working data of an installation. Clones share it.
#[derive(Clone, Debug)]
pub enum Kv {
    Sled(SledKv),
}

/// Why the working data could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    #[error(
        "the working data in {} is in use by another process; stop that process, or send it the \
         command instead of working beside it",
        .0.display()
    )]
    Locked(PathBuf),
    #[error(
        "the working data cannot be read or written; check the free space and the permissions of \
         the workspace's data folder"
    )]
    Unavailable(#[source] io::Error),
    #[error("the working data is damaged ({0}); restart, and it is put aside and rebuilt")]
    Damaged(String),
    #[error("the working data's engine refused: {0}; restart, and report it if it comes back")]
    Engine(String),
    #[error(
        "`{key}` in `{namespace}` holds no number that can be added to; remove it and count again"
    )]
    NotACounter { namespace: String, key: String },
}

impl Kv {
    /// Opens the sled folder `dir`, made when missing, and the lock file `<dir>.lock` beside it.
    ///
    /// A damaged folder is moved to `<dir>.damaged-<millis>` with a warning, and a new one made.
    ///
    /// # Errors
    /// [`KvError::Locked`] when another process keeps it open, [`KvError::Unavailable`] when the
    /// disk cannot be written.
    pub async fn open(dir: &Path, clock: Clock) -> Result<Self, KvError> {
        SledKv::open(dir, clock).await.map(Self::Sled)
    }

    /// The identity of this store, made with it: another epoch means that everything was lost.
    pub fn epoch(&self) -> Id {
        match self {
            Self::Sled(kv) => kv.epoch(),
        }
    }

    /// Makes everything written so far survive a crash; without it, up to the last second may go.
    pub async fn flush(&self) -> Result<(), KvError> {
        match self {
            Self::Sled(kv) => kv.flush().await,
        }
    }

    pub async fn get(&self, namespace: &str, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        match self {
            Self::Sled(kv) => kv.get(namespace, key).await,
        }
    }

    /// Stores `value`, for `ttl` from now or until it is removed.
    pub async fn set(
        &self,
        namespace: &str,
        key: &str,
        value: Vec<u8>,
        ttl: Option<Duration>,
    ) -> Result<(), KvError> {
        match self {
            Self::Sled(kv) => kv.set(namespace, key, value, ttl).await,
        }
    }

    pub async fn remove(&self, namespace: &str, key: &str) -> Result<(), KvError> {
        match self {
            Self::Sled(kv) => kv.remove(namespace, key).await,
        }
    }

    /// Adds `delta` to a counter in one step and returns its new value; an absent one is 0.
    ///
    /// `ttl` counts from the add that made the counter; later ones do not prolong it. [`Kv::get`]
    /// reads a counter as decimal text.
    ///
    /// # Errors
    /// [`KvError::NotACounter`] when the key holds something else, or the sum leaves an `i64`.
    pub async fn add(
        &self,
        namespace: &str,
        key: &str,
        delta: i64,
        ttl: Option<Duration>,
    ) -> Result<i64, KvError> {
        match self {
            Self::Sled(kv) => kv.add(namespace, key, delta, ttl).await,
        }
    }

    /// Forgets every key of `namespace`, in the same time however many there are.
    pub async fn clear(&self, namespace: &str) -> Result<(), KvError> {
        match self {
            Self::Sled(kv) => kv.clear(namespace).await,
        }
    }

    /// Frees the room of expired and cleared values, a bounded number of them, and says how many.
    ///
    /// It runs by itself in the background: at the opening, after a clear and every few thousand
    /// writes that expire.
    pub async fn sweep(&self) -> Result<usize, KvError> {
        match self {
            Self::Sled(kv) => kv.sweep().await,
        }
    }

    /// Appends `payloads` to `stream`, all or none, and returns the number of the last one (or the
    /// stream's last when there are none).
    pub async fn append(&self, stream: &str, payloads: Vec<Vec<u8>>) -> Result<u64, KvError> {
        match self {
            Self::Sled(kv) => kv.append(stream, payloads).await,
        }
    }

    /// The number of the last entry ever appended to `stream`; 0 before the first.
    pub async fn tail(&self, stream: &str) -> Result<u64, KvError> {
        match self {
            Self::Sled(kv) => kv.tail(stream).await,
        }
    }

    /// Up to `limit` entries numbered above `after`, oldest first.
    pub async fn read(
        &self,
        stream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, KvError> {
        match self {
            Self::Sled(kv) => kv.read(stream, after, limit).await,
        }
    }

    /// Drops all but the last `keep` numbers of `stream`.
    pub async fn trim(&self, stream: &str, keep: u64) -> Result<(), KvError> {
        match self {
            Self::Sled(kv) => kv.trim(stream, keep).await,
        }
    }

    /// Drops one entry; its number is not given again.
    pub async fn drop_entry(&self, stream: &str, seq: u64) -> Result<(), KvError> {
        match self {
            Self::Sled(kv) => kv.drop_entry(stream, seq).await,
        }
    }

    /// How far `group` has read `stream`; 0 before it began.
    pub async fn cursor(&self, stream: &str, group: &str) -> Result<u64, KvError> {
        match self {
            Self::Sled(kv) => kv.cursor(stream, group).await,
        }
    }

    pub async fn set_cursor(&self, stream: &str, group: &str, seq: u64) -> Result<(), KvError> {
        match self {
            Self::Sled(kv) => kv.set_cursor(stream, group, seq).await,
        }
    }
}
