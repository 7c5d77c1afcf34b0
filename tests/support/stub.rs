//! A stub: an HTTP server that keeps what it received and answers whatever a test wants, well formed or not.
//!
//! It speaks just enough HTTP/1.1 to read one request per connection. An [`Answer`] is bytes; how the connection ends
//! after them can be chosen too.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iotda_ota::{AccessKey, Client, ClientBuilder, RetryPolicy};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::fixture::sorted;

type Respond = dyn Fn(&Received) -> Answer + Send + Sync;

/// A running stub. It stops when it is dropped.
pub struct Stub {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    server: JoinHandle<()>,
}

/// One request, as it came over the wire.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// The method.
    pub method: String,
    /// Path and query, still encoded.
    pub target: String,
    /// The headers in the order in which they came, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What the stub does with a request.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    end: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// Everything is sent.
    Complete,
    /// Only so much of the body is sent, then the connection is closed.
    Cut(usize),
    /// Nothing is sent, and the connection is closed.
    Nothing,
    /// Nothing is sent, and the connection stays open.
    Silence,
}

impl Stub {
    /// Starts a stub that answers every request in the same way.
    pub async fn always(answer: Answer) -> Self {
        Self::start(move |_| answer.clone()).await
    }

    /// Starts a stub that looks at a request before it answers.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub async fn start(respond: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let respond: Arc<Respond> = Arc::new(respond);
        let server = tokio::spawn(serve(listener, Arc::clone(&received), respond));
        Self { address, received, server }
    }

    /// The base address.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A builder for a client of this stub, with credentials that are plainly fake. It repeats what failed at once.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder()
            .retry(impatient())
            .endpoint(self.endpoint())
            .obs_endpoint(self.endpoint())
            .obs_region("cn-north-4")
            .project_id("fake-project")
            .token("fake-token")
            .access_key(AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret"))
    }

    /// A client of this stub.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn client(&self) -> Client {
        self.builder().build().expect("the stub's settings are valid")
    }

    /// Every request so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Stub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stub").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Received {
    /// The value of a header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

impl Answer {
    /// An answer with a status and a body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), end: End::Complete }
    }

    /// The answer that a fixture describes: `status`, and perhaps `headers`, `body` (a text, or JSON) and `cut_after`.
    ///
    /// With `cut_after` only so many bytes of the body are sent, although `content-length` promises all of it.
    ///
    /// # Panics
    ///
    /// If it describes none.
    pub fn from_fixture(fixture: &Value) -> Self {
        let status = fixture["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let body = match &fixture["body"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => sorted(json).to_string(),
        };
        let mut answer = Self::new(status.expect("an answer has a status"), body);
        for (name, value) in fixture["headers"].as_object().into_iter().flatten() {
            answer = answer.header(name, value.as_str().expect("the value of a header is a text"));
        }
        if let Some(bytes) = fixture["cut_after"].as_u64() {
            answer.end = End::Cut(usize::try_from(bytes).expect("the number fits"));
        }
        answer
    }

    /// Closes the connection instead of answering.
    pub fn nothing() -> Self {
        Self { end: End::Nothing, ..Self::new(0, "") }
    }

    /// Never answers, and keeps the connection open.
    pub fn silence() -> Self {
        Self { end: End::Silence, ..Self::new(0, "") }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let sent = match self.end {
            End::Complete => &self.body[..],
            End::Cut(bytes) => &self.body[..bytes.min(self.body.len())],
            End::Nothing | End::Silence => return Vec::new(),
        };
        let mut head = format!("HTTP/1.1 {} Stub\r\nconnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        // A length that the test gave stands: the answer to HEAD tells one without a body.
        if self.status != 204 && !self.headers.iter().any(|(name, _)| name == "content-length") {
            head += &format!("content-length: {}\r\n", self.body.len());
        }
        [head.as_bytes(), b"\r\n", sent].concat()
    }
}

/// The time of one attempt for tests in which one side is silent and the other answers at once, a machine with other loads
/// included.
pub const LIMIT: Duration = Duration::from_secs(2);

/// Retries as they are, but for the delays, for which no test wants to wait.
pub fn impatient() -> RetryPolicy {
    RetryPolicy::default().delays(Duration::ZERO, Duration::ZERO)
}

async fn serve(listener: TcpListener, received: Arc<Mutex<Vec<Received>>>, respond: Arc<Respond>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (received, respond) = (Arc::clone(&received), Arc::clone(&respond));
        tokio::spawn(async move {
            // A client that hangs up half way is what some tests are about.
            let _ = converse(stream, &received, &*respond).await;
        });
    }
}

async fn converse(mut stream: TcpStream, received: &Mutex<Vec<Received>>, respond: &Respond) -> std::io::Result<()> {
    let request = read_request(&mut stream).await?;
    let answer = respond(&request);
    received.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    if matches!(answer.end, End::Silence) {
        // The client ends this by hanging up.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await?;
    }
    stream.write_all(&answer.bytes()).await?;
    stream.shutdown().await
}

/// Reads one request to its end. Bodies of this project always tell their length.
pub(crate) async fn read_request(stream: &mut TcpStream) -> std::io::Result<Received> {
    let mut bytes = Vec::new();
    let body_at = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..body_at]).into_owned();
    let mut lines = head.lines();
    let mut request_line = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let method = request_line.next().unwrap_or_default();
    let target = request_line.next().unwrap_or_default();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Received { method, target, headers, body: bytes.split_off(body_at) };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while request.body.len() < length {
        if stream.read_buf(&mut request.body).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(request)
}
