//! The access key for OBS that goes along with a token. Everything else about credentials is the library's.

use iotda_ota::AccessKey;

use super::Environment;
use crate::failure::Problem;

const ID: &str = "HUAWEICLOUD_SDK_AK";
const SECRET: &str = "HUAWEICLOUD_SDK_SK";
const SECURITY_TOKEN: &str = "HUAWEICLOUD_SDK_SECURITY_TOKEN";

/// The access key beside `IOTDA_OTA_TOKEN`, which is for OBS then. Half of one is a problem that names the other half,
/// because the chain of sources ends at the token and would not see it.
pub(super) fn obs_key(environment: Environment<'_>, problems: &mut Vec<Problem>) -> Option<AccessKey> {
    environment.secret("IOTDA_OTA_TOKEN")?;
    let token = environment.secret(SECURITY_TOKEN);
    let mut missing = |name: &str, given: &str| {
        let help = format!("set {name}, too, or unset {given}");
        problems.push(Problem::new(name, format!("set when {given} is"), "", help));
    };
    match (environment.text(ID), environment.secret(SECRET)) {
        (Some(id), Some(secret)) => {
            let key = AccessKey::new(id, secret.as_str());
            return Some(match token {
                Some(token) => key.security_token(token.as_str()),
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
