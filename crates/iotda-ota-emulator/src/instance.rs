//! Which kind of instance the emulator plays, and refusals it can be told to make.

/// Which kind of instance the emulator is taken for: the two kinds accept different schemes of request signing.
///
/// Tokens are accepted by every kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstanceKind {
    /// Accepts plain and derived signatures.
    #[default]
    Any,
    /// The shared regional address, of the basic edition: a derived signature (V11-HMAC-SHA256) is answered with 400 and
    /// a text about a missing `X-Auth-Token`, as the FAQ of the service describes the wrong scheme.
    Shared,
    /// The own address of a standard or enterprise instance: a plain signature (SDK-HMAC-SHA256) is answered with 401
    /// `IOTDA.000002`, as users report.
    Dedicated,
}

/// An answer of the service whose real cause the emulator does not have, to be given to every IoTDA call.
///
/// This is for tests of how a client explains it. IAM and OBS calls are not affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Signed requests, of either scheme, are answered with 400 and a text about a missing `X-Auth-Token`, as the FAQ of
    /// the service describes the wrong scheme.
    TokenHeaderMissing,
    /// Signed requests are answered with 401 `APIGW.0301` and the text for an access key that is locked for five minutes,
    /// because too many signatures in a row were wrong (API Request Signing Guide).
    KeyLocked,
    /// Signed requests are answered with 401 `APIGW.0301` and a text about the hash of the body, as users report it of
    /// bodies that were changed on their way. The words are the emulator's own; those of the service are not known.
    BodyHash,
    /// Requests with valid credentials are answered with 403 `IOTDA.000021`: the account has not subscribed to the
    /// service, has only an instance with an address of its own, or the user lacks the permission.
    NotSubscribed,
}
