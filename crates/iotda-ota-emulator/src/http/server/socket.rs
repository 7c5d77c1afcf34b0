//! The socket of one connection, and what a request on it can do to it.
//!
//! HTTP as hyper speaks it hides the connection from whoever answers a request. A [`Line`] is the way around: it is shared by
//! the socket and the requests that come over it, and carries the wish to reset the connection, and the news that
//! everything written so far is on its way.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::super::pace::Pace;

/// What a connection's requests and its socket share.
#[derive(Debug, Default)]
pub(crate) struct Line {
    reset: AtomicBool,
    flushes: AtomicU64,
    waiting: AtomicWaker,
}

impl Line {
    /// Makes the connection end with a reset, whenever it ends.
    pub(crate) fn reset_at_end(&self) {
        self.reset.store(true, Ordering::Release);
    }

    /// How often everything that was written was handed over to the system.
    pub(crate) fn flushes(&self) -> u64 {
        self.flushes.load(Ordering::Acquire)
    }

    /// Waits until that number is larger.
    pub(crate) fn poll_flushed_after(&self, flushes: u64, cx: &mut Context<'_>) -> Poll<()> {
        // Registered before the look, so that no flush comes unseen in between.
        self.waiting.register(cx.waker());
        if self.flushes() > flushes { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A connection with its line.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    line: Arc<Line>,
    /// How long the client may take nothing of an answer.
    patience: Duration,
    /// When that is over, while it takes nothing.
    deadline: Option<Pin<Box<Sleep>>>,
    pace: Pace,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, line: Arc::default(), patience, deadline: None, pace: Pace::new(patience) }
    }

    /// Passes a write on, and makes an error of one that waits for too long, or whose client has been slow for too long.
    fn within_patience(&mut self, written: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = written {
            self.deadline = None;
            return Poll::Ready(match written {
                Ok(bytes) if self.pace.moves(bytes, Instant::now()).is_err() => Err(io::ErrorKind::TimedOut.into()),
                written => written,
            });
        }
        self.pace.waits(Instant::now());
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(patience)));
        deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    pub(super) fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }
}

/// Closes a connection so that its client sees a reset, not an orderly end.
pub(super) fn reset(stream: &TcpStream) {
    // Without it the client only sees another way in which the connection ends.
    let _ = stream.set_zero_linger();
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.line.reset.load(Ordering::Acquire) {
            reset(&self.stream);
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within_patience(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.within_patience(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Is only called when nothing is left to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.line.flushes.fetch_add(1, Ordering::AcqRel);
            self.line.waiting.wake();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
