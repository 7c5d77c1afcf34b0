//! How much the emulator can take: creates, shows and lists over many connections, with what each costs the server.
//!
//! ```console
//! $ cargo run --release -p iotda-ota-emulator --example load -- [CONNECTIONS [REQUESTS [PACKAGES [KIND]]]]
//! ```
//!
//! The server is a process of its own, which is this program once more, with a data folder on the disk of the temporary
//! folder, so creates are durable. `PACKAGES` are there before it begins; `KIND`, such as `show`, measures only that. On Linux the server's processor time for
//! each request is told as well, which says more than a rate on a machine that has other work; `taskset` keeps the server
//! on one core if this program is started with `LOAD_SERVER_CORE=0`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program to measure with, not to use")]

use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use iotda_ota_emulator::Emulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATH: &str = "/v5/iot/emulator-project/ota-upgrades/packages";
const HEAD: &str = "host: localhost\r\nx-auth-token: emulator-token\r\ncontent-type: application/json\r\n";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, folder, seed] = &arguments[..]
        && mode == "serve"
    {
        return serve(folder, seed);
    }
    let number = |index: usize, default| arguments.get(index).map_or(default, |text| text.parse().unwrap());
    let (connections, requests, packages) = (number(0, 64), number(1, 50_000), number(2, 1000));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let kind = arguments.get(3).cloned().unwrap_or_default();
    runtime.block_on(measure(connections, requests, packages, &kind));
}

/// The server, with as many threads as the command has.
fn serve(folder: &str, seed: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let builder = Emulator::builder().data_dir(folder).load(seed).check_objects(false);
        let emulator = builder.start().await.unwrap();
        println!("{}", emulator.endpoint());
        std::future::pending::<()>().await;
    });
}

async fn measure(connections: usize, requests: usize, packages: usize, kind: &str) {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("seed.jsonl");
    write_seed(&seed, packages);
    let begun = Instant::now();
    let server = Server::start(folder.path(), &seed);
    println!("started with {packages} packages in {:.2?}", begun.elapsed());
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!("memory when idle: {}", server.memory());

    println!("{connections} connections, {requests} requests each kind");
    let create = move |number: usize| {
        // Every one is of a version of its own.
        let body = package(number).replacen("\"version\":\"V", &format!("\"version\":\"N{number}."), 1);
        format!("POST {PATH} HTTP/1.1\r\n{HEAD}content-length: {}\r\n\r\n{body}", body.len())
    };
    let get = |rest: &str| format!("GET {PATH}{rest} HTTP/1.1\r\n{HEAD}\r\n");
    let show = get(&format!("/{:032x}", packages / 2));
    let list = get("?package_type=firmwarePackage");
    let deep = get(&format!("?package_type=firmwarePackage&marker={:08x}{:016x}&offset=500", 1, packages / 2));
    let always = |request: String| -> MakeRequest { Arc::new(move |_| request.clone()) };
    let phases: [(&str, MakeRequest); 4] =
        [("create", Arc::new(create)), ("show", always(show)), ("list", always(list)), ("deep list", always(deep))];
    for (name, request) in phases.into_iter().filter(|(name, _)| name.contains(kind)) {
        let (cpu, begun) = (server.processor_time(), Instant::now());
        run(&server.address, connections, requests, request).await;
        let (elapsed, cpu) = (begun.elapsed(), server.processor_time() - cpu);
        let each = cpu * 1e6 / requests as f64;
        println!(
            "{name:10} {:7.0}/s, {each:6.1} µs of the server's processor time each, so {:7.0}/s of one core",
            requests as f64 / elapsed.as_secs_f64(),
            1e6 / each
        );
    }
    println!("memory after it: {}", server.memory());
}

/// Makes the request with a number.
type MakeRequest = Arc<dyn Fn(usize) -> String + Send + Sync>;

async fn run(address: &str, connections: usize, requests: usize, request: MakeRequest) {
    let left = Arc::new(AtomicUsize::new(requests));
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (left, request, address) = (Arc::clone(&left), Arc::clone(&request), address.to_owned());
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let mut answer = Vec::with_capacity(64 << 10);
                while let Ok(number) =
                    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                {
                    stream.write_all(request(number).as_bytes()).await.unwrap();
                    read_answer(&mut stream, &mut answer).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    answer.clear();
    loop {
        assert!(stream.read_buf(answer).await.unwrap() > 0, "the server closed the connection");
        let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&answer[..end]).unwrap();
        assert!(head.starts_with("HTTP/1.1 20"), "{head}");
        let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
        if answer.len() >= end + 4 + length.parse::<usize>().unwrap() {
            return;
        }
    }
}

fn package(number: usize) -> String {
    let (app, version) = (number % 100, number % 1000);
    format!(
        "{{\"app_id\":\"app-{app}\",\"product_id\":\"product-1\",\"package_type\":\"firmwarePackage\",\"version\":\"V{version}\",\
         \"description\":\"A package like many others\",\"file_location\":{{\"obs_location\":{{\"region_name\":\"emulator-1\",\
         \"bucket_name\":\"emulator-bucket\",\"object_key\":\"ota/firmware.bin\",\"sign_method\":\"SHA256\",\"sign\":\"{}\"}}}}}}",
        "0".repeat(64)
    )
}

fn write_seed(file: &Path, packages: usize) {
    let mut out = BufWriter::new(fs::File::create(file).unwrap());
    for number in 1..=packages {
        let package = package(number);
        let fields = package.strip_prefix('{').unwrap();
        let ids = format!("\"package_id\":\"{number:032x}\",\"record_id\":\"{:08x}{number:016x}\"", 1);
        writeln!(out, "{{\"package\":{{{ids},{fields}}}").unwrap();
    }
    out.flush().unwrap();
}

/// The process of the server, killed when it is dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path, seed: &Path) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = match std::env::var("LOAD_SERVER_CORE") {
            Ok(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core]).arg(program);
                command
            }
            Err(_) => Command::new(program),
        };
        let command = command.arg("serve").arg(folder.join("data")).arg(seed);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").expect("the server did not start").to_owned();
        Self { process, address }
    }

    /// Seconds of all its threads; zero where the system does not tell.
    fn processor_time(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
        // The fields utime and stime, in hundredths of a second.
        (ticks(11) + ticks(12)) / 100.0
    }

    fn memory(&self) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        resident.map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
