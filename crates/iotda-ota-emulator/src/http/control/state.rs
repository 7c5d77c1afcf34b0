//! `/emulator/dump`, `/emulator/load` and `/emulator/reset`: everything that the emulator keeps.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

use super::super::body::{BodyError, Chunks, declared_length, drain, too_large};
use super::super::server::socket::Line;
use super::super::{Refused, Shared, answer};
use super::invalid;
use crate::rejection::{Code, Rejection};
use crate::state::{self, StateError};

/// How much of a dump is on its way at most.
const BUFFERED_BYTES: usize = 256 << 10;

/// Sends a dump while it is being made; one that breaks off ends the connection in the middle of the answer.
pub(super) async fn dump(State(shared): State<Arc<Shared>>, Extension(line): Extension<Arc<Line>>) -> Response {
    let (reader, writer) = tokio::io::duplex(BUFFERED_BYTES);
    let store = shared.store.clone();
    let dumping = tokio::spawn(async move { state::dump::dump(&store, writer).await });
    let end = async move {
        // Why it is short is in the last line.
        if let Ok(Ok(())) = dumping.await {
            return None;
        }
        // What is not yet on its way when the body fails is lost.
        let flushes = line.flushes();
        poll_fn(|cx| line.poll_flushed_after(flushes, cx)).await;
        Some(Err(io::Error::other("the dump broke off")))
    };
    let bytes = ReaderStream::with_capacity(reader, BUFFERED_BYTES);
    let body = Body::from_stream(bytes.chain(stream::once(end).filter_map(std::future::ready)));
    ([(CONTENT_TYPE, "application/jsonl")], body).into_response()
}

/// Receives a dump into a temporary file and loads it.
pub(super) async fn load(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, Refused> {
    let most_bytes = shared.limits.load_bytes;
    let (parts, body) = request.into_parts();
    if declared_length(&parts).is_some_and(|length| length > most_bytes) {
        drain(&parts, body, shared.patience).await;
        return Err(too_large(most_bytes).into());
    }
    let file = tokio::task::spawn_blocking(tempfile::tempfile).await;
    let mut file = File::from_std(file.map_err(failed)?.map_err(failed)?);
    let mut chunks = Chunks::new(body, shared.patience);
    let mut received = 0;
    loop {
        match chunks.next().await {
            Ok(None) => break,
            Ok(Some(chunk)) => {
                received += chunk.len() as u64;
                if received > most_bytes {
                    chunks.discard().await;
                    return Err(too_large(most_bytes).into());
                }
                if let Err(error) = file.write_all(&chunk).await {
                    chunks.discard().await;
                    return Err(failed(error).into());
                }
            }
            Err(BodyError::Stalled(message)) => return Err(Rejection::new(Code::RequestTimeout, message).into()),
            Err(BodyError::Broken(message)) => return Err(invalid(message).into()),
        }
    }
    file.flush().await.map_err(failed)?;
    // Runs to its end even if the client goes away: half of a file would be neither the old state nor the new one.
    let loading = tokio::spawn(async move { state::load::load(&shared.store, file).await });
    let loaded = loading.await.map_err(failed)?.map_err(|error| match error {
        StateError::Line { .. } => invalid(error.to_string()),
        StateError::File(cause) => failed(cause),
        StateError::Store(_) => failed(error),
        StateError::Interrupted { ref source, .. } => failed(format!("{error}: {}", cause(source))),
    })?;
    Ok(answer(StatusCode::OK, &loaded))
}

/// Makes the emulator as empty as after its first start.
pub(super) async fn reset(State(shared): State<Arc<Shared>>) -> Result<Response, Refused> {
    let resetting = tokio::spawn(async move { shared.reset().await });
    resetting.await.map_err(failed)??;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The last of the causes of an error, which says what has to be mended.
fn cause(error: &dyn std::error::Error) -> &dyn std::error::Error {
    error.source().map_or(error, cause)
}

fn failed(error: impl std::fmt::Display) -> Rejection {
    Rejection::new(Code::Internal, format!("Emulator: {error}"))
}
