//! The readable form of a fault, `OPERATION:KIND[:NAME=VALUE,…]`: reading it and writing it.
//!
//! A control call has the same names and values as members of a JSON object, with `operation` and `fault` for the first
//! two, so both go through [`read`].

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::fault::{Fault, FaultError};
use super::kind::{ErrorShape, FaultKind};
use crate::operation::Scope;
use crate::suggestion::suggestion;

/// The names of the kinds, and of the settings each has of its own.
const KINDS: [(&str, &[&str]); 10] = [
    ("delay", &["for"]),
    ("refuse", &[]),
    ("status", &["status", "body", "code"]),
    ("throttle", &["status", "retry-after"]),
    ("expire", &[]),
    ("close-before", &["reset"]),
    ("close-before-commit", &["for", "reset"]),
    ("close-after-commit", &["reset"]),
    ("cut", &["at"]),
    ("stall", &["at", "for"]),
];

/// The settings that every kind has: when it strikes.
const COMMON: [&str; 5] = ["skip", "every", "probability", "seed", "times"];

/// The status of a fault that names none.
const STATUS: u16 = 500;

/// The status of a throttling that names none.
const THROTTLED: u16 = 429;

/// Makes a fault of its names and values.
pub(crate) fn read(operation: &str, kind: &str, settings: Vec<(String, String)>) -> Result<Fault, FaultError> {
    let scope: Scope = operation.parse().map_err(|error| FaultError::new(format!("{error}")))?;
    let Some((_, own)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        let hint = suggestion(kind, KINDS.map(|(name, _)| name));
        return Err(FaultError::new(format!("no kind of fault is called {kind:?}; {hint}")));
    };
    let mut given = Settings::new(kind, own, settings)?;
    let kind = given.kind(kind)?;
    let mut fault = Fault::new(scope, kind);
    fault.skip = given.take("skip")?.unwrap_or(fault.skip);
    fault.every = given.take("every")?.unwrap_or(fault.every);
    fault.probability = given.take("probability")?.unwrap_or(fault.probability);
    fault.seed = given.take("seed")?;
    fault.times = given.take("times")?;
    fault.check()?;
    Ok(fault)
}

/// What was given, by name.
struct Settings(Vec<(String, String)>);

impl Settings {
    /// Refuses names that the kind does not have, and repeated ones.
    fn new(kind: &str, own: &[&str], given: Vec<(String, String)>) -> Result<Self, FaultError> {
        for (index, (name, _)) in given.iter().enumerate() {
            if !own.contains(&name.as_str()) && !COMMON.contains(&name.as_str()) {
                let hint = suggestion(name, own.iter().copied().chain(COMMON));
                return Err(FaultError::new(format!("{kind} has no setting {name:?}; {hint}")));
            }
            if given[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(FaultError::new(format!("{name} is given twice")));
            }
        }
        Ok(Self(given))
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(index).1)
    }

    fn take<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, FaultError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let expected = match name {
            "probability" => "a number from 0 to 1",
            "reset" => "true or false",
            _ => "a whole number that is not negative",
        };
        text.parse().map(Some).map_err(|_| FaultError::new(format!("{name} must be {expected}, not {text:?}")))
    }

    fn pause(&mut self) -> Result<Option<Duration>, FaultError> {
        let Some(text) = self.text("for") else { return Ok(None) };
        let problem = || FaultError::new(format!("for must be a time such as 250ms or 2s, not {text:?}"));
        parse_duration(&text).map(Some).ok_or_else(problem)
    }

    fn needed_pause(&mut self, kind: &str) -> Result<Duration, FaultError> {
        self.pause()?.ok_or_else(|| FaultError::new(format!("{kind} needs for, a time such as for=250ms")))
    }

    fn kind(&mut self, name: &str) -> Result<FaultKind, FaultError> {
        Ok(match name {
            "delay" => FaultKind::Delay(self.needed_pause(name)?),
            "refuse" => FaultKind::Refuse,
            "status" => FaultKind::Status {
                status: self.take("status")?.unwrap_or(STATUS),
                shape: self.text("body").map(|body| shape(&body)).transpose()?,
                code: self.text("code"),
            },
            "throttle" => FaultKind::Throttle {
                status: self.take("status")?.unwrap_or(THROTTLED),
                retry_after: self.text("retry-after"),
            },
            "expire" => FaultKind::Expire,
            "close-before" => FaultKind::CloseBefore { reset: self.take("reset")?.unwrap_or(false) },
            "close-before-commit" => FaultKind::CloseBeforeCommit {
                delay: self.needed_pause(name)?,
                reset: self.take("reset")?.unwrap_or(false),
            },
            "close-after-commit" => FaultKind::CloseAfterCommit { reset: self.take("reset")?.unwrap_or(false) },
            "cut" => FaultKind::Cut { at: self.take("at")? },
            // The table of kinds has no further name.
            _ => FaultKind::Stall { at: self.take("at")?, pause: self.pause()? },
        })
    }
}

