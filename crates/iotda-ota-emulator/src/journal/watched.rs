//! Bodies of requests of which the beginning is kept while they are read.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::{Journal, lock};

/// Most bytes of a body that are kept.
pub(super) const MOST_BODY_BYTES: usize = 16 << 10;

/// What came of a body so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) first: Vec<u8>,
    pub(super) total: u64,
}

/// How much of a body is kept at most, as far as its length is known.
pub(super) fn most_kept(body: &Body) -> usize {
    let length = body.size_hint().upper().and_then(|length| usize::try_from(length).ok());
    length.map_or(MOST_BODY_BYTES, |length| length.min(MOST_BODY_BYTES))
}

/// A body of which the beginning is kept.
pub(super) struct Watched {
    pub(super) inner: Body,
    pub(super) journal: Arc<Journal>,
    pub(super) number: u64,
    pub(super) seen: Arc<Mutex<Seen>>,
    /// How much of the journal's room is reserved for it.
    pub(super) reserved: usize,
}

impl Drop for Watched {
    /// However its request ends, no more of it comes.
    fn drop(&mut self) {
        let taken = {
            let mut seen = lock(&self.seen);
            seen.first.shrink_to_fit();
            seen.first.len()
        };
        self.journal.settle(self.number, self.reserved.saturating_sub(taken));
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let mut seen = lock(&self.seen);
            let room = MOST_BODY_BYTES - seen.first.len();
            seen.first.extend_from_slice(&data[..data.len().min(room)]);
            seen.total += data.len() as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
