//! Keeping secrets out of what is told, should a service repeat them.

use http::HeaderValue;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;

use crate::auth::{AccessKey, Secret};

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// A shorter text is no secret worth the name, and hiding it would spoil other words.
const SHORTEST: usize = 6;

/// The secrets that went out with a request.
#[derive(Default)]
pub(crate) struct Secrets(Vec<Zeroizing<String>>);

impl Secrets {
    /// Those of credentials for IoTDA.
    pub(crate) fn of(secret: &Secret) -> Self {
        match secret {
            Secret::Token(token) => Self::default().and(token.expose_secret()),
            Secret::AccessKey(key) => Self::of_key(key),
        }
    }

    /// Those of an access key.
    pub(crate) fn of_key(key: &AccessKey) -> Self {
        Self::default().and(key.secret()).and(key.token().unwrap_or_default())
    }

    /// One text.
    pub(crate) fn of_text(secret: &str) -> Self {
        Self::default().and(secret)
    }

    /// The signature of a request, which is the last word of its `Authorization`.
    pub(crate) fn and_signature(self, authorization: Option<&HeaderValue>) -> Self {
        let text = authorization.and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Base64 ends in `=` and holds no `:`; hexadecimal digits hold neither.
        let signature = text.rsplit_once("Signature=").or_else(|| text.rsplit_once(':')).map(|(_, last)| last);
        self.and(signature.unwrap_or_default())
    }

    fn and(mut self, secret: &str) -> Self {
        if secret.len() >= SHORTEST {
            self.0.push(Zeroizing::new(secret.to_owned()));
        }
        self
    }

    /// The text without them.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_went_out_is_hidden() {
        let key = AccessKey::new("FAKE-KEY-ID", "fake-secret").security_token("fake-security-token");
        let plain =
            HeaderValue::from_static("SDK-HMAC-SHA256 Access=FAKE-KEY-ID, SignedHeaders=host, Signature=0123abcdef");
        let obs = HeaderValue::from_static("OBS FAKE-KEY-ID:c2lnbmF0dXJl=");
        let secrets = Secrets::of_key(&key).and_signature(Some(&plain)).and_signature(Some(&obs));
        let told = secrets.hide("fake-secret fake-security-token 0123abcdef c2lnbmF0dXJl= FAKE-KEY-ID");
        assert_eq!(told, "*** *** *** *** FAKE-KEY-ID");
        let token = Secrets::of(&Secret::Token("fake-token".to_owned().into()));
        assert_eq!(token.hide("decrypt token fail: fake-token"), "decrypt token fail: ***");
    }
}
