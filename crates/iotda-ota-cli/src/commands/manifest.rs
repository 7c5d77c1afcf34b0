//! `iotda-ota manifest`: write, check, and print the schema.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use iotda_ota::ErrorKind;
use serde::Serialize;

use crate::args::{CheckArgs, InitArgs, ManifestCommand};
use crate::failure::{Failure, Problem};
use crate::manifest::{self, Manifest, Read};
use crate::output::Output;
use crate::output::text::Fields;
use crate::target::stand_in;

/// Runs one of the commands. `bucket` is for a new manifest.
pub(super) fn run(command: &ManifestCommand, bucket: Option<&String>, output: &Output) -> Result<(), Failure> {
    match command {
        ManifestCommand::Init(args) => init(args, bucket, output),
        ManifestCommand::Check(args) => check(args, output),
        ManifestCommand::Schema => output.json(&manifest::schema()),
    }
}

/// What is printed about a new manifest.
#[derive(Serialize)]
struct Written {
    manifest: String,
    written: bool,
}

fn init(args: &InitArgs, bucket: Option<&String>, output: &Output) -> Result<(), Failure> {
    let values = Manifest {
        bucket_name: bucket.cloned(),
        object_key: args.object_key.clone(),
        allow: (!args.allow.is_empty()).then(|| args.allow.clone()),
        ..Manifest::from(&args.described)
    };
    let text = manifest::text(&values);
    let problems = manifest::problems(&Read::bytes(&args.file, text.as_bytes()), &stand_in()?);
    if !problems.is_empty() {
        // They come from flags, and there is no file that could have places.
        let problems: Vec<_> = problems.into_iter().map(|problem| Problem { at: None, ..problem }).collect();
        return Err(Failure::broken(problems, "nothing was written"));
    }
    write(&args.file, &text)?;
    let written = Written { manifest: args.file.display().to_string(), written: true };
    output.document(&written, |out| {
        let mut fields = Fields::default();
        fields.add("manifest", &written.manifest);
        fields.add("next", next(&values));
        fields.write(out)
    })
}

/// Writes a file that does not exist yet.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let written = File::create_new(file).and_then(|mut new| {
        // Half a manifest would be in the way of the next try.
        new.write_all(text.as_bytes()).inspect_err(|_| drop(fs::remove_file(file)))
    });
    written.map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            let message = format!("{} exists already", file.display());
            let hint = "nothing was written; edit it, or name another file";
            return Failure::of_kind(ErrorKind::AlreadyExists, message, hint);
        }
        Failure::fault(&format!("{} cannot be written", file.display()), &error)
    })
}

fn next(values: &Manifest) -> &'static str {
    if values.app_id.is_some() && values.product_id.is_some() && values.package_type.is_some() {
        "iotda-ota package publish FILE --version VERSION, with a FILE in the same folder"
    } else {
        "fill it in, then iotda-ota manifest check"
    }
}

/// What is printed about a manifest without mistakes.
#[derive(Serialize)]
struct Checked {
    manifest: String,
    ok: bool,
}

fn check(args: &CheckArgs, output: &Output) -> Result<(), Failure> {
    let file = args.file.display().to_string();
    let problems = manifest::problems(&Read::file(&args.file), &stand_in()?);
    if !problems.is_empty() {
        let mistakes =
            if problems.len() == 1 { "1 mistake".to_owned() } else { format!("{} mistakes", problems.len()) };
        return Err(Failure::because_of(format!("{file} has {mistakes}"), problems));
    }
    let checked = Checked { manifest: file, ok: true };
    output.document(&checked, |out| {
        let mut fields = Fields::default();
        fields.add("manifest", &checked.manifest);
        fields.add("checked", "no mistakes");
        fields.write(out)
    })
}
