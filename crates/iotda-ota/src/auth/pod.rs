//! Temporary keys from the agent that gives pods of a CCE cluster an identity.
//!
//! Variables, request and answer are those of the official SDK (huaweicloudsdkcore 3.1.219, `auth/internal.py`, class
//! `PodIdentityAccessor`).

use std::time::Duration;

use url::{Host, Url};

use super::BoxFuture;
use super::entries::half;
use super::exchange::{self, Asked};
use super::{Credentials, CredentialsSource, Reason, SourceError, SourceHttp, Variables, secret_file, wiped};
use crate::endpoint;
use crate::error::hints::Proof;
use crate::validate::Violations;

const FULL_URI: &str = "HC_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// Temporary keys of the agency that a pod of a CCE cluster is bound to.
///
/// The cluster sets `HC_CONTAINER_CREDENTIALS_FULL_URI`, where to ask, and `HC_CONTAINER_AUTHORIZATION_TOKEN_FILE`, with
/// what. Plain `http` is accepted for loopback and link-local addresses; those are not asked through a proxy.
#[derive(Clone, Debug)]
pub struct Pod {
    variables: Variables,
    timeout: Duration,
}

impl Pod {
    /// Takes both from these variables.
    pub fn new(variables: Variables) -> Self {
        Self { variables, timeout: Duration::from_secs(5) }
    }

    /// How long the request may take; 5 seconds otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn credentials(&self, http: &SourceHttp) -> Result<Credentials, SourceError> {
        let (uri, file) = match (self.variables.get(FULL_URI), self.variables.get(TOKEN_FILE)) {
            (Some(uri), Some(file)) => (uri, file),
            (None, None) => return Err(SourceError::Absent(format!("{FULL_URI} and {TOKEN_FILE} are not set"))),
            (Some(_), None) => return Err(half(&[TOKEN_FILE], &[FULL_URI])),
            (None, Some(_)) => return Err(half(&[FULL_URI], &[TOKEN_FILE])),
        };
        let url = address(&uri, http.plain_http).map_err(SourceError::Broken)?;
        let token = secret_file::token(TOKEN_FILE, &file).await.map_err(SourceError::Broken)?;
        let unfit = || SourceError::Broken(format!("the token that {TOKEN_FILE} names fits into no header"));
        let header = wiped::header(&token).ok_or_else(unfit)?;
        let name = format!("the pod identity agent at {}", url.host_str().unwrap_or_default());
        // No proxy could reach what is near.
        let near = is_near(&url);
        let client = if near { http.direct(&url)? } else { http.client(&url)? };
        let request = client.post(url).header(http::header::AUTHORIZATION, header);
        let request = exchange::with_json(request, &serde_json::Map::new())?;
        let asked = Asked {
            name: &name,
            operation: "pod_identity_show_key",
            limit: self.timeout,
            secret: &token,
            proof: Proof::Other,
            course: &http.course,
        };
        let pointed = |reason: Reason| {
            // What has a status is an answer, and what has a hint says more.
            if reason.status().is_some() || reason.hint().is_some() {
                return reason;
            }
            let proxies = if near { "" } else { ", and the proxy variables (HTTPS_PROXY)" };
            reason.with_hint(format!("check {FULL_URI}, which says where the agent is{proxies}, then try again"))
        };
        asked.key(request).await.map_err(|error| match error {
            SourceError::Unavailable(reason) => SourceError::Unavailable(pointed(reason)),
            SourceError::Unintelligible(reason) => SourceError::Unintelligible(pointed(reason)),
            other => other,
        })
    }
}

/// Reads where the agent is, which may have a path and a query.
///
/// Plain `http` is as everywhere for this machine, and here also for link-local addresses, which no router passes on:
/// that is where such agents are.
fn address(text: &str, plain_http: bool) -> Result<Url, String> {
    let mut violations = Violations::default();
    // The rule for base addresses decides about everything but the query.
    let base = text.split('?').next().unwrap_or(text);
    let url = match endpoint::parse(FULL_URI, base, &mut violations) {
        Some(base) if is_near(&base) => Url::parse(text).ok(),
        Some(_) => endpoint::secure(FULL_URI, base, plain_http, &mut violations).and_then(|_| Url::parse(text).ok()),
        None => None,
    };
    url.ok_or_else(|| match violations.is_empty() {
        true => format!("{FULL_URI} is no address"),
        false => violations.to_string(),
    })
}

/// True for this machine and for link-local addresses.
fn is_near(url: &Url) -> bool {
    endpoint::is_loopback(url)
        || match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_link_local(),
            Some(Host::Ipv6(ip)) => ip.is_unicast_link_local(),
            _ => false,
        }
}

