//! A file on its way, for code that blocks.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf as _, Bytes};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::core::contacts::ImportError;

/// A file on its way, as it arrives.
pub type Upload = BoxStream<'static, io::Result<Bytes>>;

/// An upload as a blocking reader, for a thread beside the runtime.
pub(super) struct Incoming {
    upload: Upload,
    runtime: Handle,
    piece: Bytes,
    arrived: Arc<AtomicU64>,
    /// Cancelled when nobody waits for the file any more: a stalled upload must not hold a thread.
    unwanted: CancellationToken,
}

impl Incoming {
    /// `arrived` is counted up by the bytes that are read.
    pub(super) fn new(
        upload: Upload,
        runtime: Handle,
        arrived: Arc<AtomicU64>,
        unwanted: CancellationToken,
    ) -> Self {
        Self { upload, runtime, piece: Bytes::new(), arrived, unwanted }
    }
}

impl BufRead for Incoming {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.piece.is_empty() {
            let (upload, unwanted) = (&mut self.upload, &self.unwanted);
            let next = self.runtime.block_on(async {
                tokio::select! {
                    next = upload.next() => next,
                    () = unwanted.cancelled() => None,
                }
            });
            match next {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => {
                    return Err(io::Error::other(ImportError::BrokenOff(error.to_string())));
                }
                None => break,
            }
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, amount: usize) {
        self.piece.advance(amount);
        self.arrived.fetch_add(amount as u64, Ordering::Relaxed);
    }
}

impl Read for Incoming {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let piece = self.fill_buf()?;
        let count = piece.len().min(out.len());
        out[..count].copy_from_slice(&piece[..count]);
        self.consume(count);
        Ok(count)
    }
}
