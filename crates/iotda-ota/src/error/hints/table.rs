//! The table: one row for each known cause, as data.

use super::Proof;

/// One known cause. Every condition that is given has to hold.
pub(super) struct Row {
    pub(super) status: u16,
    /// The service's code; the gateway's are spelt in two ways.
    pub(super) codes: &'static [&'static str],
    /// Words of the service's message, in lower case; all of them. A blank at an end stands for the end of a word.
    pub(super) words: &'static [&'static str],
    pub(super) proofs: &'static [Proof],
    pub(super) dedicated: Option<bool>,
    /// Whether the service has to show that it got another body than was sent.
    pub(super) other_body: bool,
    pub(super) hint: &'static str,
    /// Where the cause was read; nothing for words that only an emulator is known to say, because those of the service
    /// are not verified.
    #[cfg_attr(not(test), allow(dead_code, reason = "for the reader of the table"))]
    pub(super) source: Option<&'static str>,
}

const SIGNED: &[Proof] = &[Proof::Plain, Proof::Derived];

/// A refusal by the gateway, for any reason.
const GATEWAY: Row = Row {
    status: 401,
    codes: &["APIGW.0301", "APIG.0301"],
    words: &[],
    proofs: SIGNED,
    dedicated: None,
    other_body: false,
    hint: "",
    source: None,
};

/// A refusal by IoTDA itself, for any reason.
const IOTDA: Row = Row { codes: &["IOTDA.000002"], ..GATEWAY };

/// A gateway that takes the signature of another scheme for none at all, and asks for a token.
const NO_TOKEN: Row = Row {
    status: 400,
    codes: &[],
    words: &["x-auth-token"],
    source: Some("FAQ \"Application Integration\" of IoTDA"),
    ..GATEWAY
};

const NEEDS_DERIVED: &str = "this is the address of a standard or enterprise instance, which takes derived request signing: \
     leave the signing scheme on auto, or set derived (--signing derived, IOTDA_OTA_SIGNING=derived)";

const MAY_NEED_DERIVED: &str = "the address does not tell which kind of instance it is: if it is a standard or enterprise \
     one, set the derived scheme with the region of the instance (--signing derived, IOTDA_OTA_SIGNING=derived; --region); \
     else check the access key and its secret";

const MAY_NEED_PLAIN: &str = "the address does not tell which kind of instance it is: if it is the shared address of a \
     region, set plain request signing (--signing plain, IOTDA_OTA_SIGNING=plain); else check the region of the instance \
     (--region), the access key and its secret";

const WRONG_SECRET: &str = "the secret does not belong to the access key, or something on the way changed the request: \
     check the secret, and that no proxy rewrites headers";

const FAQ_AND_USERS: &str = "FAQ \"Application Integration\" of IoTDA; several user reports of this code";

const FAQ_AND_DEVICES: &str =
    "FAQ \"Application Integration\" of IoTDA; the code is that of the device-side HTTP API pages";

