//! The steps of publishing, in order.

use super::{IfExists, Outcome, Publish, Published, PublishedObject, existing, read_back};
use crate::error::{Error, ErrorKind};
use crate::model::ObsLocation;
use crate::obs::{LocalFile, ObjectInfo, Obs};
use crate::once::Settle;
use crate::packages::CreatePackage;
use crate::progress::Phase;
use crate::validate::OptionalRule;

/// Check, look for the package, hash, upload, create, read back.
pub(super) async fn run(publish: &Publish) -> Result<Published, Error> {
    publish.validate()?;
    let obs = credentials(publish).await?;
    let mut warnings = publish.warnings();

    let found = existing::find(publish).await?;
    match (publish.if_exists, found.first()) {
        (IfExists::Fail, Some(package)) => return Err(existing::refused(package)),
        (IfExists::Skip, Some(package)) => return existing::skipped(publish, package, warnings).await,
        _ => {}
    }

    let file = publish.read_file().await?;
    if !found.is_empty() {
        return existing::verified(publish, &obs, &file, &found, warnings).await;
    }

    let request = publish.signed_request(file.checksum());
    // The request was made with a location a moment ago.
    let location = request.file_location.obs_location.clone().unwrap_or_default();
    let stored = store(publish, &obs, &file, &location).await?;

    let mut create = CreatePackage::new(publish.client.clone(), request);
    if publish.any_suffix {
        create = create.allow(OptionalRule::Suffix);
    }
    publish.progress.report(Phase::Create, 0, 0);
    // Somebody else may have published the same at the same moment; only the oldest package stays then.
    let created = create.with_options(&publish.options).send_settled(Settle::Always).await;
    let created = created.map_err(|error| not_created(error, &location))?;
    warnings.extend(created.warnings().iter().cloned());
    let created = created.into_inner();
    let package = read_back::package(publish, created, &location, &mut warnings).await?;
    read_back::object(&obs, &stored, &location, &package, &mut warnings).await?;
    let object = object(&location, Some(file.size()));
    Ok(Published { package, object: Some(object), outcome: Outcome::Created, warnings })
}

impl Publish {
    pub(super) async fn read_file(&self) -> Result<LocalFile, Error> {
        LocalFile::read_with(self.file.clone(), self.progress.clone()).await
    }
}

/// The credentials of both services have to be there before anything else is sent.
async fn credentials(publish: &Publish) -> Result<Obs, Error> {
    let obs = publish.client.obs()?;
    publish.client.session().project_id().await?;
    publish.client.session().obs_key().await?;
    Ok(obs)
}

/// Brings the file into OBS, unless the very same content is there.
async fn store(publish: &Publish, obs: &Obs, file: &LocalFile, location: &ObsLocation) -> Result<ObjectInfo, Error> {
    let (bucket, key) = (location.bucket_name.as_str(), location.object_key.as_str());
    match obs.head(bucket, key).await {
        Ok(info) => {
            if info.size == file.size() && obs.checksum(bucket, key).await?.matches(file.checksum()) {
                return Ok(info);
            }
            let message = format!("object {key:?} in bucket {bucket:?} exists with other content");
            return Err(Error::new(ErrorKind::AlreadyExists, message)
                .with_hint("nothing was changed; give another object key, or delete the object first"));
        }
        // A bucket that is missing is found out by the upload, with the better message.
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error),
    }
    let sent = obs.upload_with(bucket, key, file, publish.progress.clone()).await?;
    let stored = obs.head(bucket, key).await?;
    let replaced = sent.etag.is_some() && stored.etag.is_some() && sent.etag != stored.etag;
    if stored.size != file.size() || replaced {
        let message = format!("object {key:?} is not what was uploaded: it has {} bytes", stored.size);
        return Err(Error::new(ErrorKind::Mismatch, message)
            .with_hint("no package was created; see that nobody else uploads to this key, then publish again"));
    }
    Ok(stored)
}

/// Says what is done already when a create was refused, or nobody knows.
fn not_created(error: Error, location: &ObsLocation) -> Error {
    let place = format!("{:?} in bucket {:?}", location.object_key, location.bucket_name);
    let done = if error.is_outcome_unknown() {
        format!("publish again: that finds the package if it was created; the file is stored as {place}")
    } else {
        format!("the file is stored as {place} and will be used when the same file is published again")
    };
    let hint = match error.hint() {
        Some(hint) if !error.is_outcome_unknown() => format!("{hint}; {done}"),
        _ => done,
    };
    error.with_hint(hint)
}

/// What the result says about the object.
pub(super) fn object(location: &ObsLocation, size: Option<u64>) -> PublishedObject {
    PublishedObject {
        region_name: location.region_name.clone(),
        bucket_name: location.bucket_name.clone(),
        object_key: location.object_key.clone(),
        size,
        sign: location.sign.clone(),
    }
}
