//! The steps of publishing, in order.

use futures_util::future::join;
use sha2::{Digest, Sha256};

use super::store::{self, Stored};
use super::{Event, IfExists, Outcome, Publish, Published, PublishedObject, existing, read_back, replace};
use crate::error::{Error, ErrorKind};
use crate::lock::{Lock, LockError};
use crate::model::{Checksum, ObsLocation, Package};
use crate::obs::{Obs, Source};
use crate::once::Settle;
use crate::packages::CreatePackage;
use crate::retry;
use crate::spans::Course;
use crate::validate::{OptionalRule, Warning};

/// How often a create may be refused because somebody else made a package meanwhile.
pub(super) const ROUNDS: u32 = 4;

/// Check, look for the package, hash and upload, create, read back.
pub(super) async fn run(publish: &Publish) -> Result<Published, Error> {
    let source = &publish.open()?;
    let publish = &publish.begun();
    let obs = &publish.options.within(credentials(publish)).await?;
    let mut warnings = publish.warnings(source);
    let lock = publish.options.within(lock(publish)).await?;
    let publish = &alive(publish, lock.as_ref());

    let (mut stored, mut refused, mut rounds) = (None, None, 0);
    loop {
        rounds += 1;
        let found = existing::find(publish).await?;
        if let Some(error) = refused.filter(|_| found.is_empty()) {
            return Err(error);
        }
        // On the heap, because replacing takes more room in debug builds than the stack of a thread may have.
        let done = Box::pin(with_existing(publish, obs, source, found, warnings.clone())).await;
        let done = done.map_err(|error| match &stored {
            Some(stored) => error.also(&stays(publish, stored)),
            None => error,
        });
        if let Some(published) = done? {
            return Ok(published);
        }
        let file = match stored.take() {
            Some(file) => file,
            None => {
                source.require_unchanged()?;
                publish.options.within(store::store(publish, obs, source, &mut warnings)).await?
            }
        };
        match create(publish, obs, stored.insert(file), &[], warnings.clone()).await {
            // Somebody else may have been faster.
            Err(error) if is_duplicate(&error) && rounds < ROUNDS => refused = Some(error),
            result => return result,
        }
    }
}

/// Does with existing packages what was asked for. `None` if there is none, or none any more.
async fn with_existing(
    publish: &Publish,
    obs: &Obs,
    source: &Source,
    found: Vec<Package>,
    warnings: Vec<Warning>,
) -> Result<Option<Published>, Error> {
    let Some(first) = found.first() else { return Ok(None) };
    match publish.if_exists {
        IfExists::Fail => Err(existing::refused(first)),
        IfExists::Skip => existing::skipped(publish, &found, warnings).await,
        IfExists::Verify => publish.options.within(existing::verified(publish, obs, source, &found, warnings)).await,
        IfExists::Replace => replace::run(publish, obs, source, found, warnings).await.map(Some),
    }
}

/// True if the service clearly refused a package because there is one.
///
/// What it answers to a second package of a version is not known, nor whether it refuses that at all. 409 is what the status
/// means, and how the emulator reads it; so whoever gets it looks what there is.
pub(super) fn is_duplicate(error: &Error) -> bool {
    error.status() == Some(409) && !error.is_outcome_unknown()
}

