//! What is said when the program itself fails: where, and nothing of what it held.
//!
//! The message of a panic may quote any value, a secret among them, so it is shown only when it is a fixed text.

use std::any::Any;
use std::io::{self, Write};
use std::panic::{self, Location};

use super::{json, messages};
use crate::args::Format;
use crate::failure::Failure;

/// Reports panics in this way from now on, in whatever thread.
pub(super) fn report(format: Format) {
    panic::set_hook(Box::new(move |panic| {
        let failure = failure(panic.payload(), panic.location());
        // Not by way of the progress bar: its lock may be held right here.
        let mut err = anstream::stderr().lock();
        // There is nobody left to tell that standard error is gone.
        let _ = write(&failure, format, &mut err);
    }));
}

fn write(failure: &Failure, format: Format, err: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => messages::failure(failure, err),
        Format::Json => json::line("error", &**failure, err),
    }
}

fn failure(payload: &(dyn Any + Send), location: Option<&Location<'_>>) -> Failure {
    let place = location.map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
    let what = payload.downcast_ref::<&'static str>().map_or_else(String::new, |text| format!(": {text}"));
    Failure::defect(format!("the program failed{place}{what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something that cannot be read, and says so with everything in it.
    #[derive(Debug)]
    struct Secret;

    impl std::str::FromStr for Secret {
        type Err = String;

        fn from_str(text: &str) -> Result<Self, String> {
            Err(text.to_owned())
        }
    }

    fn written(payload: Box<dyn Any + Send>, format: Format) -> String {
        let mut text = Vec::new();
        write(&failure(&*payload, Some(Location::caller())), format, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_panic_tells_where_and_never_what_it_held() {
        let secret = "planted-secret".to_owned();
        let caught = panic::catch_unwind(|| panic!("unexpected {secret}")).unwrap_err();
        let text = written(caught, Format::Text);
        assert!(text.contains("panics.rs") && text.contains("hint:") && !text.contains("planted"), "{text}");
        let caught = panic::catch_unwind(|| secret.parse::<Secret>().expect("an error")).unwrap_err();
        let line = written(caught, Format::Json);
        assert!(line.contains(r#""kind":"fault""#) && !line.contains("planted"), "{line}");
        let caught = panic::catch_unwind(|| panic!("a fixed text")).unwrap_err();
        assert!(written(caught, Format::Text).contains("a fixed text"));
    }
}
