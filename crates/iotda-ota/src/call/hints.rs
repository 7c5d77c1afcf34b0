//! Known causes of refusals, and what to do about each: a table, one row per cause.

use http::StatusCode;
use jiff::SignedDuration;

use super::Answer;
use crate::error::service::ServiceError;

/// How far this machine's clock may be off before a hint says so. What gateways accept is not verified; OBS documents
/// 15 minutes.
const NOTABLE: SignedDuration = SignedDuration::from_mins(5);

/// One known cause. Every condition that is given has to hold.
struct Row {
    status: u16,
    /// The service's code; the gateway's are spelt in two ways.
    codes: &'static [&'static str],
    /// Only for requests that were signed with an access key.
    signed: bool,
    /// Words of the service's message, in lower case; all of them.
    words: &'static [&'static str],
    hint: &'static str,
    /// Where the cause was read.
    #[cfg_attr(not(test), allow(dead_code, reason = "for the reader of the table"))]
    source: &'static str,
}

const GATEWAY: &[&str] = &["APIGW.0301", "APIG.0301"];

const TABLE: [Row; 8] = [
    Row {
        status: 401,
        codes: &["IOTDA.000002"],
        signed: true,
        words: &[],
        hint: "on the address of a standard or enterprise instance this usually means the wrong signing scheme: leave \
               it on auto or set derived, and check that the address is that of the instance; else check the key or token",
        source: "several user reports; the code is that of the device-side HTTP API pages",
    },
    Row {
        status: 400,
        codes: &[],
        signed: true,
        words: &["x-auth-token"],
        hint: "the signing scheme does not fit the instance: the basic edition takes plain, standard and enterprise \
               instances take derived; leave it on auto with the address that the console shows",
        source: "FAQ \"Application Integration\" of IoTDA",
    },
    Row {
        status: 401,
        codes: GATEWAY,
        signed: true,
        words: &["verify aksk signature fail"],
        hint: "the secret does not belong to the access key, or something on the way changed the request: check the \
               secret, and that no proxy rewrites headers",
        source: "many user reports",
    },
    Row {
        status: 401,
        codes: GATEWAY,
        signed: true,
        words: &["ak", "not exist"],
        hint: "the access key does not exist: it was deleted, is disabled, or belongs to another site of the cloud",
        source: "many user reports",
    },
    Row {
        status: 401,
        codes: GATEWAY,
        signed: false,
        words: &["decrypt token fail"],
        hint: "the IAM token cannot be read: it is cut off, older than 24 hours, or was made in another region; for a signed \
               request, something on the way changed the Authorization header",
        source: "many user reports",
    },
    Row {
        status: 401,
        codes: GATEWAY,
        signed: true,
        words: &["hash"],
        hint: "the body was changed after it was signed: check that no proxy rewrites requests",
        source: "user reports",
    },
    Row {
        status: 403,
        codes: &["IOTDA.000021"],
        signed: false,
        words: &[],
        hint: "the account has not subscribed to the service at this address, or the IAM user lacks the permission: use \
               the address of your own instance, which the console shows under Overview, and check the user's permissions",
        source: "user reports",
    },
    Row {
        status: 404,
        codes: &["APIGW.0101", "APIG.0101"],
        signed: false,
        words: &[],
        hint: "the gateway knows no such address: check host and path of the endpoint, which has no path of its own",
        source: "user reports",
    },
];

/// What is known about a refusal of a request that was `signed` or had a token: the row that fits, and whether this machine's clock is off.
pub(super) fn of(answer: &Answer, service: &ServiceError, signed: bool) -> Option<String> {
    let known = row(answer.status, service, signed).map(|row| row.hint.to_owned());
    let clock = (answer.status == StatusCode::UNAUTHORIZED).then(|| clock(service)).flatten();
    match (known, clock) {
        (Some(known), Some(clock)) => Some(format!("{clock}; if that is not it: {known}")),
        (known, clock) => clock.or(known),
    }
}

fn row(status: StatusCode, service: &ServiceError, signed: bool) -> Option<&'static Row> {
    let code = service.error_code.as_deref().unwrap_or_default();
    let message = service.error_msg.as_deref().unwrap_or_default().to_lowercase();
    TABLE.iter().find(|row| {
        row.status == status.as_u16()
            && (signed || !row.signed)
            && (row.codes.is_empty() || row.codes.contains(&code))
            && row.words.iter().all(|words| message.contains(words))
    })
}

/// A hint if the answer's `Date` is far from now: a signature holds the time.
fn clock(service: &ServiceError) -> Option<String> {
    let off = service.clock_difference?;
    (off.abs() > NOTABLE).then(|| {
        let direction = if off.is_positive() { "ahead of" } else { "behind" };
        let minutes = off.abs().as_mins();
        format!("this machine's clock is {minutes} minutes {direction} the service's: set it right")
    })
}

#[cfg(test)]
mod tests {
    use http::header::DATE;
    use http::{HeaderMap, HeaderValue};
    use jiff::Timestamp;

    use super::*;

    fn hint(status: u16, code: &str, message: &str, date: Option<Timestamp>) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(date) = date {
            let text = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            headers.insert(DATE, HeaderValue::from_str(&text).unwrap());
        }
        let body = serde_json::json!({ "error_code": code, "error_msg": message }).to_string();
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers, body: body.into(), defect: None };
        of(&answer, &answer.service_error(&Default::default()), true)
    }

    #[test]
    fn every_row_is_found_by_what_it_describes_and_names_its_source() {
        for wanted in &TABLE {
            let code = wanted.codes.first().copied().unwrap_or("ANY.1");
            let found = hint(wanted.status, code, &wanted.words.join(" and "), None);
            assert_eq!(found.as_deref(), Some(wanted.hint));
            assert!(!wanted.source.is_empty());
        }
        assert_eq!(hint(401, "APIG.0301", "something else", None), None);
        assert_eq!(hint(500, "IOTDA.000002", "", None), None);
    }

    #[test]
    fn a_clock_that_is_off_is_told_before_the_rest() {
        let hour = SignedDuration::from_hours(1);
        let slow = hint(401, "APIGW.0301", "verify aksk signature fail", Some(Timestamp::now() + hour)).unwrap();
        assert!(
            slow.starts_with("this machine's clock is 59 minutes behind") || slow.contains("60 minutes behind"),
            "{slow}"
        );
        let fast = hint(401, "X.1", "", Some(Timestamp::now() - hour)).unwrap();
        assert!(fast.contains("60 minutes ahead of"), "{fast}");
        assert_eq!(hint(401, "X.1", "", Some(Timestamp::now())), None);
    }
}
