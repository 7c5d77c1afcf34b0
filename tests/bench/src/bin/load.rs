//! A load of one request, or of creates that differ in their version, over connections that are kept.
//!
//! It writes ready bytes and reads answers by their length, so that it costs little beside the server under test. Answers
//! that are not the expected ones are counted, not hidden: of each the status is looked at, and of the first on every
//! connection also what the body holds.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use clap::Parser;
use iotda_ota_bench::{Meter, report};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Parser)]
struct Args {
    /// The server's base address, http:// only
    endpoint: String,
    #[arg(long, default_value = "GET")]
    method: String,
    /// Path and query
    #[arg(long)]
    path: String,
    /// A header such as 'X-Auth-Token: abc'
    #[arg(long = "header")]
    headers: Vec<String>,
    /// The body; every {n} in it becomes a number that is used once
    #[arg(long)]
    body: Option<String>,
    /// Where the numbers begin
    #[arg(long, default_value_t = 0)]
    first: u64,
    #[arg(long, default_value_t = 16)]
    connections: u64,
    /// How many requests there are
    #[arg(long, required_unless_present = "seconds", conflicts_with = "seconds")]
    requests: Option<u64>,
    /// How long it asks
    #[arg(long)]
    seconds: Option<f64>,
    /// The status that counts as right
    #[arg(long, default_value_t = 200)]
    status: u16,
    /// How many packages the body has to hold
    #[arg(long)]
    packages: usize,
    /// Asks for the page after the package of this version, whose marker is looked up before the measurement
    #[arg(long, conflicts_with = "body")]
    after: Option<String>,
    /// Deletes what it created, after the measurement
    #[arg(long)]
    undo: bool,
}

/// What all connections share.
struct Load {
    args: Args,
    given: AtomicU64,
    /// When the last request is begun.
    until: Option<Instant>,
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    answers: u64,
    wrong: u64,
    /// Of the first body.
    bytes: usize,
    created: Vec<String>,
}

/// A connection, and what was read ahead on it.
struct Connection {
    stream: TcpStream,
    host: String,
    held: BytesMut,
}

struct Answer {
    status: u16,
    body: Bytes,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut args = Args::parse();
    if let Some(version) = &args.after {
        let marker = marker(&args, version).await?;
        args.path.push_str(&format!("&marker={marker}"));
    }
    let mut connections = Vec::new();
    for _ in 0..args.connections {
        connections.push(Connection::open(&args.endpoint).await?);
    }
    let meter = Meter::start();
    let until = args.seconds.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds));
    let load = Arc::new(Load { args, given: AtomicU64::new(0), until });
    let tasks: Vec<_> =
        connections.into_iter().map(|connection| tokio::spawn(Arc::clone(&load).ask(connection))).collect();
    let mut all = Seen::default();
    for task in tasks {
        let seen = task.await??;
        all.answers += seen.answers;
        all.wrong += seen.wrong;
        all.bytes = all.bytes.max(seen.bytes);
        all.created.extend(seen.created);
    }
    let usage = meter.read();
    load.delete(&all.created).await?;
    let own = [("requests", all.answers.into()), ("wrong", all.wrong.into()), ("body_bytes", all.bytes.into())];
    report(usage, own);
    Ok(())
}

impl Args {
    fn head(&self, method: &str, path: &str, host: &str) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n");
        for header in &self.headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head
    }
}

/// The marker of a page that ends with the one package of this version.
async fn marker(args: &Args, version: &str) -> Result<String, Failure> {
    let mut connection = Connection::open(&args.endpoint).await?;
    let head = args.head("GET", &format!("{}&version={version}", args.path), &connection.host);
    let answer = connection.ask(&format!("{head}\r\n")).await?;
    let page: serde_json::Value = serde_json::from_slice(&answer.body)?;
    Ok(page["page"]["marker"].as_str().ok_or("the package of --after is not listed")?.to_owned())
}

impl Load {
    /// Asks on one connection until there is nothing more to ask.
    async fn ask(self: Arc<Self>, mut connection: Connection) -> Result<Seen, Failure> {
        let args = &self.args;
        let head = args.head(&args.method, &args.path, &connection.host);
        let mut seen = Seen::default();
        while let Some(number) = self.next() {
            let mut request = head.clone();
            if let Some(body) = &args.body {
                let body = body.replace("{n}", &(args.first + number).to_string());
                request.push_str(&format!(
                    "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                ));
            } else {
                request.push_str("\r\n");
            }
            let answer = connection.ask(&request).await?;
            let mut right = answer.status == args.status;
            if seen.answers == 0 {
                seen.bytes = answer.body.len();
                right &= String::from_utf8_lossy(&answer.body).matches("\"package_id\"").count() == args.packages;
            }
            if args.undo {
                seen.created.push(package_id(&answer.body)?);
            }
            seen.answers += 1;
            seen.wrong += u64::from(!right);
        }
        Ok(seen)
    }

    /// The number of the next request.
    fn next(&self) -> Option<u64> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return None;
        }
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        self.args.requests.is_none_or(|requests| number < requests).then_some(number)
    }

    async fn delete(&self, packages: &[String]) -> Result<(), Failure> {
        let mut connection = Connection::open(&self.args.endpoint).await?;
        for package in packages {
            let head = self.args.head("DELETE", &format!("{}/{package}", self.args.path), &connection.host);
            let status = connection.ask(&format!("{head}\r\n")).await?.status;
            if status != 204 {
                return Err(format!("a delete was answered with {status}").into());
            }
        }
        Ok(())
    }
}

fn package_id(body: &[u8]) -> Result<String, Failure> {
    let package: serde_json::Value = serde_json::from_slice(body)?;
    Ok(package["package_id"].as_str().ok_or("no package_id in the answer")?.to_owned())
}

impl Connection {
    async fn open(endpoint: &str) -> Result<Self, Failure> {
        let host = endpoint.strip_prefix("http://").ok_or("only http:// can be loaded")?.trim_end_matches('/');
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host: host.to_owned(), held: BytesMut::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads its answer, whatever the framing.
    async fn ask(&mut self, request: &str) -> Result<Answer, Failure> {
        self.stream.write_all(request.as_bytes()).await?;
        let end = loop {
            if let Some(at) = find(&self.held, b"\r\n\r\n") {
                break at + 4;
            }
            self.read().await?;
        };
        let head = String::from_utf8_lossy(&self.held.split_to(end)).to_ascii_lowercase();
        let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status line")?;
        if head.contains("transfer-encoding: chunked") {
            return Ok(Answer { status, body: self.chunks().await? });
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
        Ok(Answer { status, body: self.take(length).await? })
    }

    async fn chunks(&mut self) -> Result<Bytes, Failure> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(at) = find(&self.held, b"\r\n") {
                    break at;
                }
                self.read().await?;
            };
            let size = usize::from_str_radix(std::str::from_utf8(&self.held[..end])?.trim(), 16)?;
            self.held.advance(end + 2);
            body.extend(self.take(size).await?);
            self.take(2).await?;
            if size == 0 {
                return Ok(body.into());
            }
        }
    }

    async fn take(&mut self, length: usize) -> Result<Bytes, Failure> {
        while self.held.len() < length {
            self.read().await?;
        }
        Ok(self.held.split_to(length).freeze())
    }

    async fn read(&mut self) -> Result<(), Failure> {
        match self.stream.read_buf(&mut self.held).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

fn find(held: &[u8], what: &[u8]) -> Option<usize> {
    held.windows(what.len()).position(|window| window == what)
}
