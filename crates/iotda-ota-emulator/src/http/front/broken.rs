//! Bodies of answers that stop in the middle.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::{Buf, Bytes};
use http::header::CONTENT_LENGTH;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::super::server::socket::Line;

/// How a body breaks.
pub(super) enum Ending {
    /// The connection is closed.
    Cut,
    /// Nothing comes until this future is over, and then the rest.
    Stall(Pin<Box<dyn Future<Output = ()> + Send>>),
}

/// A body that breaks after some bytes.
pub(super) struct Broken {
    inner: Body,
    /// How many bytes still come through before it breaks.
    left: u64,
    /// Nothing once it goes on as if nothing had been.
    ending: Option<Ending>,
    /// What did not come through, of the chunk in which it broke.
    rest: Bytes,
    line: Arc<Line>,
    /// How often the connection was flushed when everything before the break was handed over.
    flushes: Option<u64>,
}

/// How many bytes the body of an answer has.
pub(super) fn length(response: &Response) -> u64 {
    if response.body().is_end_stream() {
        // Also that of a HEAD, whose headers say what a GET would have.
        return 0;
    }
    // The body of an object is read while it is sent and does not know its own length.
    let declared = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let size = response.body().size_hint();
    declared.unwrap_or(size.exact().unwrap_or(size.lower()))
}

impl Broken {
    /// Breaks the body of an answer after `at` bytes.
    pub(super) fn after(response: Response, at: u64, ending: Ending, line: &Arc<Line>) -> Response {
        response.map(|inner| {
            Body::new(Self {
                inner,
                left: at,
                ending: Some(ending),
                rest: Bytes::new(),
                line: Arc::clone(line),
                flushes: None,
            })
        })
    }
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ending.is_some() && self.left == 0 {
            // What hyper has not yet written when the body fails is lost, so that has to wait.
            let flushes = self.flushes.unwrap_or(self.line.flushes());
            self.flushes = Some(flushes);
            ready!(self.line.poll_flushed_after(flushes, cx));
            match &mut self.ending {
                Some(Ending::Stall(pause)) => ready!(pause.as_mut().poll(cx)),
                _ => return Poll::Ready(Some(Err(axum::Error::new(io::Error::other("a fault cuts the body"))))),
            }
            self.ending = None;
        }
        if self.rest.has_remaining() {
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let Some(Ok(frame)) = frame else { return Poll::Ready(frame) };
        if self.ending.is_none() {
            return Poll::Ready(Some(Ok(frame)));
        }
        let mut data = match frame.into_data() {
            Ok(data) => data,
            Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
        };
        let through = usize::try_from(self.left).map_or(data.len(), |left| left.min(data.len()));
        self.rest = data.split_off(through);
        self.left -= through as u64;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        // A break after the last byte is none.
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut size = self.inner.size_hint();
        let rest = self.rest.len() as u64;
        match size.exact() {
            Some(exact) => size.set_exact(exact + rest),
            None => size.set_lower(size.lower() + rest),
        }
        size
    }
}
