//! Request bodies within bounds, read to their end even when they are refused.
//!
//! A server that answers and closes while the client still sends can make the client lose the answer. So whoever refuses
//! a body reads the rest of it first.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt;
use http::header::{CONTENT_LENGTH, EXPECT};
use http::request::Parts;

use super::json;
use crate::rejection::{Code, Rejection};

/// Most bytes of a request body on the IoTDA port; the largest legal create request is far smaller.
const MOST_BYTES: usize = 1 << 20;

/// Most bytes that are read and thrown away.
const MOST_DRAINED_BYTES: u64 = 5 << 30;

/// How long bytes are read and thrown away.
const MOST_DRAINING: Duration = Duration::from_secs(30);

/// Middleware of the IoTDA port: reads the whole body before anything else.
pub(super) async fn buffer(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if declared_length(&parts).is_some_and(|length| length > MOST_BYTES as u64) {
        drain(&parts, body).await;
        return too_large();
    }
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) if bytes.len() + chunk.len() > MOST_BYTES => {
                discard(chunks).await;
                return too_large();
            }
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => {
                let message = format!("The request body cannot be read: {error}");
                return json(&Rejection::new(Code::InvalidFormat, message));
            }
        }
    }
    next.run(Request::from_parts(parts, Body::from(bytes))).await
}

/// Reads a body that is not wanted and throws it away.
pub(super) async fn drain(parts: &Parts, body: Body) {
    // Who waits for a permission to send has sent nothing yet.
    if !parts.headers.contains_key(EXPECT) {
        discard(body.into_data_stream()).await;
    }
}

/// The length a request says its body has.
pub(super) fn declared_length(parts: &Parts) -> Option<u64> {
    parts.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn discard(mut chunks: BodyDataStream) {
    let read = async {
        let mut discarded = 0;
        while let Some(Ok(chunk)) = chunks.next().await {
            discarded += chunk.len() as u64;
            if discarded > MOST_DRAINED_BYTES {
                break;
            }
        }
    };
    // The answer is the same whether or not everything could be read in time.
    let _ = tokio::time::timeout(MOST_DRAINING, read).await;
}

fn too_large() -> Response {
    json(&Rejection::new(Code::BodyTooLarge, format!("The request body has more than {MOST_BYTES} bytes")))
}
