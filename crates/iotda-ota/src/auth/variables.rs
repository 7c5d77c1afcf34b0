//! The two sources that have variables of our own: a token, and a user name with a password.

use super::{BoxFuture, Credentials, CredentialsSource, Password, SourceError, SourceHttp, Variables, secret_text};
use crate::validate::Violations;

const TOKEN: &str = "IOTDA_OTA_TOKEN";
const USERNAME: &str = "IOTDA_OTA_USERNAME";
const PASSWORD: &str = "IOTDA_OTA_PASSWORD";
const DOMAIN: &str = "IOTDA_OTA_DOMAIN";

/// An IAM token in `IOTDA_OTA_TOKEN`, used as it is.
#[derive(Debug)]
pub(super) struct TokenVariable(pub(super) Variables);

impl CredentialsSource for TokenVariable {
    fn name(&self) -> &str {
        TOKEN
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async move {
            let token = self.0.secret(TOKEN);
            let token = token.ok_or_else(|| SourceError::Absent("it is not set".to_owned()))?;
            let mut violations = Violations::default();
            secret_text(TOKEN, &token, &mut violations);
            if violations.is_empty() {
                return Ok(Credentials::token(token.as_str()));
            }
            let text =
                "it holds characters that no header can carry; copy the token again, without blanks and line ends";
            Err(SourceError::Broken(text.to_owned()))
        })
    }
}

/// An IAM user in `IOTDA_OTA_USERNAME`, `IOTDA_OTA_PASSWORD` and `IOTDA_OTA_DOMAIN`.
#[derive(Debug)]
pub(super) struct PasswordVariables(pub(super) Variables);

impl PasswordVariables {
    fn user(&self) -> Result<Password, SourceError> {
        let values = [USERNAME, PASSWORD, DOMAIN].map(|name| (name, self.0.secret(name)));
        if values.iter().all(|(_, value)| value.is_none()) {
            return Err(SourceError::Absent(format!("{USERNAME} is not set")));
        }
        match values {
            [(_, Some(name)), (_, Some(password)), (_, Some(domain))] => {
                Ok(Password::new(name.as_str(), password.as_str(), domain.as_str()))
            }
            others => {
                let missing: Vec<_> =
                    others.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
                let (missing, verb) = (missing.join(" and "), if missing.len() == 1 { "is" } else { "are" });
                let text = format!("{missing} {verb} not set; a user needs {USERNAME}, {PASSWORD} and {DOMAIN}");
                Err(SourceError::Broken(text))
            }
        }
    }
}

impl CredentialsSource for PasswordVariables {
    fn name(&self) -> &str {
        USERNAME
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async move { self.user()?.fetch(http).await })
    }
}

#[cfg(test)]
mod tests {
    use super::super::exchange::stub::http;
    use super::*;

    #[tokio::test]
    async fn a_token_is_used_as_it_is_and_a_broken_one_named_without_its_value() {
        let source = |value: &str| TokenVariable(Variables::given([(TOKEN, value)]));
        assert!(source("fake-token").fetch(&http()).await.is_ok());
        assert!(matches!(source("").fetch(&http()).await, Err(SourceError::Absent(_))));
        for value in ["fake token", "fake-token\n", "fäke"] {
            let error = source(value).fetch(&http()).await.unwrap_err();
            assert!(matches!(&error, SourceError::Broken(text) if !text.contains("fake")), "{error}");
        }
    }

    #[tokio::test]
    async fn a_part_of_a_user_is_broken_and_names_what_is_missing() {
        let none = PasswordVariables(Variables::given([("OTHER", "x")]));
        assert!(matches!(none.fetch(&http()).await, Err(SourceError::Absent(_))));
        let part = PasswordVariables(Variables::given([(USERNAME, "fake-user"), (DOMAIN, "fake-domain")]));
        let error = part.fetch(&http()).await.unwrap_err();
        assert!(
            matches!(&error, SourceError::Broken(text) if text.starts_with("IOTDA_OTA_PASSWORD is not set")),
            "{error}"
        );
    }
}
