//! Streams and cursors, all in one tree so that an append and its last number are one step.
//!
//! Keys: `t<name>` the last number given, `e<name><seq>` an entry, `c<name><group>` a cursor.

use std::sync::{Mutex, PoisonError};

use ::sled::{Batch, Db, Tree};

use super::{framed, number};
use crate::storage::kv::KvError;

pub(super) struct Streams {
    tree: Tree,
    /// Held from reading the last number to writing the next: no number is given twice.
    appending: Mutex<()>,
}

impl Streams {
    pub(super) fn open(db: &Db) -> Result<Self, KvError> {
        Ok(Self { tree: db.open_tree("streams")?, appending: Mutex::new(()) })
    }

    pub(super) fn append(&self, stream: &str, payloads: Vec<Vec<u8>>) -> Result<u64, KvError> {
        let _turn = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tail = self.tail(stream)?;
        let mut batch = Batch::default();
        for payload in payloads {
            tail += 1;
            batch.insert(entry(stream, tail), payload);
        }
        batch.insert(framed(b"t", stream), &tail.to_be_bytes());
        self.tree.apply_batch(batch)?;
        Ok(tail)
    }

    pub(super) fn tail(&self, stream: &str) -> Result<u64, KvError> {
        self.number_at(framed(b"t", stream))
    }

    pub(super) fn read(
        &self,
        stream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, KvError> {
        let newer = entry(stream, after.saturating_add(1))..=entry(stream, u64::MAX);
        self.tree
            .range(newer)
            .take(limit)
            .map(|found| {
                let (key, payload) = found?;
                Ok((number(key.last_chunk::<8>().map_or(&[], |seq| seq))?, payload.to_vec()))
            })
            .collect()
    }

    pub(super) fn trim(&self, stream: &str, keep: u64) -> Result<(), KvError> {
        let last_dropped = self.tail(stream)?.saturating_sub(keep);
        for key in self.tree.range(entry(stream, 0)..=entry(stream, last_dropped)).keys() {
            self.tree.remove(key?)?;
        }
        Ok(())
    }

    pub(super) fn drop_entry(&self, stream: &str, seq: u64) -> Result<(), KvError> {
        self.tree.remove(entry(stream, seq))?;
        Ok(())
    }

    pub(super) fn cursor(&self, stream: &str, group: &str) -> Result<u64, KvError> {
        self.number_at(cursor(stream, group))
    }

    pub(super) fn set_cursor(&self, stream: &str, group: &str, seq: u64) -> Result<(), KvError> {
        self.tree.insert(cursor(stream, group), &seq.to_be_bytes())?;
        Ok(())
    }

    fn number_at(&self, key: Vec<u8>) -> Result<u64, KvError> {
        self.tree.get(key)?.map_or(Ok(0), |bytes| number(&bytes))
    }
}

fn entry(stream: &str, seq: u64) -> Vec<u8> {
    let mut key = framed(b"e", stream);
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

fn cursor(stream: &str, group: &str) -> Vec<u8> {
    let mut key = framed(b"c", stream);
    key.extend_from_slice(group.as_bytes());
    key
}
