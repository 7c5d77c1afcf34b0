//! A proxy that stands before a target and does to single requests what networks and overloaded services do.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::stub::read_request;
use crate::{Answer, Received};

type Decide = dyn Fn(&Received) -> Fault + Send + Sync;

/// A running proxy. It stops when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    backend: SocketAddr,
    received: Mutex<Vec<Received>>,
    decide: Mutex<Arc<Decide>>,
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It goes through, and so does its answer.
    None,
    /// It never arrives, and this is answered.
    Answer(Answer),
    /// It never arrives, and the connection is closed.
    Cut,
    /// It arrives, but the connection is closed instead of the answer.
    LoseAnswer,
    /// It arrives with a damaged body.
    Damage,
    /// It never arrives, and the connection stays open without an answer.
    Silence,
}

impl Proxy {
    /// Starts a proxy before this base address, which looks at every request.
    ///
    /// # Panics
    ///
    /// If no port is free, or the address is none of this machine.
    pub async fn start(backend: &str, decide: impl Fn(&Received) -> Fault + Send + Sync + 'static) -> Self {
        let backend = backend.trim_start_matches("http://").trim_end_matches('/');
        let backend = backend.parse().expect("targets are at addresses of this machine");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared { backend, received: Mutex::default(), decide: Mutex::new(Arc::new(decide)) });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { address, shared, server }
    }

    /// From here on does something else to requests, and forgets those that came.
    pub fn turn(&self, decide: impl Fn(&Received) -> Fault + Send + Sync + 'static) {
        *self.shared.decide.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(decide);
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The base address.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, whatever became of it. Bodies are not kept.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests there were of this method whose target holds this text.
    pub fn count(&self, method: &str, text: &str) -> usize {
        self.received().iter().filter(|request| request.is(method, text)).count()
    }
}

impl Received {
    /// True for a request of this method whose target holds this text.
    pub fn is(&self, method: &str, text: &str) -> bool {
        self.method == method && self.target.contains(text)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // A side that hangs up half way is what some tests are about.
            let _ = converse(stream, &shared).await;
        });
    }
}

async fn converse(mut client: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut request = read_request(&mut client).await?;
    let decide = Arc::clone(&shared.decide.lock().unwrap_or_else(PoisonError::into_inner));
    let fault = decide(&request);
    let kept = Received { body: Vec::new(), ..request.clone() };
    shared.received.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
    match fault {
        Fault::Answer(answer) => {
            client.write_all(&answer.bytes()).await?;
            return client.shutdown().await;
        }
        Fault::Cut => return Ok(()),
        Fault::Silence => {
            // The client ends this by hanging up.
            let mut rest = Vec::new();
            return client.read_to_end(&mut rest).await.map(drop);
        }
        Fault::Damage => request.body.iter_mut().for_each(|byte| *byte ^= 1),
        Fault::None | Fault::LoseAnswer => {}
    }
    let mut server = TcpStream::connect(shared.backend).await?;
    server.write_all(&head(&request)).await?;
    server.write_all(&request.body).await?;
    if let Fault::LoseAnswer = fault {
        // Only when the answer is there is it certain that the request was carried out.
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).await?;
        return Ok(());
    }
    tokio::io::copy(&mut server, &mut client).await?;
    client.shutdown().await
}

/// The head as it came, for a connection that ends with the answer.
fn head(request: &Received) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", request.method, request.target);
    for (name, value) in request.headers.iter().filter(|(name, _)| name != "connection") {
        head += &format!("{name}: {value}\r\n");
    }
    (head + "\r\n").into_bytes()
}
