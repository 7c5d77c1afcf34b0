//! The hash of the body in the canonical request.

use std::fmt;

use http::{HeaderMap, HeaderName};
use sha2::{Digest as _, Sha256};

use super::SignError;
use super::headers::single;
use crate::hex;

/// The header that may state the hash; every SDK signs its value instead of a hash of its own.
const CONTENT_HASH: HeaderName = HeaderName::from_static("x-sdk-content-sha256");

/// What stands for the hash when the body is not covered.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// SHA-256 of nothing.
const EMPTY_HASH: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// The body of a request, as far as it is at hand.
///
/// Whether the signature covers it is said by the header `X-Sdk-Content-Sha256`: it does unless the value is
/// `UNSIGNED-PAYLOAD`. A hash in that header must be the one of the body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The exact bytes that are sent; none for a request without a body.
    Bytes(&'a [u8]),
    /// A body that is not at hand and not empty. `X-Sdk-Content-Sha256` must be `UNSIGNED-PAYLOAD`.
    Unsigned,
    /// The SHA-256 of the body, for example of a file that is not in memory.
    Sha256([u8; 32]),
}

impl fmt::Debug for Payload<'_> {
    /// Leaves the bytes out, because a body may be long or secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Unsigned => f.write_str("Unsigned"),
            Self::Sha256(_) => f.write_str("Sha256(..)"),
        }
    }
}

impl Payload<'_> {
    /// The hash, if the body is at hand.
    fn hash(self) -> Option<[u8; 32]> {
        match self {
            Self::Bytes([]) => Some(EMPTY_HASH),
            Self::Bytes(bytes) => Some(Sha256::digest(bytes).into()),
            Self::Unsigned => None,
            Self::Sha256(hash) => Some(hash),
        }
    }

    fn is_empty(self) -> bool {
        matches!(self, Self::Bytes([]) | Self::Sha256(EMPTY_HASH))
    }
}

/// Appends the last line of the canonical request.
pub(super) fn write(payload: Payload<'_>, headers: &HeaderMap, out: &mut String) -> Result<(), SignError> {
    match single(headers, CONTENT_HASH.as_str())? {
        Some(UNSIGNED) if payload.is_empty() => return Err(SignError::UnsignedEmptyPayload),
        Some(UNSIGNED) => out.push_str(UNSIGNED),
        Some(stated) => {
            let hash = hex::decode(stated).ok_or(SignError::InvalidContentHash)?;
            // The SDKs sign a stated hash without looking at the body, but a server must not take one on trust.
            if payload.hash() != Some(hash) {
                return Err(SignError::ContentHashMismatch);
            }
            out.push_str(stated);
        }
        None => hex::write(&payload.hash().ok_or(SignError::UnsignedPayloadNotStated)?, out),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::EMPTY_HASH;

    #[test]
    fn the_hash_of_nothing_is_the_one_written_here() {
        assert_eq!(Sha256::digest(b"")[..], EMPTY_HASH);
    }
}
