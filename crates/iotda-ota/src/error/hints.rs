//! Known causes of refusals, and what to do about each. The causes are rows of a [`table`].
//!
//! It serves IoTDA and IAM alike, because the same gateway stands before both.

use jiff::SignedDuration;

use super::service::ServiceError;

mod table;

use table::{Row, TABLE};

/// How far this machine's clock may be off before a hint says so. What gateways accept is not verified; OBS documents
/// 15 minutes.
const NOTABLE: SignedDuration = SignedDuration::from_mins(5);

/// A request that was refused, as far as hints depend on it.
#[derive(Clone, Copy)]
pub(crate) struct Refused<'a> {
    pub(crate) proof: Proof,
    /// Whether it went to the own address of an instance.
    pub(crate) dedicated: bool,
    /// The SHA-256 of the body, in hexadecimal digits, of a request that was signed.
    pub(crate) body: Option<&'a str>,
    pub(crate) service: &'a ServiceError,
}

/// How a request said who is calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A plain signature.
    Plain,
    /// A derived signature.
    Derived,
    /// An IAM token.
    Token,
    /// A user name and a password.
    Password,
    /// Something that no row is about.
    Other,
}

/// What is known about a refusal: the row that fits, and whether this machine's clock is off.
pub(crate) fn of(refused: &Refused<'_>) -> Option<String> {
    let known = TABLE.iter().find(|row| row.fits(refused)).map(|row| row.hint);
    match refused.service.status {
        Some(401) => after_clock(refused.service, known),
        _ => known.map(str::to_owned),
    }
}

/// What is known about a refusal that a wrong clock may explain: first the clock, if it is off, then the rest.
pub(crate) fn after_clock(service: &ServiceError, known: Option<&str>) -> Option<String> {
    let clock = service.clock_difference.and_then(clock);
    match (known, clock) {
        (Some(known), Some(clock)) => Some(format!("{clock}; if that is not it: {known}")),
        (known, clock) => clock.or_else(|| known.map(str::to_owned)),
    }
}

impl Row {
    fn fits(&self, refused: &Refused<'_>) -> bool {
        let code = refused.service.error_code.as_deref().unwrap_or_default();
        let message = refused.service.error_msg.as_deref().unwrap_or_default().to_lowercase();
        // A word ends where anything but a letter, a digit or a hyphen stands.
        let is_part = |c: char| c.is_alphanumeric() || c == '-';
        let said: String = message.chars().map(|c| if is_part(c) { c } else { ' ' }).collect();
        let said = format!(" {said} ");
        refused.service.status == Some(self.status)
            && (self.proofs.is_empty() || self.proofs.contains(&refused.proof))
            && (self.codes.is_empty() || self.codes.contains(&code))
            && self.words.iter().all(|words| said.contains(words))
            && self.dedicated.is_none_or(|dedicated| dedicated == refused.dedicated)
            && (!self.other_body || refused.body.is_some_and(|sent| is_other_body(&message, sent)))
    }
}

/// True if the message, in lower case, shows a canonical request that ends in the hash of another body.
fn is_other_body(message: &str, sent: &str) -> bool {
    // Gateways write bars in place of line ends. The hash is what follows the last one.
    let canonical = message.split_once("canonicalrequest:").map(|(_, after)| after.split(',').next().unwrap_or(after));
    let hash = canonical.and_then(|text| text.trim().rsplit(['|', '\n']).next());
    let digits = hash.map(|hash| hash.chars().take_while(char::is_ascii_hexdigit).collect::<String>());
    digits.is_some_and(|digits| digits.len() == 64 && digits != sent)
}

