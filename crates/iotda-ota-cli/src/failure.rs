//! Why a command did not succeed: one shape for errors of the library, of the emulator, and of the command itself.

use std::error::Error as StdError;
use std::io;
use std::ops::Deref;

use clap::ValueEnum;
use iotda_ota::{Error, ErrorKind, PackageType, Sought, Violation, Violations};
use iotda_ota_emulator::StartError;
use serde::Serialize;

use crate::args::Allow;
use crate::config::Origins;
use crate::exit_code::ExitCode;
use crate::manifest::Place;
use crate::signals::Signal;
use crate::suggestion;

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) struct Failure(Box<Report>);

impl Deref for Failure {
    type Target = Report;

    fn deref(&self) -> &Report {
        &self.0
    }
}

/// Everything that is told about a failure. Serialized, it is the error line of `--format json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// What went wrong, in one word.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) violations: Vec<Problem>,
    pub(crate) operation: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) error_code: Option<String>,
    pub(crate) error_msg: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) causes: Vec<String>,
    pub(crate) hint: Option<String>,
    /// What to look for when nobody knows whether it was created or deleted.
    pub(crate) sought: Option<Sought>,
    #[serde(skip)]
    pub(crate) exit_code: ExitCode,
}

/// A value that cannot be used: one of the library's violations, or one of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    pub(crate) field: String,
    /// The flag, variable or line of a profile that the value came from, if it is a setting and was given.
    pub(crate) origin: Option<String>,
    pub(crate) rule: String,
    pub(crate) value: String,
    pub(crate) help: String,
    /// Where it stands, if it stands in a manifest.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Place>,
}

impl Failure {
    fn new(exit_code: ExitCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Report {
            kind,
            message: message.into(),
            violations: Vec::new(),
            operation: None,
            status: None,
            error_code: None,
            error_msg: None,
            request_id: None,
            causes: Vec::new(),
            hint: None,
            sought: None,
            exit_code,
        }))
    }

    /// The same in other words.
    pub(crate) fn with_message(mut self, message: &str) -> Self {
        message.clone_into(&mut self.0.message);
        self
    }

    /// Says what to do next.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Flags that do not go together.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ExitCode::Invalid, "usage", message).with_hint(hint)
    }

    /// Values that cannot be used, all at once.
    pub(crate) fn invalid(problems: Vec<Problem>) -> Self {
        Self::broken(problems, "nothing was sent")
    }

    /// Values that cannot be used, and what was not done because of that.
    pub(crate) fn broken(problems: Vec<Problem>, so: &str) -> Self {
        let message = match problems.len() {
            1 => format!("1 rule is broken, {so}"),
            count => format!("{count} rules are broken, {so}"),
        };
        Self::because_of(message, problems)
    }

    /// Values that cannot be used, in words of the command's own.
    pub(crate) fn because_of(message: impl Into<String>, problems: Vec<Problem>) -> Self {
        let mut failure = Self::new(ExitCode::Invalid, kind_name(ErrorKind::Invalid), message);
        failure.0.violations = problems;
        failure
    }

    /// Blames what is wrong with settings on where they came from.
    pub(crate) fn blamed_on(mut self, origins: &Origins) -> Self {
        for problem in &mut self.0.violations {
            problem.origin = origins.of(&problem.field).map(str::to_owned);
        }
        self
    }

    /// Changes values that cannot be used, or leaves them out.
    pub(crate) fn with_problems(self, change: impl FnMut(Problem) -> Option<Problem>) -> Self {
        if self.violations.is_empty() {
            return self;
        }
        Self::invalid(self.0.violations.into_iter().filter_map(change).collect())
    }

    /// Something that the library would call an error of this kind.
    pub(crate) fn of_kind(kind: ErrorKind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(kind.into(), kind_name(kind), message).with_hint(hint)
    }

    /// A signal arrived; `hint` says how to go on.
    pub(crate) fn interrupted(signal: Signal, hint: &str) -> Self {
        Self::new(signal.exit_code(), "interrupted", "interrupted").with_hint(hint)
    }

    /// A signal arrived while a package was being created; `hint` says how to go on, unless it is known what to look for.
    pub(crate) fn interrupted_while_creating(sought: Option<Sought>, hint: &str) -> Self {
        let message = "interrupted while the package was being created; it may exist or not";
        let failure = Self::new(ExitCode::OutcomeUnknown, kind_name(ErrorKind::OutcomeUnknown), message);
        let mut failure = failure.with_hint(sought.as_ref().map_or_else(|| hint.to_owned(), Sought::hint));
        failure.0.sought = sought;
        failure
    }

    /// The same, with flags that say where the service is in the command that finds out.
    pub(crate) fn found_out_with(mut self, flags: &[String]) -> Self {
        if let (Some(sought), Some(hint)) = (&self.0.sought, &self.0.hint) {
            self.0.hint = Some(hint.replace(&sought.hint(), &sought.hint_with(flags)));
        }
        self
    }

    /// The emulator could not start.
    pub(crate) fn start(error: &StartError) -> Self {
        let code = if matches!(error, StartError::Limit { .. }) { ExitCode::Invalid } else { ExitCode::Fault };
        let mut failure = Self::new(code, "emulator", error.to_string());
        failure.0.causes = causes(error);
        failure
    }

    /// The program itself failed.
    pub(crate) fn defect(message: impl Into<String>) -> Self {
        let hint = "this is a defect of iotda-ota: report it with this message, and list what exists before you repeat \
                    the command";
        Self::new(ExitCode::Fault, "fault", message).with_hint(hint)
    }

    /// Something of this machine failed.
    pub(crate) fn fault(what: &str, error: &io::Error) -> Self {
        let mut failure = Self::new(ExitCode::Fault, kind_name(ErrorKind::Io), what);
        failure.0.causes = vec![error.to_string()];
        failure
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if !error.violations().is_empty() {
            return Self::invalid(Problem::of(error.violations()));
        }
        Self(Box::new(Report {
            kind: kind_name(error.kind()),
            message: error.to_string(),
            violations: Vec::new(),
            operation: error.operation().map(str::to_owned),
            status: error.status(),
            error_code: error.error_code().map(str::to_owned),
            error_msg: error.error_msg().map(str::to_owned),
            request_id: error.request_id().map(str::to_owned),
            causes: causes(&error),
            hint: error.hint().map(str::to_owned),
            sought: error.sought().cloned(),
            exit_code: error.kind().into(),
        }))
    }
}

