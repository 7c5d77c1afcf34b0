//! Federated login: an identity provider's token becomes an IAM token, and that a temporary access key.
//!
//! Both calls are those of the official SDK (huaweicloudsdkcore 3.1.219, `auth/internal.py`, class `FederalAccessor`).

use http::HeaderValue;

use super::iam::Iam;
use super::{Credentials, SourceError, SourceHttp, secret_file};

/// How long the key is asked for: six hours, as the official SDK does, because the identity token is often short-lived.
const DURATION_SECONDS: u32 = 6 * 60 * 60;

/// What is needed, and what messages call it.
pub(super) struct Idp<'a> {
    pub(super) id: &'a str,
    pub(super) token_file: &'a str,
    pub(super) token_file_name: &'a str,
    /// The IAM address that stands beside them. One that the client was given goes first.
    pub(super) iam: Option<&'a str>,
    pub(super) iam_name: &'a str,
}

impl Idp<'_> {
    pub(super) async fn exchange(&self, http: &SourceHttp) -> Result<Credentials, SourceError> {
        let id_token = secret_file::token(self.token_file_name, self.token_file).await.map_err(SourceError::Broken)?;
        let unfit = |_| SourceError::Broken("the id of the identity provider fits into no header".to_owned());
        let provider = HeaderValue::from_str(self.id).map_err(unfit)?;
        let iam = Iam::beside(http, self.iam.map(|address| (self.iam_name, address)))?;
        let token = iam.federated_token(http, provider, &id_token).await?;
        iam.temporary_key(http, &token, DURATION_SECONDS).await
    }
}
