//! Values with an end, in namespaces with a version.
//!
//! A key is `<namespace><version><key>`, its record the instant of its end (eight bytes) and the
//! value. `ends` orders what expires by that instant, and `spaces` keeps each namespace's version
//! (`v<namespace>`) with the versions left behind (`d<namespace><version>`), so that a sweep finds
//! its work without a scan. Entries of `ends` may be stale: the record decides.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use ::sled::{Batch, Db, Tree};

use super::{framed, number};
use crate::core::kernel::Timestamp;
use crate::storage::kv::KvError;

/// The most values one sweep removes, so that it never keeps the program from stopping.
const SWEPT_AT_ONCE: usize = 10_000;
const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

pub(super) struct Values {
    records: Tree,
    ends: Tree,
    spaces: Tree,
    /// Read while a value is used, written while a namespace moves on: no write lands in a version
    /// that has been left.
    versions: RwLock<HashMap<String, u64>>,
}

impl Values {
    pub(super) fn open(db: &Db) -> Result<Self, KvError> {
        let spaces = db.open_tree("spaces")?;
        let mut versions = HashMap::new();
        for found in spaces.scan_prefix(b"v") {
            let (key, version) = found?;
            let name = String::from_utf8_lossy(&key[1..]).into_owned();
            versions.insert(name, number(&version)?);
        }
        Ok(Self {
            records: db.open_tree("values")?,
            ends: db.open_tree("ends")?,
            spaces,
            versions: RwLock::new(versions),
        })
    }

    pub(super) fn get(
        &self,
        space: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, KvError> {
        self.at(space, key, |key| {
            let record = self.records.get(key)?;
            Ok(record.and_then(|record| live(&record, now).map(|(_, value)| value.to_vec())))
        })
    }

    pub(super) fn set(
        &self,
        space: &str,
        key: &str,
        value: &[u8],
        end: Option<Timestamp>,
    ) -> Result<(), KvError> {
        self.at(space, key, |key| {
            self.note_end(key, end)?;
            self.records.insert(key, record(end, value))?;
            Ok(())
        })
    }

    pub(super) fn remove(&self, space: &str, key: &str) -> Result<(), KvError> {
        self.at(space, key, |key| {
            self.records.remove(key)?;
            Ok(())
        })
    }

    pub(super) fn add(
        &self,
        space: &str,
        key: &str,
        delta: i64,
        ttl: Option<Duration>,
        now: Timestamp,
    ) -> Result<i64, KvError> {
        let not_a_counter =
            || KvError::NotACounter { namespace: space.to_owned(), key: key.to_owned() };
        self.at(space, key, |key| {
            loop {
                let old = self.records.get(key)?;
                let (count, end) =
                    if let Some((end, text)) = old.as_ref().and_then(|old| live(old, now)) {
                        (decimal(text).ok_or_else(not_a_counter)?, Some(end))
                    } else {
                        let end = ttl.map(|ttl| now.plus(ttl));
                        self.note_end(key, end)?;
                        (0, end)
                    };
                let sum = count.checked_add(delta).ok_or_else(not_a_counter)?;
                let new = record(end, sum.to_string().as_bytes());
                if self.records.compare_and_swap(key, old, Some(new))?.is_ok() {
                    return Ok(sum);
                }
            }
        })
    }

    pub(super) fn clear(&self, space: &str) -> Result<(), KvError> {
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        let old = versions.get(space).copied().unwrap_or_default();
        let mut batch = Batch::default();
        batch.insert([b"v".as_slice(), space.as_bytes()].concat(), &(old + 1).to_be_bytes());
        batch.insert([b"d".as_slice(), &prefix(space, old)].concat(), &[]);
        self.spaces.apply_batch(batch)?;
        versions.insert(space.to_owned(), old + 1);
        Ok(())
    }

    pub(super) fn sweep(&self, now: Timestamp) -> Result<usize, KvError> {
        let mut swept = 0;
        for left in self.spaces.scan_prefix(b"d").keys() {
            let left = left?;
            for key in self.records.scan_prefix(&left[1..]).keys() {
                self.records.remove(key?)?;
                swept += 1;
                if swept == SWEPT_AT_ONCE {
                    return Ok(swept);
                }
            }
            self.spaces.remove(left)?;
        }
        // Values are live until their end, so those that end at `now` have ended.
        let still_live = instant(now.plus(Duration::from_millis(1)));
        for note in self.ends.range(..still_live).keys().take(SWEPT_AT_ONCE - swept) {
            let note = note?;
            let key = &note[8..];
            if let Some(record) = self.records.get(key)?
                && live(&record, now).is_none()
                && self.records.compare_and_swap(key, Some(record), None::<&[u8]>)?.is_ok()
            {
                swept += 1;
            }
            self.ends.remove(note)?;
        }
        Ok(swept)
    }

    /// Does `work` on the full key, in the namespace's version of now, which cannot move meanwhile.
    fn at<T>(
        &self,
        space: &str,
        key: &str,
        work: impl FnOnce(&[u8]) -> Result<T, KvError>,
    ) -> Result<T, KvError> {
        let versions = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        let mut full = prefix(space, versions.get(space).copied().unwrap_or_default());
        full.extend_from_slice(key.as_bytes());
        work(&full)
    }

    /// Written before the record, so that no record that ends is ever without its note.
    fn note_end(&self, key: &[u8], end: Option<Timestamp>) -> Result<(), KvError> {
        if let Some(end) = end {
            self.ends.insert([&instant(end)[..], key].concat(), &[])?;
        }
        Ok(())
    }
}

fn prefix(space: &str, version: u64) -> Vec<u8> {
    let mut key = framed(b"", space);
    key.extend_from_slice(&version.to_be_bytes());
    key
}

/// Eight bytes that sort as time does; times before 1970 count as 1970.
fn instant(time: Timestamp) -> [u8; 8] {
    u64::try_from(time.as_millis()).unwrap_or_default().to_be_bytes()
}

fn record(end: Option<Timestamp>, value: &[u8]) -> Vec<u8> {
    [&instant(end.unwrap_or(NEVER))[..], value].concat()
}

/// The end and the value of a record that has not ended.
fn live(record: &[u8], now: Timestamp) -> Option<(Timestamp, &[u8])> {
    let (end, value) = record.split_first_chunk::<8>()?;
    let end = i64::try_from(u64::from_be_bytes(*end)).map_or(NEVER, Timestamp::from_millis);
    (now < end).then_some((end, value))
}

fn decimal(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
