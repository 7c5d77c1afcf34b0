//! Credentials from environment variables, under the names of the official SDKs.

use super::BoxFuture;
use super::entries::{Entries, Entry};
use super::{Credentials, CredentialsSource, SourceError, SourceHttp, Variables};

const AK: &str = "HUAWEICLOUD_SDK_AK";
const SK: &str = "HUAWEICLOUD_SDK_SK";
pub(super) const PROJECT_ID: &str = "HUAWEICLOUD_SDK_PROJECT_ID";
pub(super) const IAM_ENDPOINT: &str = "HUAWEICLOUD_SDK_IAM_ENDPOINT";

/// Credentials from environment variables.
///
/// `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, for a temporary key also `HUAWEICLOUD_SDK_SECURITY_TOKEN`; and
/// `HUAWEICLOUD_SDK_PROJECT_ID`. With `HUAWEICLOUD_SDK_IDP_ID` and `HUAWEICLOUD_SDK_ID_TOKEN_FILE` an identity token is
/// exchanged at IAM instead (at `HUAWEICLOUD_SDK_IAM_ENDPOINT` if that is set), and they go before an access key.
#[derive(Clone, Debug)]
pub struct Environment {
    variables: Variables,
}

impl Environment {
    /// Takes them from these variables.
    pub fn new(variables: Variables) -> Self {
        Self { variables }
    }

    async fn credentials(&self, http: &SourceHttp) -> Result<Credentials, SourceError> {
        let entry = |name| entry(&self.variables, name);
        let entries = Entries {
            ak: entry(AK),
            sk: entry(SK),
            security_token: entry("HUAWEICLOUD_SDK_SECURITY_TOKEN"),
            project_id: entry(PROJECT_ID),
            origin: None,
            idp_id: entry("HUAWEICLOUD_SDK_IDP_ID"),
            id_token_file: entry("HUAWEICLOUD_SDK_ID_TOKEN_FILE"),
            iam_endpoint: entry(IAM_ENDPOINT),
        };
        let found = entries.credentials(http).await?;
        found.ok_or_else(|| SourceError::Absent(format!("{AK} and {SK} are not set")))
    }
}

impl CredentialsSource for Environment {
    fn name(&self) -> &str {
        "environment"
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(self.credentials(http))
    }
}

