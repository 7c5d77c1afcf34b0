//! The trivial server of `call`: an answer that is ready for each request, and nothing else.
//!
//! It reads a request's head, skips the body, and writes canned bytes, so that what is measured is the caller. It prints
//! its address and runs until it is ended.

use std::io;

use iotda_ota_bench::fixture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The three answers.
struct Answers {
    created: Vec<u8>,
    page: Vec<u8>,
    package: Vec<u8>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let answers: &'static Answers = Box::leak(Box::new(Answers {
        created: answer("201 Created", &fixture::package().to_string()),
        page: answer("200 OK", &fixture::page().to_string()),
        package: answer("200 OK", &fixture::package().to_string()),
    }));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A caller that goes away in the middle ends only its own connection.
            let _ = serve(stream, answers).await;
        });
    }
}

#[expect(clippy::print_stdout, reason = "the caller reads the address from standard output")]
fn announce(address: std::net::SocketAddr) {
    println!("http://{address}");
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-request-id: bench\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn serve(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut held = Vec::with_capacity(16 * 1024);
    loop {
        let Some(end) = head_end(&held) else {
            if stream.read_buf(&mut held).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let head = &held[..end];
        let ready = if head.starts_with(b"POST ") {
            &answers.created
        } else if head.split(|byte| *byte == b'\r').next().is_some_and(|line| line.contains(&b'?')) {
            &answers.page
        } else {
            &answers.package
        };
        let whole = end + content_length(head);
        while held.len() < whole {
            if stream.read_buf(&mut held).await? == 0 {
                return Ok(());
            }
        }
        held.drain(..whole);
        stream.write_all(ready).await?;
    }
}

/// Where the body begins, once the whole head is there.
fn head_end(held: &[u8]) -> Option<usize> {
    held.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head);
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0)
}
