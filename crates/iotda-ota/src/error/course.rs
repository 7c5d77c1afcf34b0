//! What an error tells about the course of its call: how often it was tried, what is not known, and how to find out.

use std::time::Duration;

use serde::Serialize;

use super::{Error, ErrorKind};
use crate::model::PackageId;
use crate::packages::CreateRequest;

/// Why nobody knows whether a request was carried out. The later ones leave more open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unclear {
    /// The service itself answered that it failed (500 or 503 with its code): whatever was done is done by now.
    Ended,
    /// The connection broke, the answer was cut off, a gateway or proxy answered in the service's place, or time was over,
    /// here or there: the service may still be at it.
    Late,
    /// The service said yes, but not to what.
    Accepted,
}

/// What a call meant to create or delete, to look for it when the [outcome is unknown](Error::is_outcome_unknown).
///
/// ```
/// # async fn example(client: iotda_ota::Client, create: iotda_ota::CreatePackage) -> Result<(), iotda_ota::Error> {
/// match create.send().await {
///     Err(error) if error.is_outcome_unknown() => {
///         if let Some(sought) = error.sought() {
///             eprintln!("{}", sought.hint());
///         }
///     }
///     created => println!("{}", created?.package_id),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Sought {
    /// A package: it has this app, product, type, module and version, and its file is there.
    Package(Box<CreateRequest>),
    /// A package that was to be deleted: it is gone, or still there.
    Deleted {
        /// Its id.
        package_id: PackageId,
    },
}

impl Sought {
    /// The command that lists whatever it may be among, or shows it, ready for a shell. It has no flags that say where the
    /// service is; [`hint_with`](Self::hint_with) takes some.
    pub fn command(&self) -> String {
        self.command_with(&[])
    }

    fn command_with(&self, more: &[String]) -> String {
        let words = match self {
            Self::Package(request) => vec![
                "list",
                "--all",
                "--type",
                request.package_type.as_str(),
                "--app-id",
                request.app_id.as_str(),
                "--product-id",
                request.product_id.as_str(),
                "--version",
                request.version.as_str(),
            ],
            Self::Deleted { package_id } => vec!["show", package_id.as_str()],
        };
        let words = words.into_iter().chain(more.iter().map(String::as_str)).map(quoted);
        format!("iotda-ota package {}", words.collect::<Vec<_>>().join(" "))
    }

    /// How to find out by hand, as a sentence with the [`command`](Self::command).
    pub fn hint(&self) -> String {
        self.hint_with(&[])
    }

