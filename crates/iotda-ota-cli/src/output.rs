//! The only place that prints.
//!
//! Results go to standard output, as text for people or as one JSON document. Everything else goes to standard error:
//! progress, warnings, notes, calls and errors; with `--format json` as lines of JSON, each with a `type`.

use std::io::{self, BufWriter, Write};

use iotda_ota::Warning;
use serde::Serialize;

use crate::args::{ColorMode, Format, ProgressMode, Stopped};
use crate::config::{Appearance, Environment};
use crate::exit_code::ExitCode;
use crate::failure::Failure;

mod calls;
mod json;
mod messages;
mod panics;
mod progress;
pub(crate) mod text;

pub(crate) use progress::Reporter;

use progress::Stderr;

/// Prints in the way that the caller asked for.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    format: Format,
    progress: ProgressMode,
    quiet: bool,
    stderr: Stderr,
}

impl Output {
    pub(crate) fn new(appearance: Appearance) -> Self {
        let Appearance { format, progress, color, quiet, verbose } = appearance;
        choose_colors(color);
        panics::report(format);
        let stderr = Stderr::default();
        if verbose {
            calls::show(format, stderr.clone());
        }
        Self { format, progress, quiet, stderr }
    }

    /// Prints a result. A reader that has seen enough and went away is no error.
    pub(crate) fn document(
        &self,
        value: &impl Serialize,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        print(|out| match self.format {
            Format::Text => text(out),
            Format::Json => {
                out.write_all(json::document(value)?.as_bytes())?;
                out.write_all(b"\n")
            }
        })
    }

    /// Prints JSON whatever the format is.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        print(|out| text::json(value, out))
    }

    /// Prints bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        print(|out| out.write_all(bytes))
    }

    /// Tells people something in passing; programs find it in the document.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet && self.format == Format::Text {
            self.stderr.write(|err| writeln!(err, "{}", text::Shown(text)));
        }
    }

    pub(crate) fn warnings(&self, warnings: &[Warning]) {
        if self.quiet {
            return;
        }
        for warning in warnings {
            self.stderr.write(|err| match self.format {
                Format::Text => messages::warning(&warning.to_string(), err),
                Format::Json => json::line("warning", warning, err),
            });
        }
    }

    /// Warns about a setting of the caller, as [`warnings`](Self::warnings) does about a request.
    pub(crate) fn caution(&self, field: &str, message: &str) {
        #[derive(Serialize)]
        struct Caution<'a> {
            field: &'a str,
            message: &'a str,
        }
        if self.quiet {
            return;
        }
        self.stderr.write(|err| match self.format {
            Format::Text => messages::warning(&format!("{field}: {message}"), err),
            Format::Json => json::line("warning", &Caution { field, message }, err),
        });
    }

    /// Reports why the command failed; nothing is printed after it.
    pub(crate) fn failure(&self, failure: &Failure) {
        self.stderr.write(|err| match self.format {
            Format::Text => messages::failure(failure, err),
            Format::Json => json::line("error", &**failure, err),
        });
    }

    /// Begins to show progress.
    pub(crate) fn progress(&self) -> Reporter {
        let mode = match self.progress {
            _ if self.quiet => ProgressMode::None,
            // A bar would stand between the lines of JSON.
            ProgressMode::Auto if self.format == Format::Json => ProgressMode::None,
            ProgressMode::Auto => ProgressMode::Bar,
            chosen => chosen,
        };
        Reporter::new(mode, self.stderr.clone())
    }

    /// Takes the bar away before results are printed.
    pub(crate) fn end_progress(&self) {
        self.stderr.clear();
    }
}

/// Prints the help that was asked for, or what is wrong with the command line.
pub(crate) fn usage(stopped: &Stopped) -> ExitCode {
    let color = stopped.color.as_deref().and_then(|text| clap::ValueEnum::from_str(text, false).ok());
    choose_colors(color.unwrap_or_default());
    let text = stopped.error.render().ansi().to_string();
    if !stopped.error.use_stderr() {
        // Only a broken standard output can fail here, and there is nobody left to tell.
        return print(|out| out.write_all(text.as_bytes())).map_or(ExitCode::Fault, |()| ExitCode::Done);
    }
    let format = stopped.format.clone().or_else(|| Environment::PROCESS.text("IOTDA_OTA_FORMAT"));
    Stderr::default().write(|err| match format.as_deref() {
        Some("json") => json::line("error", &*messages::of_usage(&stopped.error), err),
        _ => err.write_all(text.as_bytes()),
    });
    ExitCode::Invalid
}

fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    let written = write(&mut out).and_then(|()| out.flush());
    // What could not be written is still in the buffer, and dropping it would try once more.
    let _ = out.into_parts();
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::fault("standard output cannot be written", &error))
        }
        _ => Ok(()),
    }
}

fn choose_colors(mode: ColorMode) {
    match mode {
        ColorMode::Auto => anstream::ColorChoice::Auto,
        ColorMode::Always => anstream::ColorChoice::Always,
        ColorMode::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}
