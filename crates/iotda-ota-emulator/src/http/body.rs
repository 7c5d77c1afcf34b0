//! Request bodies within bounds of size and time, read to their end even when they are refused.
//!
//! A server that answers and closes while the client still sends can make the client lose the answer. So whoever refuses
//! a body reads the rest of it first. Only a client that has stopped sending is answered at once.

use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use hyper::body::Body as _;
use tokio::time::timeout;

use super::pace::{Pace, TooSlow};
use super::{Shared, control, json};
use crate::rejection::{Code, Rejection};

/// Most bytes that are read and thrown away.
const MOST_DRAINED_BYTES: u64 = 5 << 30;

/// How long bytes are read and thrown away.
const MOST_DRAINING: Duration = Duration::from_secs(30);

/// A body as it comes in.
pub(super) struct Chunks {
    stream: BodyDataStream,
    patience: Duration,
    pace: Pace,
}

/// Why a body did not come to its end.
pub(super) enum BodyError {
    /// The client sent nothing for too long.
    Stalled(String),
    /// The client closed the connection, or sent what is not HTTP.
    Broken(String),
}

impl Chunks {
    pub(super) fn new(body: Body, patience: Duration) -> Self {
        Self { stream: body.into_data_stream(), patience, pace: Pace::new(patience) }
    }

    /// The next bytes, or nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        self.pace.waits(Instant::now());
        match timeout(self.patience, self.stream.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(chunk))) => match self.pace.moves(chunk.len(), Instant::now()) {
                Ok(()) => Ok(Some(chunk)),
                Err(TooSlow { bytes, time }) => {
                    Err(BodyError::Stalled(format!("Only {bytes} bytes of the request body came in {time:.0?}")))
                }
            },
            Ok(Some(Err(error))) => Err(BodyError::Broken(format!("The request body ended early: {error}"))),
            Err(_) => Err(BodyError::Stalled(format!("No byte of the request body came for {:?}", self.patience))),
        }
    }

    /// All of it; nothing, and all of it is thrown away, when it has more bytes than that.
    pub(super) async fn whole(mut self, most_bytes: usize) -> Result<Option<Bytes>, BodyError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.next().await? {
            if bytes.len() + chunk.len() > most_bytes {
                self.discard().await;
                return Ok(None);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes.into()))
    }

    /// Reads the rest and throws it away.
    pub(super) async fn discard(mut self) {
        let read = async {
            let mut discarded = 0;
            while let Ok(Some(chunk)) = self.next().await {
                discarded += chunk.len() as u64;
                if discarded > MOST_DRAINED_BYTES {
                    break;
                }
            }
        };
        // The answer is the same whether or not everything could be read in time.
        let _ = timeout(MOST_DRAINING, read).await;
    }
}

/// The whole body of a request of the IoTDA port, among its extensions: a signature covers it.
#[derive(Clone, Default)]
pub(super) struct Buffered(pub(super) Bytes);

/// Reads the whole body of a request of the IoTDA port before anything else, or says why it is refused.
pub(super) async fn buffer(shared: &Shared, request: Request) -> Result<Request, Response> {
    // A signature covers no other body than the empty one then, and nothing has to be read.
    if request.body().is_end_stream() || request.uri().path() == control::LOAD {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let most_bytes = shared.limits.body_bytes;
    let refusal = || json(&too_large(most_bytes as u64));
    if declared_length(&parts).is_some_and(|length| length > most_bytes as u64) {
        drain(&parts, body, shared.patience).await;
        return Err(refusal());
    }
    match Chunks::new(body, shared.patience).whole(most_bytes).await {
        Ok(Some(bytes)) => {
            parts.extensions.insert(Buffered(bytes.clone()));
            Ok(Request::from_parts(parts, Body::from(bytes)))
        }
        Ok(None) => Err(refusal()),
        Err(BodyError::Stalled(message)) => Err(json(&Rejection::new(Code::RequestTimeout, message))),
        Err(BodyError::Broken(message)) => Err(json(&Rejection::new(Code::InvalidFormat, message))),
    }
}

/// Reads a body that is not wanted and throws it away.
pub(super) async fn drain(parts: &Parts, body: Body, patience: Duration) {
    // Who waits for a permission to send has sent nothing yet.
    if !parts.headers.contains_key(EXPECT) {
        Chunks::new(body, patience).discard().await;
    }
}

/// The length a request says its body has.
pub(super) fn declared_length(parts: &Parts) -> Option<u64> {
    parts.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// How a body that is too long is refused.
pub(super) fn too_large(most_bytes: u64) -> Rejection {
    Rejection::new(Code::BodyTooLarge, format!("The request body has more than {most_bytes} bytes"))
}
