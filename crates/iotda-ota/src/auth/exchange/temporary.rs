//! Temporary access keys as JSON, in all spellings that the services use.
//!
//! The official SDK reads one form for all of them: an object, perhaps inside `credential` or `credentials`, with three
//! spellings of every field (huaweicloudsdkcore 3.1.219, `auth/internal.py`).

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;

use crate::auth::wiped::{Node, Wiped};
use crate::auth::{AccessKey, Credentials, key_id, secret_text};
use crate::validate::Violations;

const ACCESS: [&str; 3] = ["access", "accessKeyId", "access_key_id"];
const SECRET: [&str; 3] = ["secret", "secretAccessKey", "secret_access_key"];
const TOKEN: [&str; 3] = ["securitytoken", "securityToken", "security_token"];
const EXPIRY: [&str; 2] = ["expires_at", "expiration"];

/// Why an answer is no temporary key; the texts are phrases that follow the name of who answered.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::auth) enum Unfit {
    /// It is no JSON object, so somebody else may have answered.
    NoObject,
    /// It is one that cannot be used.
    Object(String),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoObject => f.write_str("answered something that is no JSON object"),
            Self::Object(text) => f.write_str(text),
        }
    }
}

/// Reads the key that an answer holds. No value of it ever goes into the error.
pub(in crate::auth) fn read(body: &[u8]) -> Result<Credentials, Unfit> {
    read_at(body, Timestamp::now())
}

fn read_at(body: &[u8], now: Timestamp) -> Result<Credentials, Unfit> {
    let Ok(Node::Object(mut object)) = serde_json::from_slice(body) else {
        return Err(Unfit::NoObject);
    };
    let wrapper = ["credential", "credentials"].into_iter().find_map(|name| object.remove(name));
    let mut object = match wrapper {
        None => object,
        Some(Node::Object(inner)) => inner,
        Some(_) => return Err(Unfit::Object("answered without a credential".to_owned())),
    };
    let id = visible(&mut object, &ACCESS)?;
    let mut violations = Violations::default();
    key_id(ACCESS[0], id.as_str(), &mut violations);
    if !violations.is_empty() {
        return Err(Unfit::Object(format!("answered with a field {} that is no id of an access key", ACCESS[0])));
    }
    let secret = visible(&mut object, &SECRET)?;
    let token = visible(&mut object, &TOKEN)?;
    let expiry = text(&mut object, &EXPIRY)?;
    let expires_at: Timestamp = expiry
        .as_str()
        .parse()
        .map_err(|_| Unfit::Object(format!("answered with a field {} that is no time", EXPIRY[0])))?;
    if expires_at <= now {
        return Err(Unfit::Object(format!(
            "gave a key that expired at {expires_at}, while the clock of this machine says {now:.0}; \
             if the clock is right, the one who gave the key has to renew it"
        )));
    }
    Ok(Credentials::access_key(AccessKey::new(id.as_str(), secret.as_str()).security_token(token.as_str()))
        .with_expires_at(expires_at))
}

/// The first spelling that has a text.
fn text(object: &mut HashMap<String, Node>, spellings: &[&str]) -> Result<Wiped, Unfit> {
    let found = spellings.iter().find_map(|name| match object.remove(*name) {
        Some(Node::Text(text)) if !text.as_str().is_empty() => Some(text),
        _ => None,
    });
    found.ok_or_else(|| Unfit::Object(format!("answered without the field {}", spellings[0])))
}

/// The first spelling that has a text, which also has to fit into a header.
fn visible(object: &mut HashMap<String, Node>, spellings: &[&str]) -> Result<Wiped, Unfit> {
    let found = text(object, spellings)?;
    let mut violations = Violations::default();
    secret_text(spellings[0], found.as_str(), &mut violations);
    match violations.is_empty() {
        true => Ok(found),
        false => Err(Unfit::Object(format!("answered with a field {} that no header can carry", spellings[0]))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;
    use crate::auth::Secret;

    const LATER: &str = "2099-01-01T00:00:00.000000Z";

    fn key(credentials: &Credentials) -> (&str, &str, Option<&str>) {
        match credentials.secret() {
            Secret::AccessKey(key) => (key.id(), key.secret(), key.token()),
            Secret::Token(_) => panic!("a token"),
        }
    }

    #[test]
    fn every_spelling_is_read() {
        for body in [
            format!(r#"{{"credential":{{"access":"A","secret":"S","securitytoken":"T","expires_at":"{LATER}"}}}}"#),
            format!(
                r#"{{"credentials":{{"accessKeyId":"A","secretAccessKey":"S","securityToken":"T","expiration":"{LATER}"}},"audience":""}}"#
            ),
            format!(
                r#"{{"credentials":{{"access_key_id":"A","secret_access_key":"S","security_token":"T","expiration":"{LATER}"}}}}"#
            ),
            format!(r#"{{"access":null,"access_key_id":"A","secret":"S","securitytoken":"T","expires_at":"{LATER}"}}"#),
        ] {
            let credentials = read(body.as_bytes()).unwrap();
            assert_eq!(key(&credentials), ("A", "S", Some("T")), "{body}");
            assert_eq!(credentials.expires_at(), Some(LATER.parse().unwrap()));
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_without_a_value() {
        for (body, wanted) in [
            (r#"{"credential":"fake-secret"}"#, "without a credential"),
            (r#"{"credential":{"access":"A","securitytoken":"T"}}"#, "without the field secret"),
            (r#"{"access":"A","secret":"fake-secret\n","securitytoken":"T"}"#, "field secret that no header"),
            (r#"{"access":"A/B","secret":"fake-secret","securitytoken":"T"}"#, "field access that is no id"),
            (r#"{"access":"A","secret":"fake-secret","securitytoken":"T"}"#, "without the field expires_at"),
            (
                r#"{"access":"A","secret":"fake-secret","securitytoken":"T","expires_at":"soon"}"#,
                "expires_at that is no time",
            ),
            (
                r#"{"access":"A","secret":"fake-secret","securitytoken":"T","expires_at":"2020-01-01T00:00:00.5Z"}"#,
                "expired at 2020-01-01T00:00:00.5Z",
            ),
            (r#"[]"#, "no JSON object"),
            (r#"{"access":"#, "no JSON object"),
            ("<html>", "no JSON object"),
        ] {
            let error = read(body.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(wanted) && !error.contains("fake-secret"), "{body}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body);
        }

        #[test]
        fn any_values_are_read_without_panic_and_never_shown(
            name in "(access|secret|securitytoken|expires_at|credential)",
            value in "SECRET-\\PC{0,20}",
        ) {
            let mut object = Map::from_iter([
                ("access".to_owned(), Value::from("A")),
                ("secret".to_owned(), Value::from("S")),
                ("securitytoken".to_owned(), Value::from("T")),
                ("expires_at".to_owned(), Value::from(LATER)),
            ]);
            object.insert(name, Value::from(value));
            if let Err(error) = read(Value::Object(object).to_string().as_bytes()) {
                prop_assert!(!error.to_string().contains("SECRET-"));
            }
        }
    }
}
