//! Rules of a create request that depend on what is stored: the object in OBS and the packages that exist.

use crate::package::NewPackage;
use crate::rejection::{Code, Rejection};

/// The suffixes the API reference lists for `object_key`; newer service texts dropped the list.
const SUFFIXES: [&str; 13] =
    [".bin", ".dav", ".tar", ".gz", ".zip", ".gzip", ".apk", ".tar.gz", ".tar.xz", ".pack", ".exe", ".bat", ".img"];

/// "1G" in the API reference, read as 2^30 bytes; which of the two readings is right is unverified.
const MOST_BYTES: u64 = 1 << 30;

/// Which of these rules an emulator applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checks {
    /// The object must be in OBS.
    pub(crate) objects: bool,
    /// The rules the service is not known to make: sign, size, suffix and duplicates.
    pub(crate) strict: bool,
    /// Most packages of one resource space.
    pub(crate) limit_packages: Option<u64>,
}

/// What is stored about a package that is to be created.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Its object in OBS.
    pub(crate) object: Option<FoundObject>,
    /// Whether a package with the same app, product, type, module and version exists.
    pub(crate) duplicate: bool,
    /// How many packages its app has.
    pub(crate) packages_of_app: u64,
}

/// What is stored about an object.
#[derive(Clone, Debug)]
pub(crate) struct FoundObject {
    pub(crate) size: u64,
    /// SHA-256 in lower-case hexadecimal digits, if it is known.
    pub(crate) sha256: Option<String>,
}

/// Whether [`check`] cannot decide before the SHA-256 of the object is known.
pub(crate) fn needs_sha256(new: &NewPackage, checks: Checks, found: &Found) -> bool {
    checks.strict
        && new.obs_location.sign.is_some()
        && found.object.as_ref().is_some_and(|object| object.sha256.is_none() && object.size <= MOST_BYTES)
}

/// Decides whether a package can be created.
pub(crate) fn check(new: &NewPackage, checks: Checks, found: &Found) -> Result<(), Rejection> {
    let location = &new.obs_location;
    if checks.strict && !has_known_suffix(&location.object_key) {
        return Err(Rejection::new(
            Code::InvalidInput,
            format!(
                "Invalid input data. file_location.obs_location.object_key: must end in one of {}",
                SUFFIXES.join(" ")
            ),
        ));
    }
    if checks.objects && found.object.is_none() {
        return Err(Rejection::new(
            Code::ObsObjectNotFound,
            format!(
                "Invalid OBS info. Bucket {} has no object {:?}; check region_name, bucket_name and object_key of \
                 file_location.obs_location, and upload the object before creating the package",
                location.bucket_name, location.object_key
            ),
        ));
    }
    if let Some(object) = &found.object
        && checks.strict
    {
        check_object(new, object)?;
    }
    if checks.strict && found.duplicate {
        return Err(Rejection::new(
            Code::DuplicateVersion,
            format!(
                "Version {} of this {} exists already for app {} and product {}",
                new.version, new.package_type, new.app_id, new.product_id
            ),
        ));
    }
    match checks.limit_packages {
        Some(limit) if found.packages_of_app >= limit => Err(Rejection::new(
            Code::PackageQuota,
            format!(
                "App {} has {} packages, and its quota is {limit}; delete packages it does not need",
                new.app_id, found.packages_of_app
            ),
        )),
        _ => Ok(()),
    }
}

fn check_object(new: &NewPackage, object: &FoundObject) -> Result<(), Rejection> {
    if object.size > MOST_BYTES {
        return Err(Rejection::new(
            Code::ObjectTooLarge,
            format!("The object has {} bytes, and a package file may have {MOST_BYTES}", object.size),
        ));
    }
    match (&new.obs_location.sign, &object.sha256) {
        (Some(sign), Some(sha256)) if !sign.eq_ignore_ascii_case(sha256) => Err(Rejection::new(
            Code::SignMismatch,
            format!("file_location.obs_location.sign is {sign}, and the SHA-256 of the object is {sha256}"),
        )),
        _ => Ok(()),
    }
}

