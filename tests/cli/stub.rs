//! A stub: answers every request in the same way, by what it asks for, or not at all.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

/// Where a stub listens, and word of every request.
pub(crate) struct Stub {
    pub(crate) endpoint: String,
    pub(crate) requests: mpsc::Receiver<String>,
}

/// What a stub says.
pub(crate) struct Answer {
    pub(crate) status: &'static str,
    pub(crate) content_type: &'static str,
    /// Further headers, each with the end of its line.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Answer {
    /// JSON.
    pub(crate) fn json(status: &'static str, body: impl Into<String>) -> Self {
        Self { status, content_type: "application/json", headers: String::new(), body: body.into() }
    }

    /// The same with a further header.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }
}

impl Stub {
    /// Answers every request with this status and body.
    pub(crate) fn answering(status: &'static str, content_type: &'static str, body: &'static str) -> Self {
        Self::serving(move |_| Answer { status, content_type, headers: String::new(), body: body.to_owned() })
    }

    /// Answers every request with what follows from it.
    pub(crate) fn serving(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        Self::start(move |mut connection, request| {
            let Answer { status, content_type, headers, body } = answer(request);
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}");
            let head = format!("{head}\r\nX-Request-Id: stub-request\r\n{headers}Connection: close");
            // The client may have gone, which is its business.
            let _ = write!(connection, "{head}\r\n\r\n{body}");
        })
    }

    /// Promises more of an answer than it gives.
    pub(crate) fn breaking_off(body: &'static str) -> Self {
        Self::start(move |mut connection, _| {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000";
            let _ = write!(connection, "{head}\r\n\r\n{body}");
        })
    }

    /// Takes requests and says nothing.
    pub(crate) fn silent() -> Self {
        let mut kept = Vec::new();
        Self::start(move |connection, _| kept.push(connection))
    }

    fn start(mut answer: impl FnMut(TcpStream, &str) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let request = read(&mut connection);
                if sender.send(request.clone()).is_err() {
                    return;
                }
                answer(connection, &request);
            }
        });
        Self { endpoint, requests }
    }
}

/// Reads a request with its body.
fn read(connection: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut block = [0; 4096];
    loop {
        let count = connection.read(&mut block).unwrap();
        request.extend_from_slice(&block[..count]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            if body.len() >= length.parse().unwrap() {
                return text;
            }
        }
        assert_ne!(count, 0, "the request ended early");
    }
}