/// What to do about a clock that is off by this, if it is far.
pub(crate) fn clock(ahead: SignedDuration) -> Option<String> {
    (ahead.abs() > NOTABLE).then(|| {
        let direction = if ahead.is_positive() { "ahead of" } else { "behind" };
        let minutes = ahead.abs().as_mins();
        format!("this machine's clock is {minutes} minutes {direction} the service's: set it right")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, code: &str, message: &str) -> ServiceError {
        ServiceError {
            status: Some(status),
            error_code: Some(code.to_owned()),
            error_msg: Some(message.to_owned()),
            ..ServiceError::default()
        }
    }

    fn hint(service: &ServiceError, proof: Proof, dedicated: bool) -> Option<String> {
        of(&Refused { proof, dedicated, body: None, service })
    }

    #[test]
    fn every_row_is_found_by_what_it_describes_and_names_its_source_if_it_is_verified() {
        let body = "0".repeat(64);
        for wanted in &TABLE {
            let code = wanted.codes.last().copied().unwrap_or("ANY.1");
            let shown =
                if wanted.other_body { format!("canonicalRequest:POST|/|{}", "1".repeat(64)) } else { body.clone() };
            let service = said(wanted.status, code, &format!("{} {shown}", wanted.words.join(" and ")));
            for proof in if wanted.proofs.is_empty() { &[Proof::Other] } else { wanted.proofs } {
                let dedicated = wanted.dedicated.unwrap_or(false);
                let found = of(&Refused { proof: *proof, dedicated, body: Some(&body), service: &service });
                assert_eq!(found.as_deref(), Some(wanted.hint));
            }
            assert!(!wanted.hint.is_empty() && wanted.source.is_none_or(|source| !source.is_empty()));
        }
        let unverified: Vec<_> = TABLE.iter().filter(|row| row.source.is_none()).map(|row| row.words).collect();
        assert_eq!(unverified, [&["x-security-token", "does not belong"], &["temporary ak", "expired"]]);
        assert_eq!(hint(&said(401, "APIG.0301", "something else"), Proof::Plain, false), None);
        assert_eq!(hint(&said(500, "IOTDA.000002", ""), Proof::Plain, true), None);
        assert_eq!(hint(&said(401, "IOTDA.000002", ""), Proof::Other, true), None);
    }

    #[test]
    fn the_documented_texts_are_recognized() {
        for (message, words) in [
            (
                "Incorrect IAM authentication information: AK access failed to reach the limit,forbidden.",
                "five minutes",
            ),
            ("Incorrect IAM authentication information: Get secretKey failed,ak:X,err:ak not exist", "does not exist"),
            ("Incorrect IAM authentication information: verify aksk signature fail, |", "secret does not belong"),
        ] {
            let found = hint(&said(401, "APIG.0301", message), Proof::Plain, false).unwrap();
            assert!(found.contains(words), "{found}");
        }
        let token = said(401, "APIGW.0301", "Incorrect IAM authentication information: decrypt token fail");
        assert!(hint(&token, Proof::Token, false).unwrap().contains("get a new one"));
        assert!(hint(&token, Proof::Derived, false).unwrap().contains("taken for a token"));
    }

    #[test]
    fn an_access_key_that_does_not_exist_is_known_by_its_word() {
        let at = |message: &str| hint(&said(401, "APIG.0301", message), Proof::Plain, false);
        assert!(at("err:ak not exist").is_some_and(|found| found.contains("does not exist")));
        for other in ["the token does not exist", "make does not exist", "aksk: peak not exist"] {
            assert_eq!(at(other), None, "{other}");
        }
    }

    #[test]
    fn another_body_is_known_only_where_the_service_shows_its_hash() {
        let (sent, other) = ("a".repeat(64), "b".repeat(64));
        for (shown, is_other) in [
            (format!("canonicalrequest:post|/p/||host:h|||host|{other}, stringtosign:x|{sent}"), true),
            (format!("canonicalrequest:post|/p/||host:h|||host|{sent}, stringtosign:x|{other}"), false),
            (format!("canonicalrequest:post\n/p/\n{other}"), true),
            (format!("post|/p/|{other}"), false),
            ("canonicalrequest:post|/p/|unsigned-payload".to_owned(), false),
            ("canonicalrequest:".to_owned(), false),
        ] {
            assert_eq!(is_other_body(&shown, &sent), is_other, "{shown}");
        }
    }

    #[test]
    fn a_clock_that_is_off_is_told_before_the_rest() {
        let hour = SignedDuration::from_hours(1);
        let at = |ahead, code, message| {
            let service = ServiceError { clock_difference: Some(ahead), ..said(401, code, message) };
            hint(&service, Proof::Plain, false)
        };
        let slow = at(-hour, "APIGW.0301", "verify aksk signature fail").unwrap();
        assert!(slow.starts_with("this machine's clock is 60 minutes behind") && slow.contains("secret"), "{slow}");
        assert!(at(hour, "X.1", "").unwrap().contains("60 minutes ahead of"));
        assert_eq!(at(SignedDuration::ZERO, "X.1", ""), None);
    }
}
