//! Calls create or list again and again, by this library or by a hand-written client, from one caller or many.
//!
//! The hand-written client is what someone would write who needs this one call: a reqwest client, a body that is ready,
//! no signature, no check, the answer's bytes read and thrown away.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use clap::{Parser, ValueEnum};
use iotda_ota::{AccessKey, Client, ObsLocation, PackageType, SigningScheme};
use iotda_ota_bench::{Meter, fixture, report};

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Parser)]
struct Args {
    /// The server's base address
    endpoint: String,
    #[arg(long, value_enum)]
    by: By,
    #[arg(long, value_enum)]
    operation: Operation,
    #[arg(long)]
    callers: u64,
    #[arg(long)]
    calls: u64,
    /// Calls before the measurement begins
    #[arg(long, default_value_t = 200)]
    warm_up: u64,
    /// Threads of the runtime; one is what a command or a test has
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// This library, with an access key
    Library,
    /// reqwest and a ready body
    Handwritten,
}

#[derive(Clone, Copy, ValueEnum)]
enum Operation {
    Create,
    List,
}

/// One way to call.
#[derive(Clone)]
enum Caller {
    Library(Client),
    Handwritten { http: reqwest::Client, url: String, body: Bytes },
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let runtime = match args.threads {
        1 => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        threads => tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?,
    };
    runtime.block_on(run(args))
}

async fn run(args: Args) -> Result<(), Failure> {
    let caller = Caller::new(&args)?;
    calls(&caller, args.operation, args.callers, args.warm_up.max(args.callers)).await?;
    let meter = Meter::start();
    calls(&caller, args.operation, args.callers, args.calls).await?;
    report(meter.read(), [("calls", args.calls.into()), ("callers", args.callers.into())]);
    Ok(())
}

/// Shares the calls among the callers.
async fn calls(caller: &Caller, operation: Operation, callers: u64, calls: u64) -> Result<(), Failure> {
    let left = Arc::new(AtomicU64::new(calls));
    let mut tasks = Vec::new();
    for _ in 0..callers {
        let (caller, left) = (caller.clone(), Arc::clone(&left));
        tasks.push(tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                caller.call(operation).await?;
            }
            Ok::<(), Failure>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

impl Caller {
    fn new(args: &Args) -> Result<Self, Failure> {
        Ok(match args.by {
            By::Library => Self::Library(
                Client::builder()
                    .region("cn-north-4")
                    .endpoint(&args.endpoint)
                    .project_id(fixture::PROJECT)
                    .access_key(AccessKey::new("FAKEAK0000000000TEST", "fake-sk-for-benchmarks-only-000000000000"))
                    .signing_scheme(SigningScheme::Plain)
                    .build()?,
            ),
            By::Handwritten => {
                // The library's client does this by itself.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let query = match args.operation {
                    Operation::Create => String::new(),
                    Operation::List => format!("?{}", fixture::QUERY),
                };
                Self::Handwritten {
                    http: reqwest::Client::builder().no_proxy().build()?,
                    url: format!("{}{}{query}", args.endpoint, fixture::PATH),
                    body: fixture::create_body().to_string().into(),
                }
            }
        })
    }

    async fn call(&self, operation: Operation) -> Result<(), Failure> {
        match (self, operation) {
            (Self::Library(client), Operation::Create) => {
                let location = ObsLocation::new("cn-north-4", "firmware", "sensors/v1.0/upgrade.bin")
                    .sign("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
                let created = client
                    .packages()
                    .create(
                        "61bd7bdf06b54bb0a06b0d1b5a1b4c11",
                        "5ba24f5ebbe8f56f5a14f605",
                        PackageType::Firmware,
                        "v1.0",
                        location,
                    )
                    .support_source_versions(["v0.8", "v0.9"])
                    .description("bench")
                    .send()
                    .await?;
                expect(created.package_id.as_str() == fixture::PACKAGE_ID)
            }
            (Self::Library(client), Operation::List) => {
                let page = client.packages().list(PackageType::Firmware).limit(10).send().await?;
                expect(page.packages.len() == 10)
            }
            (Self::Handwritten { http, url, body }, Operation::Create) => {
                let request = http.post(url).header("content-type", "application/json").body(body.clone());
                let answer = request.send().await?;
                expect(answer.status() == 201 && !answer.bytes().await?.is_empty())
            }
            (Self::Handwritten { http, url, .. }, Operation::List) => {
                let answer = http.get(url).send().await?;
                expect(answer.status() == 200 && !answer.bytes().await?.is_empty())
            }
        }
    }
}

/// A caller that does not get what it asked for measures nothing.
fn expect(right: bool) -> Result<(), Failure> {
    if right { Ok(()) } else { Err("the answer is not the one that was asked for".into()) }
}
