//! A load of one request, or of creates that differ in their version, over connections that are kept.
//!
//! It writes ready bytes and reads answers by their length, so that it costs little beside the server under test. Answers
//! with another status than the expected one are counted, not hidden.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

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
    #[arg(long)]
    requests: u64,
    /// The status that counts as right
    #[arg(long, default_value_t = 200)]
    status: u16,
}

#[derive(Default)]
struct Counts {
    given: AtomicU64,
    wrong: AtomicU64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let args = Arc::new(Args::parse());
    let counts = Arc::new(Counts::default());
    let meter = Meter::start();
    let mut tasks = Vec::new();
    for _ in 0..args.connections {
        tasks.push(tokio::spawn(connection(Arc::clone(&args), Arc::clone(&counts))));
    }
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    let usage = meter.read();
    waits.sort_unstable();
    let at = |share: usize| waits.get(waits.len() * share / 1000).copied().unwrap_or_default();
    report(
        usage,
        [
            ("requests", args.requests.into()),
            ("wrong", counts.wrong.load(Ordering::Relaxed).into()),
            ("median_us", at(500).into()),
            ("p99_us", at(990).into()),
        ],
    );
    Ok(())
}

/// Asks on one connection until all numbers are given out; returns how long each answer took, in microseconds.
async fn connection(args: Arc<Args>, counts: Arc<Counts>) -> Result<Vec<u32>, Failure> {
    let address = args.endpoint.strip_prefix("http://").ok_or("only http:// can be loaded")?.trim_end_matches('/');
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut held = Vec::with_capacity(16 * 1024);
    let mut waits = Vec::new();
    let head = head(&args, address);
    loop {
        let number = counts.given.fetch_add(1, Ordering::Relaxed);
        if number >= args.requests {
            return Ok(waits);
        }
        let mut request = head.clone();
        if let Some(body) = &args.body {
            let body = body.replace("{n}", &(args.first + number).to_string());
            request
                .push_str(&format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
        } else {
            request.push_str("\r\n");
        }
        let asked = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let status = answer(&mut stream, &mut held).await?;
        waits.push(asked.elapsed().as_micros().try_into().unwrap_or(u32::MAX));
        if status != args.status {
            counts.wrong.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn head(args: &Args, address: &str) -> String {
    let mut head = format!("{} {} HTTP/1.1\r\nhost: {address}\r\n", args.method, args.path);
    for header in &args.headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head
}

/// Reads one answer, whatever its framing, and returns its status.
async fn answer(stream: &mut TcpStream, held: &mut Vec<u8>) -> Result<u16, Failure> {
    let end = loop {
        if let Some(at) = held.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, held).await?;
    };
    let head = String::from_utf8_lossy(&held[..end]).to_ascii_lowercase();
    let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status line")?;
    if head.contains("transfer-encoding: chunked") {
        while !held[end..].ends_with(b"0\r\n\r\n") {
            more(stream, held).await?;
        }
        held.clear();
        return Ok(status);
    }
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0);
    while held.len() < end + length {
        more(stream, held).await?;
    }
    held.drain(..end + length);
    Ok(status)
}

async fn more(stream: &mut TcpStream, held: &mut Vec<u8>) -> Result<(), Failure> {
    if stream.read_buf(held).await? == 0 {
        return Err("the server closed the connection".into());
    }
    Ok(())
}
