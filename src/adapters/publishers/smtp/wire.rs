//! Bytes out and replies in, at the same time.
//!
//! A server that answers while it is still being written to is read meanwhile, so that neither
//! side waits for the other to empty its buffers. What is written is never copied: it waits as
//! slices of the mails themselves, which leave together.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_util::io::{poll_read_buf, poll_write_buf};

use super::fault::{Fault, until};
use super::reply::{Replies, Reply};

/// How much is read at once, in bytes.
const READ: usize = 2048;

/// A connection, with TLS or without.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that speaks in replies.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    replies: Replies,
    outgoing: Outgoing,
    /// Whether something that was written may wait in the stream.
    unflushed: bool,
    /// Why nothing can be written any more; what the server said before can still be read.
    deaf: Option<Fault>,
    /// Bytes ever given to be written, and those that were.
    queued: u64,
    written: u64,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            replies: Replies::default(),
            outgoing: Outgoing::default(),
            unflushed: false,
            deaf: None,
            queued: 0,
            written: 0,
        }
    }

    /// The bare connection; `None` when something came that nobody has read.
    pub(super) fn into_stream(self) -> Option<Box<dyn Stream>> {
        self.replies.is_empty().then_some(self.stream)
    }

    /// Lets `bytes` leave with the next wait for a reply.
    pub(super) fn queue(&mut self, bytes: Bytes) {
        self.queued += bytes.len() as u64;
        if !bytes.is_empty() {
            self.outgoing.parts.push_back(bytes);
        }
    }

    /// Where the next byte that is queued will stand among all that leave.
    pub(super) const fn end(&self) -> u64 {
        self.queued
    }

    /// Whether everything before this place has left.
    pub(super) const fn has_left(&self, place: u64) -> bool {
        place <= self.written
    }

    /// Writes what is queued, and gives the next reply.
    pub(super) async fn reply(&mut self, end: Instant) -> Result<Reply, Fault> {
        until(end, poll_fn(|cx| self.poll_reply(cx))).await
    }

    /// Whether the server has said nothing since the last reply, and has not hung up.
    pub(super) async fn is_quiet(&mut self) -> bool {
        poll_fn(|cx| Poll::Ready(self.poll_reply(cx).is_pending())).await
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Result<Reply, Fault>> {
        if self.deaf.is_none()
            && let Poll::Ready(Err(fault)) = self.poll_send(cx)
        {
            self.deaf = Some(fault);
        }
        loop {
            if let Some(reply) = self.replies.take()? {
                return Poll::Ready(Ok(reply));
            }
            let buffer = self.replies.buffer();
            buffer.reserve(READ);
            let read = ready!(poll_read_buf(Pin::new(&mut self.stream), cx, buffer));
            match (read, self.deaf.take()) {
                (Ok(0), None) => return Poll::Ready(Err(Fault::hung_up())),
                (Ok(0) | Err(_), Some(fault)) => return Poll::Ready(Err(fault)),
                (Ok(_), deaf) => self.deaf = deaf,
                (Err(error), None) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        while self.outgoing.has_remaining() {
            let written =
                ready!(poll_write_buf(Pin::new(&mut self.stream), cx, &mut self.outgoing))?;
            if written == 0 {
                return Poll::Ready(Err(Fault::hung_up()));
            }
            self.written += written as u64;
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// What waits to be written, in order; no part is empty.
#[derive(Default)]
struct Outgoing {
    parts: VecDeque<Bytes>,
}

impl Buf for Outgoing {
    fn remaining(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    fn has_remaining(&self) -> bool {
        !self.parts.is_empty()
    }

    fn chunk(&self) -> &[u8] {
        self.parts.front().map_or(&[], |part| part)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slice, part) in slices.iter_mut().zip(&self.parts) {
            *slice = IoSlice::new(part);
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        while let Some(part) = self.parts.front_mut() {
            if count < part.len() {
                return part.advance(count);
            }
            count -= part.len();
            self.parts.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    /// Both sides have buffers smaller than what they say.
    #[tokio::test]
    async fn a_server_that_answers_early_is_read_while_it_is_written_to() {
        let (ours, theirs) = duplex(16);
        let server = tokio::spawn(async move {
            let (mut read, mut write) = tokio::io::split(theirs);
            let mut got = vec![0; 6_000];
            for _ in 0..20 {
                write.write_all(b"250 2.0.0 long before the end\r\n").await.unwrap();
            }
            read.read_exact(&mut got).await.unwrap();
            write.write_all(b"250 done\r\n").await.unwrap();
            got
        });
        let mut wire = Wire::new(Box::new(ours));
        for at in 0..60_u8 {
            wire.queue(Bytes::from(vec![at; 100]));
        }
        for _ in 0..20 {
            assert_eq!(wire.reply(soon()).await.unwrap().code, 250);
        }
        assert_eq!(wire.reply(soon()).await.unwrap().text(), "done");
        assert!(wire.has_left(wire.end()));
        let expected: Vec<u8> = (0..60).flat_map(|at| [at; 100]).collect();
        assert_eq!(server.await.unwrap(), expected);
    }

    #[tokio::test]
    async fn what_was_said_before_the_line_broke_is_heard() {
        let (ours, mut theirs) = duplex(16);
        theirs.write_all(b"421 closing\r\n").await.unwrap();
        drop(theirs);
        let mut wire = Wire::new(Box::new(ours));
        wire.queue(Bytes::from_static(&[b'x'; 1000]));
        assert!(!wire.has_left(1000));
        assert_eq!(wire.reply(soon()).await.unwrap().code, 421);
        let fault = wire.reply(soon()).await.unwrap_err();
        assert!(matches!(fault, Fault::Broken(_)), "{fault:?}");
    }

    #[tokio::test]
    async fn a_line_is_quiet_until_it_says_something_or_ends() {
        let (ours, mut theirs) = duplex(64);
        let mut wire = Wire::new(Box::new(ours));
        assert!(wire.is_quiet().await);
        theirs.write_all(b"421 4.4.2 idle\r\n").await.unwrap();
        assert!(!wire.is_quiet().await);
        assert!(wire.is_quiet().await);
        drop(theirs);
        assert!(!wire.is_quiet().await);
    }
}