/// Letter case is not compared: whether the service compares it is unverified.
fn has_known_suffix(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SUFFIXES.iter().any(|suffix| key.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAITHFUL: Checks = Checks { objects: true, strict: false, limit_packages: None };
    const STRICT: Checks = Checks { objects: true, strict: true, limit_packages: Some(200) };

    fn package(key: &str, sign: Option<&str>) -> NewPackage {
        let mut package = NewPackage::default();
        package.obs_location.object_key = key.to_owned();
        package.obs_location.sign = sign.map(str::to_owned);
        package
    }

    fn found() -> Found {
        Found {
            object: Some(FoundObject { size: 1, sha256: Some("ab".repeat(32)) }),
            duplicate: false,
            packages_of_app: 0,
        }
    }

    fn code(new: &NewPackage, checks: Checks, found: &Found) -> Option<Code> {
        check(new, checks, found).err().map(|rejection| rejection.code)
    }

    #[test]
    fn a_missing_object_is_refused_unless_switched_off() {
        let new = package("a.bin", None);
        let nothing = Found::default();
        assert_eq!(code(&new, FAITHFUL, &nothing), Some(Code::ObsObjectNotFound));
        let unchecked = Checks { objects: false, ..FAITHFUL };
        assert_eq!(code(&new, unchecked, &nothing), None);
    }

    #[test]
    fn only_strict_compares_the_sign() {
        let wrong = package("a.bin", Some(&"00".repeat(32)));
        assert_eq!(code(&wrong, FAITHFUL, &found()), None);
        assert_eq!(code(&wrong, STRICT, &found()), Some(Code::SignMismatch));
        let upper = package("a.bin", Some(&"AB".repeat(32)));
        assert_eq!(code(&upper, STRICT, &found()), None);
    }

    #[test]
    fn only_a_strict_check_of_a_sign_needs_an_unknown_digest() {
        let signed = package("a.bin", Some(&"00".repeat(32)));
        let mut unknown = found();
        unknown.object.as_mut().unwrap().sha256 = None;
        assert!(needs_sha256(&signed, STRICT, &unknown));
        assert!(!needs_sha256(&signed, STRICT, &found()));
        assert!(!needs_sha256(&signed, FAITHFUL, &unknown));
        assert!(!needs_sha256(&package("a.bin", None), STRICT, &unknown));
        assert!(!needs_sha256(&signed, STRICT, &Found::default()));
    }

    #[test]
    fn only_strict_refuses_suffix_size_and_duplicate() {
        assert_eq!(code(&package("a.txt", None), FAITHFUL, &found()), None);
        assert_eq!(code(&package("a.txt", None), STRICT, &found()), Some(Code::InvalidInput));
        assert_eq!(code(&package("a.TAR.XZ", None), STRICT, &found()), None);

        let mut large = found();
        large.object.as_mut().unwrap().size = MOST_BYTES + 1;
        assert_eq!(code(&package("a.bin", None), FAITHFUL, &large), None);
        assert_eq!(code(&package("a.bin", None), STRICT, &large), Some(Code::ObjectTooLarge));

        let duplicate = Found { duplicate: true, ..found() };
        assert_eq!(code(&package("a.bin", None), FAITHFUL, &duplicate), None);
        assert_eq!(code(&package("a.bin", None), STRICT, &duplicate), Some(Code::DuplicateVersion));
    }

    #[test]
    fn the_quota_counts_what_exists() {
        let full = Found { packages_of_app: 200, ..found() };
        assert_eq!(code(&package("a.bin", None), STRICT, &full), Some(Code::PackageQuota));
        assert_eq!(code(&package("a.bin", None), FAITHFUL, &full), None);
    }
}