/// The first row that fits counts.
pub(super) const TABLE: [Row; 25] = [
    Row { proofs: &[Proof::Plain], dedicated: Some(true), hint: NEEDS_DERIVED, source: Some(FAQ_AND_USERS), ..IOTDA },
    Row {
        proofs: &[Proof::Derived],
        dedicated: Some(true),
        hint: "the signing scheme fits this address, so look at the rest: that the secret belongs to the access key, and \
               that the instance belongs to the account of the key",
        source: Some(FAQ_AND_DEVICES),
        ..IOTDA
    },
    Row {
        proofs: &[Proof::Plain],
        dedicated: Some(false),
        hint: MAY_NEED_DERIVED,
        source: Some(FAQ_AND_USERS),
        ..IOTDA
    },
    Row {
        proofs: &[Proof::Derived],
        dedicated: Some(false),
        hint: MAY_NEED_PLAIN,
        source: Some(FAQ_AND_DEVICES),
        ..IOTDA
    },
    Row {
        proofs: &[Proof::Token],
        hint: "the token is not accepted here: get a new one for this project in the region of the instance, because a \
               token lasts 24 hours and is for one project",
        source: Some(
            "page \"Authentication\" of the IoTDA API reference; the code is that of the device-side HTTP API pages",
        ),
        ..IOTDA
    },
    Row { proofs: &[Proof::Plain], dedicated: Some(true), hint: NEEDS_DERIVED, ..NO_TOKEN },
    Row {
        proofs: &[Proof::Derived],
        dedicated: Some(true),
        hint: "the service did not take the signature for one although its scheme fits this address: check that no proxy \
               removes or rewrites the Authorization header",
        ..NO_TOKEN
    },
    Row { proofs: &[Proof::Plain], dedicated: Some(false), hint: MAY_NEED_DERIVED, ..NO_TOKEN },
    Row { proofs: &[Proof::Derived], dedicated: Some(false), hint: MAY_NEED_PLAIN, ..NO_TOKEN },
    Row {
        words: &["reach the limit"],
        hint: "the access key is locked for five minutes, because more than five requests in a row were refused: correct \
               the secret, stop whatever else uses the key with a wrong one, and try again after that time",
        source: Some("API Request Signing Guide, \"Common Errors Related to IAM Authentication Information\""),
        ..GATEWAY
    },
    Row {
        words: &["signature expired"],
        hint: "the signature was too old when it arrived, and one counts for 15 minutes: set this machine's clock right, \
               and see that nothing on the way holds requests back",
        source: Some("API Request Signing Guide; the text is documented for the signatures of apps only"),
        ..GATEWAY
    },
    Row {
        words: &["verify aksk signature fail"],
        other_body: true,
        hint: "the body was changed after it was signed: check that no proxy rewrites requests",
        source: Some("API Request Signing Guide: the canonical request ends in the hash of the body that arrived"),
        ..GATEWAY
    },
    Row {
        proofs: &[Proof::Derived],
        dedicated: Some(false),
        words: &["verify aksk signature fail"],
        hint: "the region or the secret is wrong, or something on the way changed the request: a derived signature counts \
               for one region only, so check that the region is that of the instance (--region, IOTDA_OTA_REGION), that \
               the secret belongs to the access key, and that no proxy rewrites headers",
        source: Some("many user reports; the region goes into the key in huaweicloudsdkcore 3.1.219"),
        ..GATEWAY
    },
    Row {
        proofs: &[Proof::Derived],
        dedicated: Some(true),
        words: &["verify aksk signature fail"],
        hint: WRONG_SECRET,
        source: Some("many user reports; the address names the region"),
        ..GATEWAY
    },
    Row {
        proofs: &[Proof::Plain],
        words: &["verify aksk signature fail"],
        hint: WRONG_SECRET,
        source: Some("many user reports"),
        ..GATEWAY
    },
    Row {
        words: &[" ak ", "not exist"],
        hint: "the access key does not exist: it was deleted, is disabled, or belongs to another site of the cloud",
        source: Some("API Request Signing Guide, \"Common Errors Related to IAM Authentication Information\""),
        ..GATEWAY
    },
    Row {
        words: &["x-security-token", "does not belong"],
        hint: "the security token is not that of this access key: take id, secret and security token of one temporary key, \
               as they came together; a permanent key has no security token",
        source: None,
        ..GATEWAY
    },
    Row {
        words: &["temporary ak", "expired"],
        hint: "the temporary access key has expired: get a new one, with its secret and its security token",
        source: None,
        ..GATEWAY
    },
    Row {
        proofs: &[Proof::Token],
        words: &["decrypt token fail"],
        hint: "the IAM token cannot be read: it is cut off, older than 24 hours, or was made in another region; get a new \
               one where it is used",
        source: Some("API Request Signing Guide, \"Common Errors Related to IAM Authentication Information\""),
        ..GATEWAY
    },
    Row {
        words: &["decrypt token fail"],
        hint: "the signature was taken for a token, so something on the way changed the Authorization header: check that \
               no proxy rewrites headers",
        source: Some("user reports"),
        ..GATEWAY
    },
    Row {
        words: &["hash"],
        hint: "the body was changed after it was signed: check that no proxy rewrites requests",
        source: Some("user reports"),
        ..GATEWAY
    },
    Row {
        status: 403,
        codes: &["IOTDA.000021"],
        proofs: &[],
        dedicated: Some(true),
        hint: "the address is that of one instance, so look at who is calling: that the user has a permission for IoTDA, \
               that the instance id is that of this instance (--instance-id, IOTDA_OTA_INSTANCE_ID), and that the project \
               is that of the instance (--project-id, HUAWEICLOUD_SDK_PROJECT_ID)",
        source: Some("user reports"),
        ..GATEWAY
    },
    Row {
        status: 403,
        codes: &["IOTDA.000021"],
        proofs: &[],
        dedicated: Some(false),
        hint: "the account has not subscribed to the service at this address, or the IAM user lacks the permission: use \
               the address of your own instance, which the console shows under Overview, and check the user's permissions",
        source: Some("user reports"),
        ..GATEWAY
    },
    Row {
        status: 404,
        codes: &["APIGW.0101", "APIG.0101"],
        proofs: &[],
        hint: "the gateway knows no such address: check host and path of the endpoint, which has no path of its own",
        source: Some("user reports"),
        ..GATEWAY
    },
    Row {
        codes: &[],
        proofs: &[Proof::Password],
        hint: "IAM does not know this user: check the user name, the password, and the domain, which is the name of the \
               account",
        source: Some("IAM API reference, \"Obtaining a User Token Through Password Authentication\""),
        ..GATEWAY
    },
];
