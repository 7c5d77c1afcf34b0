//! `iotda-ota package verify`: what is registered, what is stored and what is here.

use iotda_ota::{Check, Client, ErrorKind, Verification, Verify};

use crate::args::VerifyArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text::Fields;
use crate::target::Target;

pub(super) async fn run(args: &VerifyArgs, target: &Target, output: &Output) -> Result<(), Failure> {
    let client = target.client(|client| request(args, client).validate())?;
    let progress = output.progress();
    let found = request(args, &client).on_progress(move |step| progress.report(step)).send().await?;
    output.end_progress();
    let target = target.describe(&client).await;
    output.document(&found, |out| summary(&found, target).write(out))?;
    let differing: Vec<_> = found.checks.iter().filter(|check| !check.ok).collect();
    match differing.first() {
        None => Ok(()),
        Some(first) => {
            let messages: Vec<_> = differing.iter().map(|check| difference(check)).collect();
            Err(Failure::of_kind(ErrorKind::Mismatch, messages.join("; "), remedy(first)))
        }
    }
}

fn request(args: &VerifyArgs, client: &Client) -> Verify {
    let verify = client.verify(&args.package_id);
    match &args.file {
        Some(file) => verify.file(file),
        None => verify,
    }
}

fn summary(found: &Verification, target: String) -> Fields {
    let mut fields = Fields::default();
    fields.add("package_id", found.package_id.as_str());
    for check in &found.checks {
        let state = if check.ok { "right" } else { "differs" };
        let text = check.found.as_ref().map_or("missing".to_owned(), |checksum| format!("{state}: {checksum}"));
        fields.add(check.name, text);
    }
    fields.add("target", target);
    fields
}

fn difference(check: &Check) -> String {
    let thing = match check.name {
        "sign" => "the registered sign",
        "object" => "the stored object",
        "file" => "the local file",
        other => other,
    };
    match (&check.found, &check.expected) {
        (None, _) => format!("{thing} is missing"),
        (Some(found), Some(expected)) => format!("{thing} differs: its SHA-256 is {found} and not {expected}"),
        (Some(found), None) => format!("{thing} cannot be compared: its SHA-256 is {found}"),
    }
}

fn remedy(check: &Check) -> &'static str {
    match check.name {
        "file" => "see whether this is the file of another version; what is published fits together",
        _ => "publish the right file again with --if-exists replace, or under a new version",
    }
}
