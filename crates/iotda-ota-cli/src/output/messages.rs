//! Warnings and errors as text.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use clap::error::ErrorKind;

use super::text::Shown;
use crate::failure::{Failure, Problem, Report};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default();
const FIELD: Style = Style::new().bold();

pub(super) fn warning(text: &str, err: &mut dyn Write) -> io::Result<()> {
    writeln!(err, "{WARNING}warning:{WARNING:#} {}", Shown(text))
}

/// The message, then a block for each violation, the causes, the request id and a hint.
pub(super) fn failure(failure: &Report, err: &mut dyn Write) -> io::Result<()> {
    writeln!(err, "{ERROR}error:{ERROR:#} {}", Shown(&failure.message))?;
    for problem in &failure.violations {
        let Problem { field, origin, rule, value, help, at } = problem;
        write!(err, "  {FIELD}{}{FIELD:#}", Shown(field))?;
        let at = at.as_ref().map(ToString::to_string);
        let known = at.as_deref().or(origin.as_deref());
        if let Some(place) = known.or_else(|| place(problem.name(), value)) {
            write!(err, " ({})", Shown(place))?;
        }
        write!(err, ": must be {}", Shown(rule))?;
        if !value.is_empty() {
            write!(err, ", is {}", Shown(value))?;
        }
        writeln!(err)?;
        writeln!(err, "    {HELP}help:{HELP:#} {}", Shown(help))?;
    }
    for cause in &failure.causes {
        // The chain of credentials says what each source said, a line each.
        let mut lines = cause.lines();
        writeln!(err, "  caused by: {}", Shown(lines.next().unwrap_or_default()))?;
        for line in lines {
            writeln!(err, "    {}", Shown(line))?;
        }
    }
    if let Some(id) = &failure.request_id {
        writeln!(err, "  request id: {}", Shown(id))?;
    }
    if let Some(hint) = &failure.hint {
        writeln!(err, "{HELP}hint:{HELP:#} {}", Shown(hint))?;
    }
    Ok(())
}

/// Where a field can come from: the argument, flag or variable.
fn place(name: &str, value: &str) -> Option<&'static str> {
    // An entry of a list comes from one of several flags.
    let name = name.split('[').next().unwrap_or(name);
    // A setting that has a value but no known origin comes from elsewhere, such as a file of credentials.
    argument(name).or_else(|| setting(name).filter(|_| value.is_empty()))
}

/// Where a field of the request, or a part of the credentials, comes from.
fn argument(name: &str) -> Option<&'static str> {
    Some(match name {
        "file" => "FILE",
        "package_id" => "PACKAGE_ID",
        "app_id" => "--app-id",
        "product_id" => "--product-id",
        "package_type" => "--type",
        "module_name" => "--module-name",
        "version" => "--version",
        "support_source_versions" => "--support-source-version",
        "description" => "--description",
        "custom_info" => "--custom-info",
        "object_key" => "--object-key",
        "sign" => "--sign",
        "token" => "IOTDA_OTA_TOKEN",
        "access_key.id" => "HUAWEICLOUD_SDK_AK",
        "access_key.secret" => "HUAWEICLOUD_SDK_SK",
        "access_key.security_token" => "HUAWEICLOUD_SDK_SECURITY_TOKEN",
        _ => return None,
    })
}

/// Where a setting that is missing can be given.
fn setting(name: &str) -> Option<&'static str> {
    Some(match name {
        "region_name" => "--obs-region or --region",
        "bucket_name" => "--bucket or IOTDA_OTA_BUCKET",
        "region" => "--region or IOTDA_OTA_REGION",
        "endpoint" => "--endpoint or IOTDA_OTA_ENDPOINT",
        "obs_endpoint" => "--obs-endpoint or IOTDA_OTA_OBS_ENDPOINT",
        "iam_endpoint" => "--iam-endpoint or HUAWEICLOUD_SDK_IAM_ENDPOINT",
        "project_id" => "--project-id or HUAWEICLOUD_SDK_PROJECT_ID",
        "Instance-Id" => "--instance-id or IOTDA_OTA_INSTANCE_ID",
        "ca_file" => "--ca-file or IOTDA_OTA_CA_FILE",
        _ => return None,
    })
}

/// What is wrong with the command line, for those who read JSON.
pub(super) fn of_usage(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("a command is missing", "add --help to see which there are");
    }
    let text = error.render().to_string();
    // The first paragraph says what is wrong; usage and tips follow.
    let message = text.split("\n\n").next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let words: Vec<_> = message.split_whitespace().collect();
    Failure::usage(words.join(" "), "add --help to the command to see what it takes")
}
