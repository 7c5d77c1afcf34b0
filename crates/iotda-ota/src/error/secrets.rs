//! Keeping secrets out of what is told, should a service repeat them.
//!
//! They are found however they are quoted; what counts as a spelling is in [`spelling`].

use std::cmp::Reverse;

use http::HeaderValue;
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;

use crate::auth::{AccessKey, Secret};

mod spelling;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// The fewest bytes of a secret that is hidden: a shorter text is no secret worth the name, and hiding it would spoil
/// other words. The documentation of the crate tells it.
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
            // The longest first: another one may be a part of it.
            self.0.sort_by_key(|secret| Reverse(secret.len()));
        }
        self
    }

    /// The text without them, however they are spelt.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| without(&text, secret))
    }
}

fn without(text: &str, secret: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(next) = rest.chars().next() {
        let length = match spelling::length(secret, rest) {
            Some(length) => {
                shown.push_str(HIDDEN);
                length
            }
            None => {
                shown.push(next);
                next.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn a_secret_that_begins_like_another_is_hidden_to_its_end() {
        let key = AccessKey::new("FAKE-KEY-ID", "fake-secret").security_token("fake-secret-and-more");
        assert_eq!(Secrets::of_key(&key).hide("fake-secret-and-more"), "***");
    }

    #[test]
    fn what_is_too_short_to_be_a_secret_stays() {
        assert_eq!(Secrets::of_text("error").hide("an error"), "an error");
        assert_eq!(Secrets::of_text("").hide("an error"), "an error");
        assert_eq!(Secrets::of_text("errors").hide("no errors"), "no ***");
    }

    proptest! {
        #[test]
        fn other_texts_stay_as_they_are(text in "\\PC{0,200}") {
            prop_assert_eq!(Secrets::of_text("fake-secret-0123456789").hide(&text), text);
        }

        #[test]
        fn any_secret_in_any_text_is_hidden_without_panic(
            secret in "(\\PC|[\"\\\\%&+ ]){6,40}", before in "(\\PC|[\\\\%&]){0,20}", after in "(\\PC|[\\\\%&]){0,20}",
        ) {
            // What stands in the place of a secret may not be one.
            prop_assume!(!secret.contains('*'));
            let shown = Secrets::of_text(&secret).hide(&format!("{before}{secret}{after}"));
            prop_assert!(shown.contains(HIDDEN) && !shown.contains(&secret), "{}", shown);
        }
    }
}
