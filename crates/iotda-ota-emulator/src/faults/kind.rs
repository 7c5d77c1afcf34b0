//! What can go wrong.

use std::time::Duration;

/// What goes wrong when a [`Fault`](crate::Fault) strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The request waits before it is looked at.
    Delay(Duration),
    /// A connection is reset as soon as it is accepted, before any request; so it goes with
    /// [`Scope::Everything`](crate::Scope), or the service IoTDA or OBS for their ports. Control calls need a connection of
    /// the IoTDA port, too: give a fault of that port [`Fault::times`](crate::Fault::times), or keep a connection open.
    Refuse,
    /// The request is answered with an error status and nothing is done.
    Status {
        /// From 400 to 599.
        status: u16,
        /// The form of the body; without one, that of the service itself.
        shape: Option<ErrorShape>,
        /// The error code; without one, `EMULATOR.FAULT`.
        code: Option<String>,
    },
    /// The request is refused as one too many, and nothing is done.
    Throttle {
        /// 429, with the code `APIGW.0308` of the API gateway; or 403, with `IOTDA.021101`, as the page of the device-side
        /// HTTP API has it; or 503, with `SlowDown`, for OBS.
        status: u16,
        /// The value of `Retry-After`, which may be garbage.
        retry_after: Option<String>,
    },
    /// The token or the temporary access key of the request expires, which the service then notices. Requests with
    /// credentials that cannot expire, which are the emulator's fixed token and permanent access keys, are not meant.
    Expire,
    /// The connection is closed when the head of the request is read, and nothing is done.
    CloseBefore {
        /// Whether it is reset, instead of closed in order.
        reset: bool,
    },
    /// The connection is closed when the whole request is read, and only some time after that everything is done: what a
    /// gateway does that loses its connections, but not what it has passed on. Nothing is done if the emulator stops or
    /// is reset before, if the body does not come to its end, or if it has more than 64 MiB, which is not kept so long.
    CloseBeforeCommit {
        /// How long after the end of the connection.
        delay: Duration,
        /// Whether it is reset, instead of closed in order.
        reset: bool,
    },
    /// Everything is done as usual, but instead of the answer comes the end of the connection.
    CloseAfterCommit {
        /// Whether it is reset, instead of closed in order.
        reset: bool,
    },
    /// Everything is done as usual, but in the middle of the answer's body the connection is closed. An answer without a
    /// body is not sent at all.
    Cut {
        /// How many bytes of the body come through; without it half of the body.
        at: Option<u64>,
    },
    /// Everything is done as usual, but in the middle of the answer's body nothing comes any more. An answer without a
    /// body stalls before its head.
    Stall {
        /// How many bytes of the body come through; without it half of the body.
        at: Option<u64>,
        /// After which time the rest comes; without it the client has to give up.
        pause: Option<Duration>,
    },
}

impl FaultKind {
    /// The name in the readable form.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Delay(_) => "delay",
            Self::Refuse => "refuse",
            Self::Status { .. } => "status",
            Self::Throttle { .. } => "throttle",
            Self::Expire => "expire",
            Self::CloseBefore { .. } => "close-before",
            Self::CloseBeforeCommit { .. } => "close-before-commit",
            Self::CloseAfterCommit { .. } => "close-after-commit",
            Self::Cut { .. } => "cut",
            Self::Stall { .. } => "stall",
        }
    }
}

/// The form of an error's body. The four forms of JSON are those that the official SDKs can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorShape {
    /// `{"error_code", "error_msg"}`, as IoTDA answers.
    ErrorCode,
    /// `{"errorCode", "errorMsg"}`
    CamelCase,
    /// `{"code", "message"}`
    Code,
    /// `{"error": {"code", "message"}}`, as IAM answers.
    Nested,
    /// The XML of OBS.
    Xml,
    /// A page for people, such as a proxy sends.
    Html,
    /// No body.
    Empty,
}

impl ErrorShape {
    /// Every form.
    pub const ALL: [Self; 7] =
        [Self::ErrorCode, Self::CamelCase, Self::Code, Self::Nested, Self::Xml, Self::Html, Self::Empty];

    /// The name in the readable form of a fault.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ErrorCode => "error_code",
            Self::CamelCase => "errorCode",
            Self::Code => "code",
            Self::Nested => "nested",
            Self::Xml => "xml",
            Self::Html => "html",
            Self::Empty => "empty",
        }
    }
}
