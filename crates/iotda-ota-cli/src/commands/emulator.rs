//! `iotda-ota emulator`: the emulator by itself, until it is stopped.

use std::collections::BTreeMap;

use iotda_ota_emulator::{Emulator, InstanceKind};
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
    let mut builder = Emulator::builder().listen(args.listen).obs_listen(args.obs_listen).strict(args.strict);
    builder = builder.signing(match signing {
        Signing::Auto => InstanceKind::Any,
        Signing::Plain => InstanceKind::Shared,
        Signing::Derived => InstanceKind::Dedicated,
    });
    builder = match &data_dir {
        Some(folder) => builder.data_dir(folder),
        None => builder.in_memory(),
    };
    if let Some(file) = &args.identities {
        builder = builder.identities(file);
    }
    if let Some(limit) = args.limit_packages {
        builder = builder.limit_packages(limit);
    }
    let runtime = runtime(true)?;
    let result = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(|error| no_runtime(&error))?;
        let emulator = tokio::select! {
            started = started(&builder, data_dir.as_deref(), output) => started?,
            signal = signals.next() => return Err(Failure::interrupted(signal, false, "nothing was started")),
        };
        let printed = announce(&emulator, output);
        if printed.is_ok() {
            let place = data_dir.as_ref().map_or("memory".to_owned(), |folder| folder.display().to_string());
            output.note(&format!("data in {place}; Ctrl-C stops the emulator"));
            // Its user stops a server on purpose, so that is success.
            signals.next().await;
        }
        emulator.shutdown().await;
        printed
    });
    // An interrupted start may still hold a thread that waits for a lock.
    runtime.shutdown_background();
    result
}

/// Prints what a client needs, and that it can begin.
fn announce(emulator: &Emulator, output: &Output) -> Result<(), Failure> {
    let variables = [
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
    let user = User { username: emulator.user(), password: emulator.password(), domain: emulator.domain() };
    let comments = [
        ("IOTDA_OTA_USERNAME", emulator.user()),
        ("IOTDA_OTA_PASSWORD", emulator.password()),
        ("IOTDA_OTA_DOMAIN", emulator.domain()),
    ];
    let ready = Ready { ready: true, environment: variables.into_iter().collect(), user };
    output.document(&ready, |out| {
        for (name, value) in variables {
            writeln!(out, "export {name}={}", shell_quoted(value))?;
        }
        // Not exported: without the token they would go before the access key.
        for (name, value) in comments {
            writeln!(out, "# {name}={}", shell_quoted(value))?;
        }
        writeln!(out, "ready")
    })
}