impl Problem {
    pub(crate) fn new(field: &str, rule: impl Into<String>, value: &str, help: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            origin: None,
            rule: rule.into(),
            value: if value.is_empty() { String::new() } else { format!("{value:?}") },
            help: help.into(),
            at: None,
        }
    }

    /// The name of its field on the wire alone, without those of the objects around it.
    pub(crate) fn name(&self) -> &str {
        self.field.rsplit_once("obs_location.").map_or(&self.field, |(_, name)| name)
    }

    /// The same at a place in a manifest, where rules are switched off in another way than on the command line.
    pub(crate) fn in_manifest(self, at: Place) -> Self {
        let help =
            Allow::value_variants().iter().filter_map(ValueEnum::to_possible_value).fold(self.help, |help, rule| {
                let name = rule.get_name();
                help.replace(&format!("(--allow {name})"), &format!("(allow = [\"{name}\"])"))
            });
        Self { help, at: Some(at), ..self }
    }

    pub(crate) fn of(violations: &Violations) -> Vec<Self> {
        violations.iter().map(Self::from).collect()
    }
}

impl From<&Violation> for Problem {
    fn from(violation: &Violation) -> Self {
        Self {
            field: violation.field.clone(),
            origin: None,
            rule: violation.rule.clone(),
            value: violation.value.clone(),
            help: meant(violation).unwrap_or_else(|| violation.help.clone()),
            at: None,
        }
    }
}

/// What somebody may have meant who mistyped the type of a package.
fn meant(violation: &Violation) -> Option<String> {
    let known = PackageType::KNOWN.map(|known| (known.short_name().to_owned(), known.to_string()));
    let names: Vec<_> = known.iter().flat_map(|(short, wire)| [short.as_str(), wire]).collect();
    let near = suggestion::nearest(violation.value.trim_matches('"'), &names);
    near.filter(|_| violation.field == "package_type").map(|near| format!("did you mean {near}?"))
}

/// The chain below an error. A cause that only repeats the one before it is left out.
fn causes(error: &dyn StdError) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        cause = error.source();
    }
    causes
}

fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "invalid",
        ErrorKind::Configuration => "configuration",
        ErrorKind::Unauthenticated => "unauthenticated",
        ErrorKind::Denied => "denied",
        ErrorKind::NotFound => "not_found",
        ErrorKind::AlreadyExists => "already_exists",
        ErrorKind::Rejected => "rejected",
        ErrorKind::Unintelligible => "unintelligible",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::OutcomeUnknown => "outcome_unknown",
        ErrorKind::Incomplete => "incomplete",
        ErrorKind::Mismatch => "mismatch",
        ErrorKind::InUse => "in_use",
        ErrorKind::Io => "io",
        _ => "fault",
    }
}
