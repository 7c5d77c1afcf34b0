//! What is done about a package that exists already.

use super::run::object;
use super::{Outcome, Publish, Published};
use crate::error::{Error, ErrorKind};
use crate::model::Package;
use crate::obs::{Obs, Source};
use crate::packages::alike;
use crate::response::Response;
use crate::validate::Warning;

/// The packages with the same app, product, type, module and version, oldest first: of several that are the same the oldest
/// is the one that stays (see `once`).
pub(super) async fn find(publish: &Publish) -> Result<Vec<Package>, Error> {
    let mut found = alike::same_identity(&publish.client, &publish.request, &publish.options).await?;
    let id = |package: &Package| package.package_id.as_str().to_owned();
    found.sort_by(|one, other| alike::age(one, other).then_with(|| id(one).cmp(&id(other))));
    Ok(found)
}

/// A package as it is now, or `None` if somebody has deleted it since it was found.
pub(super) async fn show(publish: &Publish, package: &Package) -> Result<Option<Package>, Error> {
    Ok(alike::show(&publish.client, package, &publish.options).await?.map(Response::into_inner))
}

/// The error of [`IfExists::Fail`](super::IfExists::Fail).
pub(super) fn refused(package: &Package) -> Error {
    let message = format!("version {} exists already, as package {}", package.version, package.package_id);
    Error::new(ErrorKind::AlreadyExists, message).with_hint(
        "no package was created; publish another version, or ask for skip, verify or replace instead of fail",
    )
}

/// The result of [`IfExists::Skip`](super::IfExists::Skip); `None` if all of them are gone.
pub(super) async fn skipped(
    publish: &Publish,
    found: &[Package],
    warnings: Vec<Warning>,
) -> Result<Option<Published>, Error> {
    for candidate in found {
        if let Some(package) = show(publish, candidate).await? {
            let object = package.obs_location().map(|location| object(location, None));
            let (outcome, replaced) = (Outcome::Skipped, Vec::new());
            return Ok(Some(Published { object, package, outcome, replaced, warnings }));
        }
    }
    Ok(None)
}

/// The result of [`IfExists::Verify`](super::IfExists::Verify): one of the packages has to be made from the file. `None` if
/// all of them are gone.
pub(super) async fn verified(
    publish: &Publish,
    obs: &Obs,
    source: &Source,
    found: &[Package],
    mut warnings: Vec<Warning>,
) -> Result<Option<Published>, Error> {
    let mut differences = Vec::new();
    for candidate in found {
        let Some(package) = show(publish, candidate).await? else { continue };
        match difference(publish, obs, source, &package).await? {
            None => {
                warnings.extend(not_changed(&package, publish));
                let location = package.obs_location();
                let object = location.map(|location| object(location, Some(source.size())));
                let (outcome, replaced) = (Outcome::Verified, Vec::new());
                return Ok(Some(Published { object, package, outcome, replaced, warnings }));
            }
            Some(difference) => differences.push(difference),
        }
    }
    if differences.is_empty() {
        return Ok(None);
    }
    let message = format!("version {} exists already and differs: {}", publish.request.version, differences.join("; "));
    Err(Error::new(ErrorKind::Mismatch, message)
        .with_hint("no package was changed; publish the file under a new version, or ask for replace"))
}

/// One warning for each field that the existing package has otherwise: publishing does not change packages.
fn not_changed(package: &Package, publish: &Publish) -> Vec<Warning> {
    let key = package.obs_location().map(|location| &location.object_key);
    // A key that nobody chose is no reason to warn.
    let elsewhere = publish.object_key.as_ref().is_some_and(|wanted| key != Some(wanted));
    let elsewhere = elsewhere.then_some("file_location.obs_location.object_key");
    let message = "the existing package has another value, which stays; a package cannot be changed";
    let fields = other_fields(package, publish).into_iter().chain(elsewhere);
    fields.map(|field| Warning::new(field, message)).collect()
}

/// The descriptive fields that the package has otherwise than is wanted.
pub(super) fn other_fields(package: &Package, publish: &Publish) -> Vec<&'static str> {
    let wanted = &publish.request;
    [
        ("support_source_versions", package.support_source_versions != wanted.support_source_versions),
        ("description", differs(package.description.as_deref(), wanted.description.as_deref())),
        ("custom_info", differs(package.custom_info.as_deref(), wanted.custom_info.as_deref())),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(field, _)| field)
    .collect()
}

/// An empty text and none are the same to the service's users.
fn differs(found: Option<&str>, wanted: Option<&str>) -> bool {
    found.unwrap_or_default() != wanted.unwrap_or_default()
}

/// How a package differs from the file, if it does.
pub(super) async fn difference(
    publish: &Publish,
    obs: &Obs,
    source: &Source,
    package: &Package,
) -> Result<Option<String>, Error> {
    let (id, checksum, size) = (&package.package_id, &source.checksum(publish.progress.clone()).await?, source.size());
    let Some(location) = package.readable_location()? else {
        return Ok(Some(format!("package {id} names no object")));
    };
    if let Some(sign) = location.sign.as_ref().filter(|sign| !sign.matches(checksum)) {
        return Ok(Some(format!("package {id} is registered with sign {sign}, the file has {checksum}")));
    }
    if let Some((theirs, ours)) = publish.client.out_of_reach(location) {
        return Ok(Some(format!(
            "package {id} has its object in region {theirs}, where OBS is not looked at, not in {ours}"
        )));
    }
    let (bucket, key) = (location.bucket_name.as_str(), location.object_key.as_str());
    let stored = match obs.head(bucket, key).await {
        Ok(stored) => stored,
        Err(error) if error.is_not_found() => {
            return Ok(Some(format!("object {key:?} of package {id} is missing in bucket {bucket:?}")));
        }
        Err(error) => return Err(error),
    };
    if stored.size != size {
        return Ok(Some(format!("object {key:?} of package {id} has {} bytes, the file {size}", stored.size)));
    }
    // Without a registered sign only the content itself can tell.
    let read = publish.verify_object || location.sign.is_none();
    if read && !obs.checksum_with(bucket, key, Some(stored.size), publish.progress.clone()).await?.matches(checksum) {
        return Ok(Some(format!("object {key:?} of package {id} has other content than the file")));
    }
    Ok(None)
}
