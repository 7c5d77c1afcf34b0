//! Bringing the file into OBS, and making sure that it lies there.

use super::{IfExists, Publish};
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::obs::{ObjectInfo, Obs, Source, Uploaded};
use crate::validate::{Violations, Warning};

/// How many digits of the checksum make a name that nothing else has.
const DIGITS: usize = 12;

/// The longest object key, in characters.
const LONGEST_KEY: usize = 1024;

/// Where the file lies, and what OBS says of it.
pub(super) struct Stored {
    pub(super) key: String,
    pub(super) checksum: Checksum,
    pub(super) object: ObjectInfo,
}

/// Uploads the file, unless it is there. Who replaces gets another key where this one is taken, because the object there
/// is needed as long as the old package is.
pub(super) async fn store(
    publish: &Publish,
    obs: &Obs,
    source: &Source,
    warnings: &mut Vec<Warning>,
) -> Result<Stored, Error> {
    let wanted = publish.key();
    let (key, uploaded) = match upload(publish, obs, source, &wanted).await {
        Err(error) if error.is_already_exists() && publish.if_exists == IfExists::Replace => {
            let key = beside(&wanted, &source.checksum(publish.progress.clone()).await?);
            let mut violations = Violations::default();
            publish.check_key(&key, &mut violations);
            violations.into_result()?;
            let uploaded = upload(publish, obs, source, &key).await?;
            let message = format!("{wanted:?} is taken by other content, which stays; the new object is {key:?}");
            warnings.push(Warning::new("file_location.obs_location.object_key", message));
            (key, uploaded)
        }
        result => (wanted, result?),
    };
    warnings.extend(uploaded.warnings);
    let object = look(publish, obs, &key, &uploaded.object).await?;
    if publish.verify_object && !uploaded.existed {
        let progress = publish.progress.clone();
        let found = obs.checksum_with(&publish.bucket, &key, Some(object.size), progress).await?;
        if !found.matches(&uploaded.checksum) {
            let (bucket, sent) = (&publish.bucket, &uploaded.checksum);
            let message = format!("object {key:?} in bucket {bucket:?} has SHA-256 {found}, but {sent} was uploaded");
            return Err(not_what_was_uploaded(message));
        }
    }
    Ok(Stored { key, checksum: uploaded.checksum, object })
}

async fn upload(publish: &Publish, obs: &Obs, source: &Source, key: &str) -> Result<Uploaded, Error> {
    let mut upload = obs.upload(&publish.bucket, key, &publish.file).with_source(source.clone());
    upload = upload.with_reporter(publish.progress.clone()).with_waiting(publish.listener.waiting());
    if let Some(folder) = &publish.journal_dir {
        upload = upload.journal_dir(folder);
    }
    upload.send().await
}

/// Asks OBS what lies there now.
async fn look(publish: &Publish, obs: &Obs, key: &str, sent: &ObjectInfo) -> Result<ObjectInfo, Error> {
    let now = obs.head(&publish.bucket, key).await?;
    if now.may_be(sent) {
        return Ok(now);
    }
    let message = format!("object {key:?} is not what was uploaded: it has {} bytes", now.size);
    Err(not_what_was_uploaded(message))
}

fn not_what_was_uploaded(message: String) -> Error {
    Error::new(ErrorKind::Mismatch, message)
        .with_hint("no package was created; see that nobody else uploads to this key, then publish again")
}

/// The key with the beginning of a checksum before its suffix: `a/upgrade.bin` becomes `a/upgrade-0123456789ab.bin`. A name
/// that would become too long for a key loses its end.
pub(super) fn beside(key: &str, checksum: &Checksum) -> String {
    let digits: String = checksum.as_str().chars().take(DIGITS).collect();
    let name_at = key.rfind('/').map_or(0, |at| at + 1);
    // A name that begins with a dot is no suffix.
    let suffix_at = key[name_at..].find('.').filter(|at| *at > 0).map_or(key.len(), |at| name_at + at);
    let (start, suffix) = key.split_at(suffix_at);
    let (folder, name) = start.split_at(name_at);
    let others = folder.chars().count() + 1 + DIGITS + suffix.chars().count();
    let name: String = name.chars().take(LONGEST_KEY.saturating_sub(others)).collect();
    format!("{folder}{name}-{digits}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_stands_before_the_suffix() {
        let checksum = Checksum::from_digest([0xab; 32]);
        for (key, expected) in [
            ("a/upgrade.bin", "a/upgrade-abababababab.bin"),
            ("upgrade.tar.gz", "upgrade-abababababab.tar.gz"),
            ("a.b/upgrade", "a.b/upgrade-abababababab"),
            ("a/.bin", "a/.bin-abababababab"),
            ("固件/升级.bin", "固件/升级-abababababab.bin"),
        ] {
            assert_eq!(beside(key, &checksum), expected);
        }
    }

    #[test]
    fn a_name_that_would_become_too_long_is_shortened() {
        let checksum = Checksum::from_digest([0xab; 32]);
        for (folder, name) in [("", 1020), ("固件/", 1017), ("a/b/", 5)] {
            let key = beside(&format!("{folder}{}.bin", "升".repeat(name)), &checksum);
            assert_eq!(key.chars().count(), (folder.chars().count() + name + 4 + 1 + DIGITS).min(LONGEST_KEY));
            assert!(key.starts_with(&format!("{folder}升")) && key.ends_with("-abababababab.bin"), "{key}");
        }
        // Of a folder nothing can be left out; the rules refuse the key then.
        assert!(beside(&format!("{}/x.bin", "a".repeat(1018)), &checksum).chars().count() > LONGEST_KEY);
    }
}