impl CredentialsSource for Pod {
    fn name(&self) -> &str {
        "pod-identity"
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(self.credentials(http))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Secret;
    use crate::auth::exchange::stub::{Reply, Stub, http};

    const KEY: &str = r#"{"assumedAgency":{"urn":"","id":""},"audience":"","credentials":{"accessKeyId":"FAKE-KEY","secretAccessKey":"fake-secret","securityToken":"fake-token","expiration":"2099-01-08T03:50:07.574000Z"}}"#;

    async fn fetch(variables: &[(&str, &str)]) -> Result<Credentials, SourceError> {
        let pod = Pod::new(Variables::given(variables.iter().copied())).timeout(Duration::from_millis(300));
        pod.fetch(&http()).await
    }

    async fn broken(variables: &[(&str, &str)]) -> String {
        match fetch(variables).await {
            Err(SourceError::Broken(text)) => quiet(text),
            other => panic!("{other:?}"),
        }
    }

    async fn failed(variables: &[(&str, &str)]) -> String {
        match fetch(variables).await {
            Err(
                SourceError::Refused(reason) | SourceError::Unavailable(reason) | SourceError::Unintelligible(reason),
            ) => quiet(reason.to_string()),
            other => panic!("{other:?}"),
        }
    }

    fn quiet(text: String) -> String {
        assert!(!text.contains("fake-"), "{text}");
        text
    }

    fn token_file() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "fake-pod-token\n").unwrap();
        file
    }

    #[tokio::test]
    async fn asks_the_agent_with_the_token_of_the_file() {
        let stub = Stub::start(vec![Reply::json(200, KEY)]).await;
        let (file, uri) = (token_file(), format!("{}/v1/credentials?x=1", stub.address));
        let credentials = fetch(&[(FULL_URI, &uri), (TOKEN_FILE, file.path().to_str().unwrap())]).await.unwrap();
        let Secret::AccessKey(key) = credentials.secret() else { panic!("a token") };
        assert_eq!((key.id(), key.secret(), key.token()), ("FAKE-KEY", "fake-secret", Some("fake-token")));
        assert!(credentials.expires_at().is_some());
        let heard = &stub.heard()[0];
        assert!(heard.starts_with("POST /v1/credentials?x=1 HTTP/1.1\r\n") && heard.ends_with("\r\n\r\n{}"));
        assert!(heard.contains("authorization: fake-pod-token\r\n") && heard.contains("application/json"), "{heard}");
    }

    #[test]
    fn agents_are_asked_over_plain_http_only_where_no_router_passes_it_on() {
        for text in
            ["http://169.254.1.2/v1?x=1", "http://[fe80::1]/v1", "http://127.0.0.1:1", "https://agent.example/v1?x"]
        {
            assert_eq!(address(text, false).map(|url| url.query().is_some()), Ok(text.contains('?')), "{text}");
        }
        assert!(address("http://10.0.0.1", false).is_err() && address("http://10.0.0.1", true).is_ok());
    }

    #[tokio::test]
    async fn nothing_is_absent_and_half_is_broken() {
        assert!(matches!(fetch(&[]).await, Err(SourceError::Absent(text)) if text.contains(FULL_URI)));
        for (given, missing) in [(FULL_URI, TOKEN_FILE), (TOKEN_FILE, FULL_URI)] {
            let text = format!("{missing} is missing although {given} is given; set {missing}, or unset {given}");
            assert_eq!(broken(&[(given, "x")]).await, text);
        }
    }

    #[tokio::test]
    async fn what_cannot_be_used_is_named() {
        let file = token_file();
        let path = file.path().to_str().unwrap();
        for (uri, wanted) in [
            ("http://agent.example/v1", "must be an https:// address"),
            ("http://user:fake-password@127.0.0.1:1", "without a user name"),
            ("nonsense", "must be an address"),
            ("http://10.0.0.1/v1?x=1", "must be an https:// address"),
        ] {
            let text = broken(&[(FULL_URI, uri), (TOKEN_FILE, path)]).await;
            assert!(text.contains(wanted), "{text}");
        }
        std::fs::write(path, "fake-\u{e9}").unwrap();
        let text = broken(&[(FULL_URI, "http://127.0.0.1:1"), (TOKEN_FILE, path)]).await;
        assert!(text.contains("characters that no header can carry"), "{text}");
    }

    #[tokio::test]
    async fn an_answer_without_a_key_says_why() {
        let file = token_file();
        for (reply, wanted) in [
            (Reply::Hang, "gave no answer within 0.3 s"),
            (Reply::json(400, r#"{"message":"no association for fake-pod-token"}"#), "(no association for ***)"),
            (Reply::json(200, "<html>"), "no JSON object"),
            (Reply::json(200, r#"{"credentials":{}}"#), "without the field access"),
            (Reply::with_header(302, "location: http://127.0.0.1:1/", ""), "redirect"),
        ] {
            let stub = Stub::start(vec![reply]).await;
            let text = failed(&[(FULL_URI, &stub.address), (TOKEN_FILE, file.path().to_str().unwrap())]).await;
            assert!(text.contains(wanted), "{text}");
        }
        let page = Stub::start(vec![Reply::json(200, "<html>")]).await;
        let error = fetch(&[(FULL_URI, &page.address), (TOKEN_FILE, file.path().to_str().unwrap())]).await;
        let Err(SourceError::Unintelligible(reason)) = error else { panic!("{error:?}") };
        assert!(reason.hint().is_some_and(|hint| hint.contains(FULL_URI) && !hint.contains("proxy")), "{reason:?}");
        let nobody = [(FULL_URI, "http://127.0.0.1:1/v1"), (TOKEN_FILE, file.path().to_str().unwrap())];
        assert!(failed(&nobody).await.starts_with("the pod identity agent at 127.0.0.1 cannot be reached"));
    }
}
