//! `iotda-ota emulator`: the emulator by itself, until it is stopped.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use iotda_ota_emulator::{Builder, Emulator, InstanceKind};
use serde::Serialize;

use super::running::{no_runtime, runtime, started};
use crate::args::{EmulatorArgs, Signing};
use crate::config::{self, Environment};
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text::shell_quoted;
use crate::signals::Signals;

/// What `--format json` prints.
#[derive(Serialize)]
struct Ready<'a> {
    ready: bool,
    environment: BTreeMap<&'static str, &'a str>,
    /// Whoever wants to log in needs it; beside the token it is not used.
    user: User<'a>,
}

#[derive(Serialize)]
struct User<'a> {
    username: &'a str,
    password: &'a str,
    domain: &'a str,
}

pub(super) fn run(args: &EmulatorArgs, signing: Signing, output: &Output) -> Result<(), Failure> {
    let data_dir = match args.in_memory {
        true => None,
        false => Some(config::emulator_dir(args.data_dir.as_ref(), "--data-dir", Environment::PROCESS)?),
    };
    let builder = builder(args, data_dir.as_deref()).signing(match signing {
        Signing::Auto => InstanceKind::Any,
        Signing::Plain => InstanceKind::Shared,
        Signing::Derived => InstanceKind::Dedicated,
    });
    let runtime = runtime(true)?;
    let result = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(|error| no_runtime(&error))?;
        let emulator = tokio::select! {
            started = started(&builder, data_dir.as_deref(), output) => started?,
            signal = signals.next() => return Err(Failure::interrupted(signal, "nothing was started")),
        };
        for fault in &args.faults {
            // What is wrong with one was found when it was read.
            let _ = emulator.faults().add(fault.clone());
        }
        let printed = announce(&emulator, output);
        if printed.is_ok() {
            for address in [args.listen, args.obs_listen].iter().filter(|address| !address.ip().is_loopback()) {
                let risk = "everybody who reaches it can use it, because its credentials are the same everywhere";
                output.caution("listen", &format!("{address} is not a loopback address: {risk}"));
            }
            let place =
                data_dir.as_ref().map_or("a temporary folder".to_owned(), |folder| folder.display().to_string());
            output.note(&format!("data in {place}; Ctrl-C stops the emulator"));
            // Its user stops a server on purpose, so that is success.
            tokio::select! {
                _ = signals.next() => {}
                () = stdin_ended(), if args.stop_with_stdin => {}
            }
        }
        emulator.shutdown().await;
        printed
    });
    // An interrupted start may still hold a thread that waits for a lock.
    runtime.shutdown_background();
    result
}

/// Comes back when nobody holds the other end of standard input any more.
async fn stdin_ended() {
    let read = || io::copy(&mut io::stdin().lock(), &mut io::sink());
    // A standard input that cannot be read has ended, too.
    let _ = tokio::task::spawn_blocking(read).await;
}

/// The settings that the flags say.
fn builder(args: &EmulatorArgs, data_dir: Option<&Path>) -> Builder {
    let mut builder = Emulator::builder()
        .listen(args.listen)
        .obs_listen(args.obs_listen)
        .strict(args.strict)
        .check_objects(!args.no_object_check)
        .metadata(args.metadata)
        .control(!args.no_control);
    builder = match data_dir {
        Some(folder) => builder.data_dir(folder),
        None => builder.in_memory(),
    };
    for host in &args.hosts {
        builder = builder.allow_host(host);
    }
    if let Some(clock) = &args.fixed_clock {
        builder = builder.clock(clock.clone());
    }
    builder = given(builder, &args.identities, Builder::identities);
    builder = given(builder, &args.load, Builder::load);
    builder = given(builder, &args.limit_packages, Builder::limit_packages);
    builder = given(builder, &args.limit_storage, Builder::limit_storage);
    builder = given(builder, &args.keep_requests, Builder::keep_requests);
    builder = given(builder, &args.max_body, Builder::max_body_bytes);
    builder = given(builder, &args.max_load, Builder::max_load_bytes);
    builder = given(builder, &args.max_head, Builder::max_head_bytes);
    builder = given(builder, &args.max_connections, Builder::max_connections);
    builder = given(builder, &args.max_page, Builder::max_page);
    given(builder, &args.max_offset, Builder::max_offset)
}

/// Applies a setting if its flag was given.
fn given<T: Clone>(builder: Builder, value: &Option<T>, set: fn(Builder, T) -> Builder) -> Builder {
    match value {
        Some(value) => set(builder, value.clone()),
        None => builder,
    }
}

/// Prints what a client needs, and that it can begin.
fn announce(emulator: &Emulator, output: &Output) -> Result<(), Failure> {
    let mut variables = vec![
        ("IOTDA_OTA_ENDPOINT", emulator.endpoint()),
        ("IOTDA_OTA_OBS_ENDPOINT", emulator.obs_endpoint()),
        ("HUAWEICLOUD_SDK_IAM_ENDPOINT", emulator.iam_endpoint()),
        ("IOTDA_OTA_REGION", emulator.region()),
        ("HUAWEICLOUD_SDK_PROJECT_ID", emulator.project_id()),
        ("HUAWEICLOUD_SDK_AK", emulator.access_key_id()),
        ("HUAWEICLOUD_SDK_SK", emulator.secret_access_key()),
        ("IOTDA_OTA_TOKEN", emulator.token()),
        ("IOTDA_OTA_BUCKET", emulator.bucket()),
    ];
    variables.extend(emulator.metadata_endpoint().map(|endpoint| ("IOTDA_OTA_METADATA", endpoint)));
    let user = User { username: emulator.user(), password: emulator.password(), domain: emulator.domain() };
    let comments = [
        ("IOTDA_OTA_USERNAME", emulator.user()),
        ("IOTDA_OTA_PASSWORD", emulator.password()),
        ("IOTDA_OTA_DOMAIN", emulator.domain()),
    ];
    let ready = Ready { ready: true, environment: variables.iter().copied().collect(), user };
    output.document(&ready, |out| {
        for (name, value) in &variables {
            writeln!(out, "export {name}={}", shell_quoted(value))?;
        }
        // Not exported: without the token they would go before the access key.
        for (name, value) in comments {
            writeln!(out, "# {name}={}", shell_quoted(value))?;
        }
        writeln!(out, "ready")
    })
}
