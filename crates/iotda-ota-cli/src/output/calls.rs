//! `--verbose`: one line for every attempt of a call, from the events of the library.

use std::fmt::Debug;
use std::io::{self, Write};

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::json;
use super::progress::Stderr;
use super::text::Shown;
use crate::args::Format;

/// Shows attempts from now on.
pub(super) fn show(format: Format, stderr: Stderr) {
    let subscriber = tracing_subscriber::registry().with(Calls { format, stderr });
    // It fails only if there is one already, and this program makes no other.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Listens to the library alone.
struct Calls {
    format: Format,
    stderr: Stderr,
}

impl<S: Subscriber> Layer<S> for Calls {
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        metadata.target().split("::").next() == Some("iotda_ota")
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut call = Call::default();
        event.record(&mut call);
        if call.operation.is_some() {
            self.stderr.write(|err| match self.format {
                Format::Text => call.write(err),
                Format::Json => json::line("call", &call, err),
            });
        }
    }
}

/// What the library tells about one attempt of a call.
#[derive(Debug, Default, Serialize)]
struct Call {
    operation: Option<String>,
    method: Option<String>,
    attempt: Option<u64>,
    /// How long was waited before it, and why there was another one; nothing for a first attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    waited_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    status: Option<u64>,
    elapsed_ms: Option<u64>,
    request_id: Option<String>,
}

impl Call {
    fn write(&self, err: &mut dyn Write) -> io::Result<()> {
        write!(err, "call: {}", Shown(self.operation.as_deref().unwrap_or_default()))?;
        if let Some(method) = &self.method {
            write!(err, " {}", Shown(method))?;
        }
        if let Some(because) = &self.because {
            let (attempt, waited) = (self.attempt.unwrap_or_default(), self.waited_ms.unwrap_or_default());
            write!(err, ", attempt {attempt} after {waited} ms because of: {};", Shown(because))?;
        }
        match self.status {
            Some(status) => write!(err, " answered {status}")?,
            None => write!(err, " not answered")?,
        }
        if let Some(elapsed) = self.elapsed_ms {
            write!(err, " in {elapsed} ms")?;
        }
        if let Some(id) = &self.request_id {
            write!(err, ", request id {}", Shown(id))?;
        }
        writeln!(err)
    }

    fn text(&mut self, name: &str, value: String) {
        match name {
            "operation" => self.operation = Some(value),
            "method" => self.method = Some(value),
            "request_id" => self.request_id = Some(value),
            "because" => self.because = Some(value),
            _ => {}
        }
    }
}

impl Visit for Call {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "status" => self.status = Some(value),
            "attempt" => self.attempt = Some(value),
            "waited_ms" => self.waited_ms = Some(value),
            "elapsed" => self.elapsed_ms = Some(value),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field.name(), format!("{value:?}"));
    }
}