    /// The same, with more words at the end of the command, such as flags that say where the service is.
    pub fn hint_with(&self, more: &[String]) -> String {
        let command = self.command_with(more);
        let request = match self {
            Self::Package(request) => request,
            Self::Deleted { .. } => return format!("the package may be deleted or not: `{command}` tells"),
        };
        let module = request.module_name.as_ref().map(|name| format!(" of module {name:?}")).unwrap_or_default();
        let place = request
            .file_location
            .obs_location
            .as_ref()
            .map(|location| format!(" with object {:?} in bucket {:?}", location.object_key, location.bucket_name));
        let place = place.unwrap_or_default();
        format!(
            "the package may exist: before trying again, look with `{command}` for one{module}, and with `package show` in \
             the same way whether it is the one{place}"
        )
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The part of an [`Error`] that is about the course of its call.
#[derive(Debug, Default)]
pub(super) struct CourseOfError {
    attempts: u32,
    unclear: Option<Unclear>,
    acted: bool,
    retry_after: Option<Duration>,
    sought: Option<Sought>,
    note: Option<String>,
}

impl Error {
    /// How many attempts of the call were made; 0 if it ended before the first.
    pub fn attempts(&self) -> u32 {
        self.0.course.attempts
    }

    /// What to look for when the [outcome is unknown](Self::is_outcome_unknown): everything that a create was to make, or
    /// the package that a delete was for.
    pub fn sought(&self) -> Option<&Sought> {
        self.0.course.sought.as_ref()
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.course.attempts = attempts;
        self
    }

    /// The same error of a request, of which is not known whether it was carried out.
    pub(crate) fn with_unclear(mut self, unclear: Unclear) -> Self {
        self.0.course.unclear = Some(unclear);
        self.with_acted(true)
    }

    /// The same error, and whether any attempt of its call may have been carried out.
    pub(crate) fn with_acted(mut self, acted: bool) -> Self {
        self.0.course.acted |= acted;
        self
    }

    /// Whether any attempt of the call may have been carried out. One that ended before anything was sent, or that was
    /// clearly refused, was not.
    pub(crate) fn may_have_acted(&self) -> bool {
        self.0.course.acted
    }

    /// Whether the call may have done what it was for, although it may also be repeated.
    pub(crate) fn may_be_done(&self) -> bool {
        self.is_outcome_unknown() || self.is_retryable() && self.may_have_acted()
    }

    /// The same error, with the delay that somebody else than the service of the call asks for.
    pub(crate) fn with_retry_after(mut self, delay: Option<Duration>) -> Self {
        self.0.course.retry_after = delay;
        self
    }

    /// The delay that was asked for without an answer to this call.
    pub(super) fn asked_elsewhere(&self) -> Option<Duration> {
        self.0.course.retry_after
    }

    /// Why it is not known whether the create was carried out, if it is not.
    pub(crate) fn unclear(&self) -> Option<Unclear> {
        self.0.course.unclear.filter(|_| self.is_outcome_unknown())
    }

    /// The same error, of which now is known that nothing was done.
    pub(crate) fn not_done(mut self, note: &str) -> Self {
        self.0.kind = ErrorKind::Unavailable;
        self.noted(note).with_hint("nothing was created; wait a little and try again")
    }

    /// The same error, of which is still not known what was done; `note` says what was tried to find out.
    pub(crate) fn unknown(mut self, note: &str, sought: Sought) -> Self {
        self.0.kind = ErrorKind::OutcomeUnknown;
        let hint = sought.hint();
        self.0.course.sought = Some(sought);
        self.noted(note).also(&hint)
    }

    /// The same error; `note` says what was found out afterwards.
    pub(crate) fn noted(mut self, note: &str) -> Self {
        self.0.course.note = Some(note.to_owned());
        self
    }

    /// The same error of whoever wanted new credentials because the ones in use were refused.
    pub(crate) fn after_refusal(self, refused: &Self) -> Self {
        self.noted(&format!("new ones are needed because the ones in use were refused: {}", refused.in_short()))
    }

    /// What was found out afterwards.
    pub(super) fn note(&self) -> Option<&str> {
        self.0.course.note.as_deref()
    }

    /// The same error in other words: `message` gets those of now. What the service said stays beside them.
    pub(crate) fn in_words(mut self, message: impl FnOnce(&str) -> String) -> Self {
        self.0.message = message(&self.0.message);
        self
    }

    /// The same error with more in its hint.
    pub(crate) fn also(self, more: &str) -> Self {
        let hint = self.hint().map_or_else(|| more.to_owned(), |hint| format!("{hint}; {more}"));
        self.with_hint(hint)
    }

    /// What went wrong in few words, without what the service wrote.
    pub(crate) fn in_short(&self) -> String {
        match self.status() {
            Some(status) => format!("{} (HTTP {status})", self.0.message),
            None => self.0.message.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{ObsLocation, PackageType};

    /// The words that a shell makes of a command, by the quoting of POSIX; what would do anything else is refused.
    fn words(command: &str) -> Vec<String> {
        let (mut words, mut word) = (Vec::new(), None::<String>);
        let mut rest = command.chars();
        while let Some(next) = rest.next() {
            match next {
                ' ' => words.extend(word.take()),
                '\'' => word.get_or_insert_default().extend(rest.by_ref().take_while(|&c| c != '\'')),
                '\\' => word.get_or_insert_default().extend(rest.next()),
                c => {
                    assert!(c.is_ascii_alphanumeric() || "_-./:@%+,".contains(c), "{c:?} in {command}");
                    word.get_or_insert_default().push(c);
                }
            }
        }
        words.extend(word);
        words
    }

    proptest! {
        #[test]
        fn the_command_has_the_words_that_were_meant(
            app_id in any::<String>(), product_id in "[ -~]{0,12}", package_type in "[ \"'$`\\\\a-z*?!\n]{0,9}", version in ".{0,9}",
        ) {
            let location = ObsLocation::new("cn-north-4", "abc", "x.bin");
            let package_type = PackageType::from(package_type);
            let request = CreateRequest::new(
                app_id.as_str().into(), product_id.as_str().into(), package_type.clone(), version.as_str().into(), location,
            );
            let found = words(&Sought::Package(Box::new(request)).command());
            prop_assert_eq!(found, [
                "iotda-ota", "package", "list", "--all", "--type", package_type.as_str(), "--app-id", &app_id,
                "--product-id", &product_id, "--version", &version,
            ]);
        }
    }

    #[test]
    fn the_command_survives_a_shell() {
        let location = ObsLocation::new("cn-north-4", "abc", "x.bin");
        let request = |version: &str| {
            CreateRequest::new("a".into(), "p".into(), PackageType::Firmware, version.into(), location.clone())
        };
        let command = |version| Sought::Package(Box::new(request(version))).command();
        let start = "iotda-ota package list --all --type firmwarePackage --app-id a --product-id p --version";
        assert_eq!(command("2.0"), format!("{start} 2.0"));
        assert_eq!(command("2 0"), format!("{start} '2 0'"));
        assert_eq!(command("it's"), format!(r"{start} 'it'\''s'"));
        assert_eq!(command(""), format!("{start} ''"));
        let hint = Sought::Package(Box::new(request("2.0"))).hint_with(&["--project-id".into(), "a b".into()]);
        assert!(hint.contains(&format!("`{start} 2.0 --project-id 'a b'`")), "{hint}");
    }
}
