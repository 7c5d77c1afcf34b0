//! What an environment or a profile file holds, under whatever names, and the credentials that follow from it.
//!
//! The rules are those of the official SDK (huaweicloudsdkcore 3.1.219, `auth/provider.py`): an identity provider's id
//! with the file of an identity token goes before an access key with its secret.

use secrecy::zeroize::Zeroizing;

use super::idp::Idp;
use super::{AccessKey, Credentials, SourceError, SourceHttp, key_id, secret_text};
use crate::validate::Violations;

/// One entry: what messages call it, and its value if it is there and not empty.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: Option<Zeroizing<String>>,
}

/// The entries that both kinds of source know.
pub(super) struct Entries {
    pub(super) ak: Entry,
    pub(super) sk: Entry,
    pub(super) security_token: Entry,
    pub(super) project_id: Entry,
    /// The file that all of them are in, if they are in one.
    pub(super) origin: Option<String>,
    pub(super) idp_id: Entry,
    pub(super) id_token_file: Entry,
    /// The address of IAM, where an identity token is exchanged.
    pub(super) iam_endpoint: Entry,
}

impl Entries {
    /// The credentials; `None` if nothing is given, an error if half of something is or a value cannot be used.
    pub(super) async fn credentials(&self, http: &SourceHttp) -> Result<Option<Credentials>, SourceError> {
        let credentials = match (self.idp_id.given(), self.id_token_file.given()) {
            (Some(_), Some(file)) => {
                let idp_id = self.idp_id.visible().map_err(SourceError::Broken)?;
                let idp = Idp {
                    id: idp_id.unwrap_or_default(),
                    token_file: file,
                    token_file_name: &self.id_token_file.name,
                    iam: self.iam_endpoint.given(),
                    iam_name: &self.iam_endpoint.name,
                };
                Some(idp.exchange(http).await?)
            }
            _ => self.access_key().map_err(SourceError::Broken)?,
        };
        let project_id = self.project_id.given();
        Ok(credentials.map(|credentials| match project_id {
            Some(id) => {
                let name = &self.project_id.name;
                let origin = self.origin.as_ref().map_or_else(|| name.clone(), |file| format!("{name} of {file}"));
                credentials.with_project_id(id).with_project_origin(origin)
            }
            None => credentials,
        }))
    }

    fn access_key(&self) -> Result<Option<Credentials>, String> {
        let half_idp = self.half(&self.idp_id, &self.id_token_file);
        if let Some(text) = self.half(&self.ak, &self.sk) {
            return Err(text);
        }
        if self.ak.given().is_none() && self.security_token.given().is_some() {
            let (ak, sk, token) = (&self.ak.name, &self.sk.name, &self.security_token.name);
            let cure = self.cure(&format!("{ak} and {sk}"), token);
            return Err(format!("{ak} and {sk} are missing although {token} is given; {cure}"));
        }
        let (Some(ak), Some(sk)) = (self.ak.key_id()?, self.sk.visible()?) else {
            return half_idp.map_or(Ok(None), Err);
        };
        let mut key = AccessKey::new(ak, sk);
        if let Some(token) = self.security_token.visible()? {
            key = key.security_token(token);
        }
        let credentials = Credentials::access_key(key);
        Ok(Some(match half_idp {
            Some(text) => credentials.with_warning(format!("{text}; the access key is used")),
            None => credentials,
        }))
    }

    /// Says which half of a pair is missing, and what to do about it.
    fn half(&self, one: &Entry, other: &Entry) -> Option<String> {
        let (missing, given) = match (one.given(), other.given()) {
            (Some(_), None) => (&other.name, &one.name),
            (None, Some(_)) => (&one.name, &other.name),
            _ => return None,
        };
        Some(format!("{missing} is missing although {given} is given; {}", self.cure(missing, given)))
    }

    fn cure(&self, missing: &str, given: &str) -> String {
        match self.origin {
            Some(_) => format!("add {missing}, or remove {given}"),
            None => cure(missing, given),
        }
    }
}

/// Says which variables are missing beside those that are given, and what to do about it.
pub(super) fn half(missing: &[&str], given: &[&str]) -> SourceError {
    let verb = |names: &[&str]| if names.len() == 1 { "is" } else { "are" };
    let (is_missing, is_given) = (verb(missing), verb(given));
    let (missing, given) = (missing.join(" and "), given.join(" and "));
    let cure = cure(&missing, &given);
    SourceError::Broken(format!("{missing} {is_missing} missing although {given} {is_given} given; {cure}"))
}

fn cure(missing: &str, given: &str) -> String {
    format!("set {missing}, or unset {given}")
}

impl Entry {
    /// The value, if it can be the id of an access key.
    fn key_id(&self) -> Result<Option<&str>, String> {
        let Some(value) = self.visible()? else {
            return Ok(None);
        };
        let mut violations = Violations::default();
        key_id(&self.name, value, &mut violations);
        violations.into_result().map(|()| Some(value)).map_err(|violations| violations.to_string())
    }

    fn given(&self) -> Option<&str> {
        self.value.as_deref().map(String::as_str)
    }

    /// The value, if a header can carry it.
    fn visible(&self) -> Result<Option<&str>, String> {
        let Some(value) = self.given() else {
            return Ok(None);
        };
        let mut violations = Violations::default();
        secret_text(&self.name, value, &mut violations);
        match violations.is_empty() {
            true => Ok(Some(value)),
            // Only a file has values of several lines on purpose.
            false if value.contains('\n') => Err(format!(
                "{} goes over several lines, because the next line is indented; begin every line with its key",
                self.name
            )),
            false => Err(format!(
                "{} holds a blank, a control character or one outside ASCII; copy it again, without quotes or line ends",
                self.name
            )),
        }
    }
}