/// Registers the stored object and compares what the service shows with what was sent.
pub(super) async fn create(
    publish: &Publish,
    obs: &Obs,
    stored: &Stored,
    replaced: &[Package],
    mut warnings: Vec<Warning>,
) -> Result<Published, Error> {
    let request = publish.signed_request(stored.key.clone(), &stored.checksum);
    // The request was made with a location a moment ago.
    let location = request.file_location.obs_location.clone().unwrap_or_default();
    let mut create = CreatePackage::new(publish.client.clone(), request);
    if publish.any_suffix {
        create = create.allow(OptionalRule::Suffix);
    }
    let create = create
        .with_reporter(publish.progress.clone())
        .with_options(&publish.options)
        .besides(replaced.iter().map(|old| old.package_id.clone()));
    // Somebody else may have published the same at the same moment; only the oldest package stays then.
    let created = create.send_settled(Settle::Always).await;
    let created = created.map_err(|error| not_created(error, &location))?;
    publish.listener.tell(Event::Created { package_id: created.package_id.clone() });
    warnings.extend(created.warnings().iter().cloned());
    // One that was found after an unclear answer may be somebody else's.
    let ours = !created.is_found();
    let created = created.into_inner();
    let id = created.package_id.clone();
    // Two services are asked, and neither look needs the other; what counts is that both come after the create.
    let (shown, stored_now) = join(
        read_back::package(publish, created, &location, &mut warnings),
        read_back::object(obs, &stored.object, &location, &id),
    )
    .await;
    let package = match shown.and_then(|package| Ok((package, stored_now?))) {
        Ok((package, warning)) => {
            warnings.extend(warning);
            package
        }
        Err(wrong) => return Err(read_back::withdraw(publish, wrong, ours).await),
    };
    let object = object(&location, Some(stored.object.size));
    Ok(Published { package, object: Some(object), outcome: Outcome::Created, replaced: Vec::new(), warnings })
}

/// The same, so that whoever waits for the lock sees the progress.
fn alive(publish: &Publish, lock: Option<&Lock>) -> Publish {
    let mut publish = publish.clone();
    if let Some(pulse) = lock.map(Lock::pulse) {
        publish.progress = publish.progress.and(move || pulse.beat());
    }
    publish
}

/// The credentials of both services have to be there before anything else is sent.
async fn credentials(publish: &Publish) -> Result<Obs, Error> {
    let (client, options) = (&publish.client, &publish.options);
    let obs = client.obs()?.with_options(options);
    let policy = options.retry.as_ref().unwrap_or(client.retry());
    retry::run(policy, options.end, async |course| {
        client.session().project_id(&course).await?;
        client.session().obs_credentials(&course).await
    })
    .await?;
    Ok(obs)
}

/// Waits for others on this machine that publish the same version, so that of two at once the second finds the package.
async fn lock(publish: &Publish) -> Result<Option<Lock>, Error> {
    let Some(folder) = &publish.journal_dir else { return Ok(None) };
    let (client, request) = (&publish.client, &publish.request);
    let project = client.session().project_id(&Course::first()).await?;
    let mut digest = Sha256::new();
    for text in [
        client.state_name(),
        project.as_str(),
        client.instance_id().map(|id| id.as_str()).unwrap_or_default(),
        request.app_id.as_str(),
        request.product_id.as_str(),
        request.package_type.as_str(),
        request.module_name.as_deref().unwrap_or_default(),
        request.version.as_str(),
    ] {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    }
    let name = Checksum::from_digest(digest.finalize().into());
    match Lock::acquire(folder.join(format!("publish-{name}.lock")), &publish.listener.waiting()).await {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::Busy(process)) => {
            let who = process.map_or_else(|| "somebody else".to_owned(), |process| format!("process {process}"));
            let version = &request.version;
            let message = format!("version {version} is being published by {who} on this machine, without progress");
            Err(Error::new(ErrorKind::Unavailable, message)
                .with_hint("wait until that is done and publish again: the same file is then found to be published"))
        }
        // Should there be an upload, it warns of the folder.
        Err(LockError::Io(error)) => {
            tracing::info!(%error, folder = %folder.display(), "no lock can be had");
            Ok(None)
        }
    }
}

/// Says what is done already when a create was refused, or nobody knows.
fn not_created(error: Error, location: &ObsLocation) -> Error {
    let place = format!("{:?} in bucket {:?}", location.object_key, location.bucket_name);
    let done = if error.is_outcome_unknown() {
        format!(
            "or wait a little and publish again: that finds the package if it was created; the file is stored as {place}"
        )
    } else {
        format!("the file is stored as {place} and will be used when the same file is published again")
    };
    error.also(&done)
}

/// What is told of an object that was stored for a package which is not needed.
fn stays(publish: &Publish, stored: &Stored) -> String {
    let (key, bucket) = (&stored.key, &publish.bucket);
    format!("the file is stored as {key:?} in bucket {bucket:?}; delete that if no package needs it")
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