/// A variable as an entry.
pub(super) fn entry(variables: &Variables, name: &str) -> Entry {
    Entry { name: name.to_owned(), value: variables.secret(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secret;
    use crate::auth::exchange::stub::{Reply, Stub, http};

    const KEY: &str = r#"{"credential":{"access":"FAKE-TEMPORARY","secret":"fake-secret","securitytoken":"fake-token","expires_at":"2099-01-01T00:00:00.000000Z"}}"#;

    async fn fetch(variables: &[(&str, &str)]) -> Result<Credentials, SourceError> {
        Environment::new(Variables::given(variables.iter().copied())).fetch(&http()).await
    }

    async fn broken(variables: &[(&str, &str)]) -> String {
        match fetch(variables).await {
            Err(SourceError::Broken(text)) => quiet(text),
            other => panic!("{other:?}"),
        }
    }

    fn quiet(text: String) -> String {
        assert!(!text.contains("fake-"), "{text}");
        text
    }

    fn key(credentials: &Credentials) -> (&str, &str, Option<&str>) {
        match credentials.secret() {
            Secret::AccessKey(key) => (key.id(), key.secret(), key.token()),
            Secret::Token(_) => panic!("a token"),
        }
    }

    #[tokio::test]
    async fn takes_a_permanent_or_a_temporary_key() {
        let credentials = fetch(&[(AK, "FAKE-KEY"), (SK, "fake-secret")]).await.unwrap();
        assert_eq!(key(&credentials), ("FAKE-KEY", "fake-secret", None));
        assert_eq!(credentials.project_id(), None);
        let variables = [
            (AK, "FAKE-KEY"),
            (SK, "fake-secret"),
            ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "fake-token"),
            (PROJECT_ID, "project"),
        ];
        let credentials = fetch(&variables).await.unwrap();
        assert_eq!(key(&credentials), ("FAKE-KEY", "fake-secret", Some("fake-token")));
        assert_eq!(credentials.project_id().unwrap(), &"project");
        assert_eq!(credentials.project_origin(), Some(PROJECT_ID));
        assert!(credentials.warnings().is_empty());
    }

    #[tokio::test]
    async fn nothing_is_absent_and_half_of_something_is_broken() {
        let absent = fetch(&[(AK, ""), (PROJECT_ID, "project")]).await.unwrap_err();
        assert_eq!(absent, SourceError::Absent("HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK are not set".into()));
        assert_eq!(
            broken(&[(AK, "fake-key")]).await,
            "HUAWEICLOUD_SDK_SK is missing although HUAWEICLOUD_SDK_AK is given; set HUAWEICLOUD_SDK_SK, or unset \
             HUAWEICLOUD_SDK_AK"
        );
        let token = broken(&[("HUAWEICLOUD_SDK_SECURITY_TOKEN", "fake-token")]).await;
        assert!(token.ends_with("and HUAWEICLOUD_SDK_SK, or unset HUAWEICLOUD_SDK_SECURITY_TOKEN"), "{token}");
        assert!(broken(&[(SK, "fake-secret")]).await.starts_with("HUAWEICLOUD_SDK_AK is missing"));
        assert!(
            broken(&[("HUAWEICLOUD_SDK_IDP_ID", "fake-idp")]).await.starts_with("HUAWEICLOUD_SDK_ID_TOKEN_FILE is")
        );
    }

    #[tokio::test]
    async fn half_an_identity_provider_beside_a_key_is_a_warning() {
        let credentials =
            fetch(&[(AK, "FAKE-KEY"), (SK, "fake-secret"), ("HUAWEICLOUD_SDK_IDP_ID", "i")]).await.unwrap();
        assert_eq!(key(&credentials).0, "FAKE-KEY");
        assert!(credentials.warnings()[0].contains("HUAWEICLOUD_SDK_ID_TOKEN_FILE is missing"));
    }

    #[tokio::test]
    async fn what_no_header_can_carry_is_named_without_its_value() {
        for value in ["fake-ключ", "fake-key\n", "fake key", "fake-\u{7}", "fake-\u{a0}"] {
            assert!(broken(&[(AK, "FAKE-KEY"), (SK, value)]).await.starts_with("HUAWEICLOUD_SDK_SK "), "{value:?}");
            let token = [(AK, "FAKE-KEY"), (SK, "s"), ("HUAWEICLOUD_SDK_SECURITY_TOKEN", value)];
            assert!(broken(&token).await.starts_with("HUAWEICLOUD_SDK_SECURITY_TOKEN "), "{value:?}");
        }
    }

    #[tokio::test]
    async fn what_no_id_of_an_access_key_holds_is_named_without_its_value() {
        for value in ["fake-a,b", "fake-a/b", "fake-a:b"] {
            let text = broken(&[(AK, value), (SK, "fake-secret")]).await;
            assert!(text.starts_with("HUAWEICLOUD_SDK_AK: must be a text without commas"), "{text}");
            // A secret may well hold them.
            assert!(fetch(&[(AK, "FAKE-KEY"), (SK, value)]).await.is_ok());
        }
    }

    #[tokio::test]
    async fn an_identity_token_is_exchanged_at_iam_and_goes_before_a_key() {
        let token = Reply::with_header(201, "X-Subject-Token: fake-iam-token", "{}");
        let stub = Stub::start(vec![token, Reply::json(201, KEY)]).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "fake-id-token\n").unwrap();
        let variables = [
            (AK, "FAKE-KEY"),
            (SK, "fake-secret"),
            ("HUAWEICLOUD_SDK_IDP_ID", "my-idp"),
            ("HUAWEICLOUD_SDK_ID_TOKEN_FILE", file.path().to_str().unwrap()),
            (IAM_ENDPOINT, &format!("{}/", stub.address)),
        ];
        let credentials = fetch(&variables).await.unwrap();
        assert_eq!(key(&credentials), ("FAKE-TEMPORARY", "fake-secret", Some("fake-token")));
        assert!(credentials.expires_at().is_some());
        let heard = stub.heard();
        assert!(heard[0].starts_with("POST /v3.0/OS-AUTH/id-token/tokens HTTP/1.1\r\n"));
        assert!(heard[0].contains("x-idp-id: my-idp\r\n"));
        assert!(heard[0].ends_with(r#"{"auth":{"id_token":{"id":"fake-id-token"}}}"#));
        assert!(heard[1].starts_with("POST /v3.0/OS-CREDENTIAL/securitytokens HTTP/1.1\r\n"));
        assert!(heard[1].contains(r#""token":{"id":"fake-iam-token","duration_seconds":21600}"#), "{}", heard[1]);
    }

    #[tokio::test]
    async fn an_exchange_that_fails_says_why() {
        let file = tempfile::Builder::new().prefix("id").tempfile().unwrap();
        std::fs::write(file.path(), "fake-id-token").unwrap();
        let refused = Reply::json(401, r#"{"error":{"code":401,"message":"token fake-id-token is expired"}}"#);
        for (reply, wanted) in [
            (refused, "refused with status 401 (401: token *** is expired)"),
            (Reply::json(201, KEY), "without the header X-Subject-Token"),
            (Reply::with_header(307, "location: http://127.0.0.1:1/", ""), "redirect"),
        ] {
            let stub = Stub::start(vec![reply]).await;
            let variables = [
                ("HUAWEICLOUD_SDK_IDP_ID", "my-idp"),
                ("HUAWEICLOUD_SDK_ID_TOKEN_FILE", file.path().to_str().unwrap()),
                (IAM_ENDPOINT, stub.address.as_str()),
            ];
            let error = fetch(&variables).await.unwrap_err();
            assert!(matches!(error, SourceError::Refused(_) | SourceError::Unintelligible(_)), "{error:?}");
            let text = quiet(error.to_string());
            assert!(text.starts_with("IAM at 127.0.0.1 ") && text.contains(wanted), "{text}");
        }
        let variables = [
            ("HUAWEICLOUD_SDK_IDP_ID", "my-idp"),
            ("HUAWEICLOUD_SDK_ID_TOKEN_FILE", file.path().to_str().unwrap()),
            (IAM_ENDPOINT, "http://iam.example"),
        ];
        assert!(broken(&variables).await.contains("HUAWEICLOUD_SDK_IAM_ENDPOINT: must be an https:// address"));
    }
}
