//! The last requests, for tests that assert what their program sent.
//!
//! - [`RecordedRequest`] is what is told about one;
//! - [`masking`] takes out what is secret;
//! - [`watched`] are bodies of which the beginning is kept;
//! - [`Journal`] keeps them in memory, which is bounded in number and bytes: the oldest go first. For a body that is still
//!   to come there is room reserved, whatever becomes of its request.
//!
//! Control calls are not recorded, nor requests that were refused for their `Host` or `Origin`.

mod masking;
mod watched;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Method};
use hyper::body::Body as _;

use self::watched::{Seen, Watched, most_kept};
use crate::operation::{Call, Operation, Service};

/// How many requests are kept unless it is said otherwise.
pub(crate) const DEFAULT_REQUESTS: usize = 1000;

/// Most bytes that all kept requests have together.
const MOST_BYTES: usize = 8 << 20;

/// A request as the emulator received it, without secrets, and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Its number, from one, in the order in which requests came.
    pub number: u64,
    /// The service that it was for.
    pub service: Service,
    /// The operation, if the service has one at this address.
    pub operation: Option<Operation>,
    /// The method.
    pub method: String,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent; tokens and signatures in it are masked.
    pub query: Option<String>,
    /// Lower-case names and values, in the order in which they came; tokens and signatures are masked.
    pub headers: Vec<(String, String)>,
    /// The body; of a longer one only the first 16 KiB. Passwords and tokens in calls of IAM are masked.
    pub body: Vec<u8>,
    /// How long the body was, as far as it was read.
    pub body_bytes: u64,
    /// The status of the answer; nothing when there was none, or none yet.
    pub status: Option<u16>,
    /// The id of the request in the answer.
    pub request_id: Option<String>,
    /// The ids of the faults that struck it.
    pub faults: Vec<u64>,
}

impl RecordedRequest {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// The last requests.
#[derive(Debug)]
pub(crate) struct Journal {
    /// None is recorded when it is zero.
    most_requests: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The number of the last request. It is never used again, so that what comes of a request is written to its own entry.
    last: u64,
    /// The number of the last request before a reset; numbers are told as from there.
    forgotten: u64,
}

/// A request in a compact form: it is written far more often than it is read.
#[derive(Debug)]
struct Entry {
    number: u64,
    call: Call,
    method: Method,
    /// Lines: path, query (empty for none), and a header each; a line break cannot be in any of them.
    head: Box<str>,
    has_query: bool,
    body: Option<Arc<Mutex<Seen>>>,
    /// What it counts as, with the room that its body may still take.
    bytes: usize,
    status: Option<u16>,
    request_id: Option<HeaderValue>,
    faults: Vec<u64>,
}

impl Journal {
    pub(crate) fn new(most_requests: usize) -> Self {
        Self { most_requests, kept: Mutex::default() }
    }

    /// Records a request that begins; returns its number and its body, which now is watched.
    pub(crate) fn begin(self: &Arc<Self>, call: Call, parts: &Parts, body: Body, faults: &[u64]) -> (u64, Body) {
        if self.most_requests == 0 {
            return (0, body);
        }
        let head = masking::head(parts);
        let watch = (!body.is_end_stream()).then(|| (most_kept(&body), Arc::<Mutex<Seen>>::default()));
        let of_body = watch.as_ref().map_or(0, |(reserved, _)| size_of::<Mutex<Seen>>() + reserved);
        let bytes = size_of::<Entry>() + head.len() + size_of_val(faults) + of_body;
        let mut kept = self.kept();
        kept.last += 1;
        let number = kept.last;
        kept.bytes += bytes;
        kept.entries.push_back(Entry {
            number,
            call,
            method: parts.method.clone(),
            head: head.into_boxed_str(),
            has_query: parts.uri.query().is_some(),
            body: watch.as_ref().map(|(_, seen)| Arc::clone(seen)),
            bytes,
            status: None,
            request_id: None,
            faults: faults.to_vec(),
        });
        let oldest = self.shrink(&mut kept);
        drop(kept);
        // Freed when others no longer wait for it.
        drop(oldest);
        let body = match watch {
            None => body,
            Some((reserved, seen)) => {
                Body::new(Watched { inner: body, journal: Arc::clone(self), number, seen, reserved })
            }
        };
        (number, body)
    }

    /// Adds how a request was answered.
    pub(crate) fn end(&self, number: u64, status: u16, request_id: Option<HeaderValue>) {
        if let Some(entry) = self.kept().entry(number) {
            entry.status = Some(status);
            entry.request_id = request_id;
        }
    }

    /// Gives back the room that a body did not take.
    fn settle(&self, number: u64, spare: usize) {
        let mut kept = self.kept();
        if let Some(entry) = kept.entry(number) {
            entry.bytes -= spare;
            kept.bytes -= spare;
        }
    }

    /// All that are kept, oldest first.
    pub(crate) fn list(&self) -> Vec<RecordedRequest> {
        let kept = self.kept();
        kept.entries.iter().map(|entry| entry.tell(kept.forgotten)).collect()
    }

    /// Forgets all; numbers go on.
    pub(crate) fn clear(&self) {
        let mut kept = self.kept();
        kept.entries.clear();
        kept.bytes = 0;
    }

    /// Forgets all; the numbers that are told begin anew.
    pub(crate) fn reset(&self) {
        let mut kept = self.kept();
        *kept = Kept { last: kept.last, forgotten: kept.last, ..Kept::default() };
    }

    /// Takes the oldest away until the others are few enough; returns what was taken last.
    fn shrink(&self, kept: &mut Kept) -> Option<Entry> {
        let mut taken = None;
        while kept.entries.len() > self.most_requests || kept.bytes > MOST_BYTES {
            let oldest = kept.entries.pop_front()?;
            kept.bytes -= oldest.bytes;
            taken = Some(oldest);
        }
        taken
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        lock(&self.kept)
    }
}

impl Kept {
    /// The entry of a number, if it is still there.
    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        // Numbers have no gaps, so a number says where its entry is.
        let first = self.entries.front()?.number;
        let index = usize::try_from(number.checked_sub(first)?).ok()?;
        self.entries.get_mut(index)
    }
}

impl Entry {
    fn tell(&self, forgotten: u64) -> RecordedRequest {
        let mut lines = self.head.split('\n');
        let path = lines.next().unwrap_or_default().to_owned();
        let query = lines.next().unwrap_or_default().to_owned();
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (body, body_bytes) = match &self.body {
            Some(seen) => {
                let seen = lock(seen);
                (masking::body(self.call.service, &seen.first, seen.total), seen.total)
            }
            None => (Vec::new(), 0),
        };
        RecordedRequest {
            number: self.number - forgotten,
            service: self.call.service,
            operation: self.call.operation,
            method: self.method.to_string(),
            path,
            query: self.has_query.then_some(query),
            headers: lines.filter_map(header).collect(),
            body,
            body_bytes,
            status: self.status,
            request_id: self.request_id.as_ref().and_then(|id| id.to_str().ok()).map(str::to_owned),
            faults: self.faults.clone(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
