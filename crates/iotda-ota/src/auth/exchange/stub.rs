//! A tiny HTTP server with canned answers, for the tests of sources.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::auth::SourceHttp;
use crate::transport::{Clients, Options};

/// What one connection gets.
pub(in crate::auth) enum Reply {
    /// These bytes, then the end of the connection.
    Raw(String),
    /// Nothing, for longer than any test waits.
    Hang,
}

impl Reply {
    pub(in crate::auth) fn json(status: u16, body: &str) -> Self {
        Self::with_header(status, "content-type: application/json", body)
    }

    pub(in crate::auth) fn with_header(status: u16, header: &str, body: &str) -> Self {
        let length = body.len();
        Self::Raw(format!(
            "HTTP/1.1 {status} X\r\n{header}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        ))
    }
}

/// A server that answers one connection after the other, and remembers what it was asked.
pub(in crate::auth) struct Stub {
    pub(in crate::auth) address: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub(in crate::auth) async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let record = heard.clone();
        tokio::spawn(async move {
            for reply in replies {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = request(&mut stream).await;
                record.lock().unwrap().push(request);
                match reply {
                    Reply::Raw(text) => stream.write_all(text.as_bytes()).await.unwrap(),
                    Reply::Hang => tokio::time::sleep(Duration::from_secs(60)).await,
                }
            }
        });
        Self { address, heard }
    }

    /// The requests so far, head and body.
    pub(in crate::auth) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Reads one request: its head, and as much of a body as the head promises.
async fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await.unwrap() {
            0 => return text,
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// What a client lends to its sources, without a proxy in a test.
pub(in crate::auth) fn http() -> SourceHttp {
    let options = Options { no_proxy: true, ..Options::default() };
    let limit = Duration::from_secs(20);
    SourceHttp::of(Arc::new(Clients::new(&options, limit, None).unwrap()), limit)
}
