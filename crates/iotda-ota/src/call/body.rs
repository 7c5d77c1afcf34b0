//! Bodies: an answer's, read within bounds, and a request's, of which is known whether it left.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::HeaderValue;
use http::header::CONTENT_LENGTH;
use http_body::{Frame, SizeHint};

/// The longest answer that is read; a page of 50 packages with every text at its limit stays well below.
const LONGEST: usize = 8 * 1024 * 1024;

/// How many values an answer may have; a page of 50 packages has some two thousand. Each takes far more room in memory
/// than in the answer.
const MOST_VALUES: usize = 50_000;

/// How much is kept of an answer that is beyond these bounds.
const KEPT: usize = 4096;

/// Why a body ends where it ends, if that is not its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    /// The connection ended first.
    CutOff,
    /// The time was over first.
    Late,
    /// It has more bytes than are read.
    TooLong,
    /// It has more values than are taken.
    TooMany,
}

impl Defect {
    /// Whether the same call may well be answered completely another time.
    pub(super) fn passes(self) -> bool {
        matches!(self, Self::CutOff | Self::Late)
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff => f.write_str("the answer was cut off"),
            Self::Late => f.write_str("the answer did not end within the time limit"),
            Self::TooLong => write!(f, "the answer is longer than {LONGEST} bytes"),
            Self::TooMany => write!(f, "the answer has more than {MOST_VALUES} values"),
        }
    }
}

/// Reads a body up to its end, to the bounds, or to where it was cut off.
pub(super) async fn read(response: &mut reqwest::Response) -> (Bytes, Option<Defect>) {
    let mut body = BytesMut::new();
    let defect = loop {
        match response.chunk().await {
            Ok(None) => break (!is_modest(&body)).then_some(Defect::TooMany),
            Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST => break Some(Defect::TooLong),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) if error.is_timeout() => break Some(Defect::Late),
            Err(_) => break Some(Defect::CutOff),
        }
    };
    // Whatever is made of it is made of little then.
    if defect.is_some_and(|defect| !defect.passes()) {
        body.truncate(KEPT);
    }
    (body.freeze(), defect)
}

/// Whether JSON of these bytes has so few values that all of them can be held. What is no JSON is not counted well, but
/// is not held either.
fn is_modest(body: &[u8]) -> bool {
    // Each takes a byte at least, so most answers need not be looked at.
    if body.len() <= MOST_VALUES {
        return true;
    }
    let (mut values, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => values += 1,
            _ => {}
        }
    }
    values <= MOST_VALUES
}

/// Whether a connection took up a request that is watched. Before that the service cannot have acted on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Left {
    kept: Arc<AtomicBool>,
}

impl Left {
    /// Replaces a request's body by the same one that tells when it leaves.
    pub(super) fn watch(&self, request: &mut reqwest::Request) {
        let bytes = request.body().and_then(reqwest::Body::as_bytes).map(Bytes::copy_from_slice);
        self.kept.store(true, Ordering::Relaxed);
        let kept = Arc::clone(&self.kept);
        *request.body_mut() = Some(match bytes {
            Some(bytes) => {
                // The length of a stream is not known to the HTTP client, which would send it in chunks.
                request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                reqwest::Body::wrap_stream(stream::once(async move {
                    kept.store(false, Ordering::Relaxed);
                    Ok::<_, Infallible>(bytes)
                }))
            }
            None => reqwest::Body::wrap(Nothing(kept)),
        });
    }

    /// Whether any of it may have left; so it is with one that is not watched.
    pub(super) fn get(&self) -> bool {
        !self.kept.load(Ordering::Relaxed)
    }
}

/// The body of a request that has none. A connection that takes the request up asks first whether there is one.
struct Nothing(Arc<AtomicBool>);

impl http_body::Body for Nothing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.store(false, Ordering::Relaxed);
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.0.store(false, Ordering::Relaxed);
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_texts() {
        let text = format!(r#"{{"a":"{}","b":"\\\"{}"}}"#, ",".repeat(MOST_VALUES), "[".repeat(MOST_VALUES));
        assert!(is_modest(text.as_bytes()));
        for value in ["{},", "1,", "[],", "\"\","] {
            assert!(!is_modest(format!("[{}", value.repeat(MOST_VALUES)).as_bytes()), "{value}");
            assert!(is_modest(format!("[{}", value.repeat(MOST_VALUES / 2 - 1)).as_bytes()), "{value}");
        }
    }
}
