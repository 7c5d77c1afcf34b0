//! Request bodies within bounds of size and time, read to their end even when they are refused.
//!
//! A server that answers and closes while the client still sends can make the client lose the answer. So whoever refuses
//! a body reads the rest of it first. Only a client that has stopped sending is answered at once.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use tokio::time::timeout;

use super::{Shared, json};
use crate::rejection::{Code, Rejection};

/// Most bytes of a request body on the IoTDA port; the largest legal create request is far smaller.
const MOST_BYTES: usize = 1 << 20;

/// Most bytes that are read and thrown away.
const MOST_DRAINED_BYTES: u64 = 5 << 30;

/// How long bytes are read and thrown away.
const MOST_DRAINING: Duration = Duration::from_secs(30);

/// A body as it comes in.
pub(super) struct Chunks {
    stream: BodyDataStream,
    patience: Duration,
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
        Self { stream: body.into_data_stream(), patience }
    }

    /// The next bytes, or nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        match timeout(self.patience, self.stream.next()).await {
            Ok(None) => Ok(None),
            Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
            Ok(Some(Err(error))) => Err(BodyError::Broken(format!("The request body ended early: {error}"))),
            Err(_) => Err(BodyError::Stalled(format!("No byte of the request body came for {:?}", self.patience))),
        }
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

/// Middleware of the IoTDA port: reads the whole body before anything else.
pub(super) async fn buffer(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if declared_length(&parts).is_some_and(|length| length > MOST_BYTES as u64) {
        drain(&parts, body, shared.patience).await;
        return too_large();
    }
    let mut chunks = Chunks::new(body, shared.patience);
    let mut bytes = Vec::new();
    loop {
        match chunks.next().await {
            Ok(None) => {
                let bytes = Bytes::from(bytes);
                parts.extensions.insert(Buffered(bytes.clone()));
                return next.run(Request::from_parts(parts, Body::from(bytes))).await;
            }
            Ok(Some(chunk)) if bytes.len() + chunk.len() > MOST_BYTES => {
                chunks.discard().await;
                return too_large();
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Err(BodyError::Stalled(message)) => return json(&Rejection::new(Code::RequestTimeout, message)),
            Err(BodyError::Broken(message)) => return json(&Rejection::new(Code::InvalidFormat, message)),
        }
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

fn too_large() -> Response {
    json(&Rejection::new(Code::BodyTooLarge, format!("The request body has more than {MOST_BYTES} bytes")))
}
