//! Where the file of a package is: region, bucket, key, and checksum.

use super::{Text, Violations};
use crate::model::{Checksum, ObsLocation, SignMethod};

/// The suffixes that the original reference page lists for the object key.
pub(crate) const SUFFIXES: [&str; 13] =
    [".bin", ".dav", ".tar", ".gz", ".zip", ".gzip", ".apk", ".tar.gz", ".tar.xz", ".pack", ".exe", ".bat", ".img"];

/// The paths of the fields of a location.
pub(super) mod field {
    pub(in crate::validate) const REGION_NAME: &str = "file_location.obs_location.region_name";
    pub(in crate::validate) const BUCKET_NAME: &str = "file_location.obs_location.bucket_name";
    pub(in crate::validate) const OBJECT_KEY: &str = "file_location.obs_location.object_key";
    pub(in crate::validate) const SIGN_METHOD: &str = "file_location.obs_location.sign_method";
    pub(in crate::validate) const SIGN: &str = "file_location.obs_location.sign";
}

/// Region, bucket, key and checksum; `suffix` says whether the listed suffixes are required.
pub(crate) fn obs_location(location: &ObsLocation, suffix: bool, violations: &mut Violations) {
    let region = Text {
        least: 1,
        most: Some(256),
        allowed: |c| c.is_ascii_alphanumeric() || c == '-',
        characters: "letters, digits and -",
    };
    region.check(
        field::REGION_NAME,
        &location.region_name,
        "the region id",
        Some("set the region or the OBS region, such as cn-north-4"),
        violations,
    );
    let bucket = Text {
        least: 3,
        most: Some(63),
        allowed: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'),
        characters: "lower-case letters, digits, - and .",
    };
    bucket.check(field::BUCKET_NAME, &location.bucket_name, "the bucket name", None, violations);
    let key = Text { least: 1, most: Some(1024), allowed: |_| true, characters: "any characters" };
    key.check(field::OBJECT_KEY, &location.object_key, "the object key", None, violations);
    if suffix && !location.object_key.is_empty() && !has_suffix(&location.object_key) {
        let help =
            "rename the object; newer service texts do not state this rule, so it can be switched off (--allow suffix)";
        violations.add(
            field::OBJECT_KEY,
            format!("a key that ends in one of {}", SUFFIXES.join(" ")),
            &location.object_key,
            help,
        );
    }
    if let Some(SignMethod::Other(method)) = &location.sign_method {
        violations.add(field::SIGN_METHOD, "SHA256", method, "leave it out; SHA256 is assumed then");
    }
    if let Some(sign) = &location.sign {
        checksum(field::SIGN, sign, violations);
    }
}

fn checksum(field: &str, sign: &Checksum, violations: &mut Violations) {
    let text = sign.as_str();
    let count = text.chars().count();
    let help = "give the SHA-256 of the file, as sha256sum prints it";
    if count != 64 {
        violations.add_described(field, "64 hexadecimal digits", format!("{count} characters"), help);
    } else if !text.chars().all(|c| c.is_ascii_hexdigit()) {
        violations.add(field, "64 hexadecimal digits", text, help);
    }
}

/// Reports a key that no address can hold: what a URL makes of `.` and `..` is another object.
pub(crate) fn addressable_key(key: &str, violations: &mut Violations) {
    if key.split('/').any(|segment| matches!(segment, "." | "..")) {
        let help = "give a key without these segments";
        violations.add(field::OBJECT_KEY, "a key without the segments . and ..", key, help);
    }
}

/// True if a name or key ends in one of the listed suffixes.
pub(crate) fn has_suffix(name: &str) -> bool {
    suffix_of(name).is_some()
}

/// The listed suffix that a key ends in, whatever its case.
pub(super) fn suffix_of(key: &str) -> Option<&'static str> {
    let ends_in = |suffix: &str| {
        let end = key.len().checked_sub(suffix.len()).and_then(|start| key.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    };
    SUFFIXES.into_iter().find(|suffix| ends_in(suffix))
}
