//! Tokens and temporary access keys: handed out for a time, and never stored.
//!
//! A ticket says in itself what it grants, to whom and until when, and is sealed with an HMAC whose key is the user's
//! password. So it survives a restart, ends with a change of the password like the service's own tokens, and one emulator
//! accepts what another one with the same users has made. A temporary access key is an id, its security token (the
//! ticket) and a secret that is computed from both the id and the password.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::User;

/// What a ticket is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grant {
    /// A token of IAM for one project.
    Token { project_id: String },
    /// The security token of a temporary access key.
    AccessKey { id: String },
    /// A token of the metadata service.
    Metadata,
}

/// A grant, to whom and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// The name of the user.
    pub(crate) user: String,
    pub(crate) grant: Grant,
    /// The first second, since the beginning of 1970, at which it is no longer valid.
    pub(crate) expires: i64,
    /// Makes it differ from other tickets that grant the same.
    pub(crate) number: String,
}

/// A temporary access key.
pub(crate) struct TemporaryKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) security_token: String,
}

impl Ticket {
    /// The text that is handed out. The user is the one the ticket names.
    pub(crate) fn seal(&self, user: &User) -> String {
        // A structure of text and numbers always serializes.
        let content = URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default());
        let seal = URL_SAFE_NO_PAD.encode(mac(user, "ticket", &content).finalize().into_bytes());
        format!("{content}.{seal}")
    }

    /// Reads a text without looking at its seal.
    pub(super) fn peek(sealed: &str) -> Option<Self> {
        let (content, _) = sealed.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(content).ok()?).ok()
    }

    pub(super) fn is_valid(&self, now: i64) -> bool {
        now < self.expires
    }
}

/// Makes a temporary access key for a user; `number` is a fresh identifier.
pub(crate) fn temporary_key(user: &User, expires: i64, number: u128) -> TemporaryKey {
    let number = format!("{number:032X}");
    let id = format!("TEMPORARY{number}");
    let grant = Grant::AccessKey { id: id.clone() };
    let ticket = Ticket { user: user.name.clone(), grant, expires, number };
    TemporaryKey { secret: secret_of(user, &id), security_token: ticket.seal(user), id }
}

/// The secret of a temporary access key.
pub(super) fn secret_of(user: &User, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(mac(user, "secret", id).finalize().into_bytes())
}

/// Whether a text was sealed for this user; compared in constant time.
pub(super) fn is_sealed_by(user: &User, sealed: &str) -> bool {
    let Some((content, seal)) = sealed.split_once('.') else { return false };
    URL_SAFE_NO_PAD.decode(seal).is_ok_and(|seal| mac(user, "ticket", content).verify_slice(&seal).is_ok())
}

/// An id in the form of the service's, the same in every run.
pub(super) fn id_of(parts: &[&str]) -> String {
    crate::store::hex(&Sha256::digest(parts.join("\0"))[..16])
}

fn mac(user: &User, purpose: &str, text: &str) -> Hmac<Sha256> {
    Hmac::new_from_slice(user.password.as_bytes())
        .expect("HMAC takes keys of every length")
        .chain_update([purpose, &user.domain, &user.name, text].join("\0"))
}
