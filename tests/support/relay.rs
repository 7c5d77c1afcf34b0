//! A relay: it stands before a backend and changes what goes through, as a proxy or another clock would.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::stub::{Received, read_request};

type ChangeRequest = dyn Fn(&mut Received) + Send + Sync;
type ChangeHeader = dyn Fn(&str, &str) -> Option<String> + Send + Sync;

/// A running relay. It stops when it is dropped.
pub struct Relay {
    address: SocketAddr,
    server: JoinHandle<()>,
}

struct Way {
    to: String,
    request: Box<ChangeRequest>,
    header: Box<ChangeHeader>,
}

impl Relay {
    /// Starts a relay to a base address on this machine. `request` changes every request, and `header` gets each header
    /// of an answer, with its name in lower case, and may give it another value.
    ///
    /// # Panics
    ///
    /// If no port is free, or the address is none of this machine.
    pub async fn start(
        to: &str,
        request: impl Fn(&mut Received) + Send + Sync + 'static,
        header: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let to = to.strip_prefix("http://").expect("the address begins with http://").to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let way = Arc::new(Way { to, request: Box::new(request), header: Box::new(header) });
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let way = Arc::clone(&way);
                tokio::spawn(async move {
                    // Either side may hang up, which the other one notices.
                    let _ = way.pass(stream).await;
                });
            }
        });
        Self { address, server }
    }

    /// The base address.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Way {
    async fn pass(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut request = read_request(&mut client).await?;
        (self.request)(&mut request);
        let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
        for (name, value) in &request.headers {
            if !matches!(name.as_str(), "connection" | "content-length") {
                head += &format!("{name}: {value}\r\n");
            }
        }
        head += &format!("content-length: {}\r\nconnection: close\r\n\r\n", request.body.len());
        let mut backend = TcpStream::connect(&self.to).await?;
        backend.write_all(&[head.as_bytes(), &request.body].concat()).await?;
        let mut answer = Vec::new();
        backend.read_to_end(&mut answer).await?;
        client.write_all(&self.changed(&answer)).await?;
        client.shutdown().await
    }

    /// The answer with other headers.
    fn changed(&self, answer: &[u8]) -> Vec<u8> {
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(answer.len());
        let (head, rest) = answer.split_at(end);
        let head = String::from_utf8_lossy(head);
        let lines = head.split("\r\n").map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some(format!("{name}: {}", (self.header)(&name.to_ascii_lowercase(), value)?))
        });
        let lines: Vec<_> =
            lines.zip(head.split("\r\n")).map(|(new, old)| new.unwrap_or_else(|| old.to_owned())).collect();
        [lines.join("\r\n").as_bytes(), rest].concat()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("address", &self.address).finish_non_exhaustive()
    }
}