fn shape(text: &str) -> Result<ErrorShape, FaultError> {
    ErrorShape::ALL.into_iter().find(|shape| shape.as_str() == text).ok_or_else(|| {
        let hint = suggestion(text, ErrorShape::ALL.map(ErrorShape::as_str));
        FaultError::new(format!("no form of a body is called {text:?}; {hint}"))
    })
}

fn parse_duration(text: &str) -> Option<Duration> {
    if let Some(milliseconds) = text.strip_suffix("ms") {
        return milliseconds.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs)
}

/// Whole milliseconds, which is as fine as the form gets.
fn write_duration(duration: Duration) -> String {
    match u64::try_from(duration.as_millis()).unwrap_or(u64::MAX) {
        milliseconds if milliseconds.is_multiple_of(1000) => format!("{}s", milliseconds / 1000),
        milliseconds => format!("{milliseconds}ms"),
    }
}

/// The settings of a fault that are not as they would be without being given, in a fixed order.
pub(crate) fn write(fault: &Fault) -> Vec<(&'static str, String)> {
    let mut settings = Vec::new();
    let mut add = |name, value: Option<String>| settings.extend(value.map(|value| (name, value)));
    match &fault.kind {
        FaultKind::Delay(delay) => add("for", Some(write_duration(*delay))),
        FaultKind::Refuse | FaultKind::Expire => {}
        FaultKind::Status { status, shape, code } => {
            add("status", (*status != STATUS).then(|| status.to_string()));
            add("body", shape.map(|shape| shape.as_str().to_owned()));
            add("code", code.clone());
        }
        FaultKind::Throttle { status, retry_after } => {
            add("status", (*status != THROTTLED).then(|| status.to_string()));
            add("retry-after", retry_after.clone());
        }
        FaultKind::CloseBeforeCommit { delay, reset } => {
            add("for", Some(write_duration(*delay)));
            add("reset", reset.then(|| "true".to_owned()));
        }
        FaultKind::CloseBefore { reset } | FaultKind::CloseAfterCommit { reset } => {
            add("reset", reset.then(|| "true".to_owned()));
        }
        FaultKind::Cut { at } => add("at", at.map(|at| at.to_string())),
        FaultKind::Stall { at, pause } => {
            add("at", at.map(|at| at.to_string()));
            add("for", pause.map(write_duration));
        }
    }
    add("skip", (fault.skip != 0).then(|| fault.skip.to_string()));
    add("every", (fault.every != 1).then(|| fault.every.to_string()));
    add("probability", (fault.probability < 1.0).then(|| fault.probability.to_string()));
    add("seed", fault.seed.map(|seed| seed.to_string()));
    add("times", fault.times.map(|times| times.to_string()));
    settings
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (operation, rest) = text.split_once(':').ok_or_else(|| {
            FaultError::new(format!("{text:?} is not of the form OPERATION:KIND or OPERATION:KIND:NAME=VALUE,…"))
        })?;
        let (kind, settings) = rest.split_once(':').unwrap_or((rest, ""));
        let settings = settings.split(',').filter(|setting| !setting.is_empty()).map(|setting| {
            let (name, value) = setting
                .split_once('=')
                .ok_or_else(|| FaultError::new(format!("{setting:?} is not of the form NAME=VALUE")))?;
            Ok((name.to_owned(), value.to_owned()))
        });
        read(operation, kind, settings.collect::<Result<_, FaultError>>()?)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scope, self.kind.name())?;
        for (index, (name, value)) in write(self).iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}
