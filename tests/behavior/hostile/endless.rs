//! A server that sends without end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use iotda_ota::{Client, ClientBuilder};
use support::impatient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server that sends a beginning, and then the same over and over until nobody listens any more; with a single byte it
/// takes its time.
pub(super) struct Endless {
    address: SocketAddr,
    taken: Arc<AtomicU64>,
    server: JoinHandle<()>,
}

impl Endless {
    /// Answers everything like this.
    pub(super) async fn start(head: &'static [u8], rest: impl Into<Vec<u8>>) -> Self {
        let rest = rest.into();
        Self::answering(move |_| (head, rest.clone())).await
    }

    /// Answers as follows from the beginning of a request. Where nothing is to be repeated, the connection ends.
    pub(super) async fn answering(answer: impl Fn(&str) -> (&'static [u8], Vec<u8>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let taken = Arc::<AtomicU64>::default();
        let (count, answer) = (Arc::clone(&taken), Arc::new(answer));
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (count, answer) = (Arc::clone(&count), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    let length = stream.read(&mut request).await.unwrap_or_default();
                    let (head, rest) = answer(&String::from_utf8_lossy(&request[..length]));
                    send(stream, head, &rest, &count).await;
                });
            }
        });
        Self { address, taken, server }
    }

    /// A builder for a client of this server without credentials, which is soon out of patience.
    pub(super) fn builder(&self) -> ClientBuilder {
        let address = format!("http://{}", self.address);
        let builder = Client::builder().endpoint(&address).obs_endpoint(&address).iam_endpoint(&address).no_proxy();
        let builder = builder.region("cn-north-4").project_id("fake-project").retry(impatient().max_attempts(2));
        builder.timeout(Duration::from_secs(2)).idle_timeout(Duration::from_secs(2))
    }

    /// How many bytes were taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn send(mut stream: TcpStream, head: &[u8], rest: &[u8], count: &AtomicU64) {
    let mut next = head;
    while stream.write_all(next).await.is_ok() {
        count.fetch_add(next.len() as u64, Ordering::Relaxed);
        if rest.is_empty() {
            return;
        }
        next = rest;
        if rest.len() == 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
