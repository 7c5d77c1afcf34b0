//! What the two schemes of the API gateways share once the canonical request is there: the text to sign, the HMAC, and
//! the `Authorization` header in both directions.

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderValue;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::canonical::{Request, Secrets, SignError, SignedHeaders, VerifyError, sdk_date};
use crate::hex;

/// What tells one scheme from the other in the header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scheme {
    /// The first word of the `Authorization` header and the first line of the text to sign.
    pub(crate) name: &'static str,
    /// The field that says whose signature it is.
    pub(crate) field: &'static str,
}

/// The fields of an `Authorization` header.
pub(crate) struct Fields<'a> {
    pub(crate) credential: &'a str,
    pub(crate) signed_headers: SignedHeaders<'a>,
    pub(crate) signature: [u8; 32],
}

impl Scheme {
    /// The text to sign: the scheme, the time, what the key was derived for, and the hash of the canonical request.
    pub(crate) fn string_to_sign(
        self,
        info: Option<&str>,
        request: &Request<'_>,
        signed: &SignedHeaders<'_>,
    ) -> Result<String, SignError> {
        let canonical = Zeroizing::new(request.canonical(signed)?);
        let mut out = String::with_capacity(160);
        for line in [Some(self.name), Some(sdk_date(request.headers)?), info].into_iter().flatten() {
            out.push_str(line);
            out.push('\n');
        }
        hex::write(&Sha256::digest(canonical.as_bytes()), &mut out);
        Ok(out)
    }

    /// Signs a text and writes the header, marked as sensitive.
    pub(crate) fn authorization(
        self,
        mac: Hmac<Sha256>,
        credential: &str,
        signed: &SignedHeaders<'_>,
        text: &str,
    ) -> HeaderValue {
        let mut out = String::with_capacity(320);
        for part in [self.name, " ", self.field, "=", credential, ", SignedHeaders="] {
            out.push_str(part);
        }
        signed.write(&mut out);
        out.push_str(", Signature=");
        hex::write(&mac.chain_update(text).finalize().into_bytes(), &mut out);
        // Scheme, signed headers and signature are visible ASCII, and so is a credential, which was checked.
        let mut value = HeaderValue::try_from(out).expect("visible ASCII");
        value.set_sensitive(true);
        value
    }

    /// Reads the header, in exactly the form that is written above.
    pub(crate) fn parse(self, value: &HeaderValue) -> Result<Fields<'_>, VerifyError> {
        let malformed = VerifyError::Malformed(self.name);
        let text = value.to_str().map_err(|_| malformed.clone())?;
        let fields = text
            .strip_prefix(self.name)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or(VerifyError::OtherScheme(self.name))?;
        let parts = || {
            let (credential, rest) =
                fields.strip_prefix(self.field)?.strip_prefix('=')?.split_once(", SignedHeaders=")?;
            let (names, signature) = rest.split_once(", Signature=")?;
            let (signed_headers, signature) = (SignedHeaders::parse(names)?, hex::decode(signature)?);
            Some(Fields { credential, signed_headers, signature })
        };
        let fields = parts().ok_or(malformed)?;
        match fields.signed_headers.contains("x-sdk-date") {
            true => Ok(fields),
            false => Err(VerifyError::DateNotSigned),
        }
    }

    /// Compares a signature with the one that the request should have, in constant time.
    pub(crate) fn verify(
        self,
        mac: Hmac<Sha256>,
        info: Option<&str>,
        request: &Request<'_>,
        signed: &SignedHeaders<'_>,
        signature: &[u8; 32],
    ) -> Result<(), VerifyError> {
        let string_to_sign = self.string_to_sign(info, request, signed)?;
        if mac.chain_update(&string_to_sign).verify_slice(signature).is_ok() {
            return Ok(());
        }
        Err(VerifyError::Mismatch { canonical_request: request.build(signed, Secrets::Masked)?, string_to_sign })
    }
}

/// Starts an HMAC-SHA256.
pub(crate) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

/// Refuses an empty secret: it is always a mistake in the configuration, and everybody could compute its signatures.
pub(crate) fn check_secret(secret: &str) -> Result<(), SignError> {
    if secret.is_empty() { Err(SignError::EmptySecret) } else { Ok(()) }
}

/// Whether a text can be an access key id, a region or a service in the header: visible ASCII without the characters
/// that separate fields.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b',' | b'/'))
}
