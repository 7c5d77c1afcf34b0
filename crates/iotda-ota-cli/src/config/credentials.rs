//! The access key, from the variables of the official SDKs, and the token.

use std::fmt;

use iotda_ota::AccessKey;

use super::Environment;
use crate::failure::Problem;

const ID: &str = "HUAWEICLOUD_SDK_AK";
const SECRET: &str = "HUAWEICLOUD_SDK_SK";
const SECURITY_TOKEN: &str = "HUAWEICLOUD_SDK_SECURITY_TOKEN";

/// An IAM token, which `Debug` does not show.
pub(crate) struct Token(pub(crate) String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The access key, if there is one; half of one is a problem that names the other half.
pub(super) fn access_key(environment: Environment<'_>, problems: &mut Vec<Problem>) -> Option<AccessKey> {
    let token = environment.text(SECURITY_TOKEN);
    let mut missing = |name: &str, given: &str| {
        let help = format!("set {name}, too, or unset {given}");
        problems.push(Problem::new(name, format!("set when {given} is"), "", help));
    };
    match (environment.text(ID), environment.text(SECRET)) {
        (Some(id), Some(secret)) => {
            let key = AccessKey::new(id, secret);
            return Some(match token {
                Some(token) => key.security_token(token),
                None => key,
            });
        }
        (Some(_), None) => missing(SECRET, ID),
        (None, Some(_)) => missing(ID, SECRET),
        (None, None) if token.is_some() => {
            missing(ID, SECURITY_TOKEN);
            missing(SECRET, SECURITY_TOKEN);
        }
        (None, None) => {}
    }
    None
}
