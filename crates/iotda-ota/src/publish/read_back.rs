//! Reading back what was just created.
//!
//! The package exists by now. What cannot be read back or is left out of an answer is a warning; only what is there
//! and is not what was sent is an error. Then the package is deleted again, because no device should be upgraded with it.

use super::{Event, Publish};
use crate::error::{Error, ErrorKind};
use crate::model::{ObsLocation, Package, PackageId};
use crate::obs::{ObjectInfo, Obs};
use crate::validate::Warning;

/// A package that is not what was to be published.
pub(super) struct Wrong {
    package_id: PackageId,
    message: String,
    hint: &'static str,
}

/// Shows the package and compares its location with the one that was sent.
pub(super) async fn package(
    publish: &Publish,
    created: Package,
    sent: &ObsLocation,
    warnings: &mut Vec<Warning>,
) -> Result<Package, Wrong> {
    let show = publish.client.packages().show(&created.package_id).with_options(&publish.options);
    let shown = match show.send().await {
        Ok(shown) => shown.into_inner(),
        Err(error) => {
            let message = format!("{} was created but could not be read back: {error}", created.package_id);
            warnings.push(Warning::new("package_id", message));
            return Ok(created);
        }
    };
    let found = shown.obs_location().cloned().unwrap_or_default();
    let sign = |location: &ObsLocation| location.sign.as_ref().map(|sign| sign.as_str().to_ascii_lowercase());
    for (name, found, sent) in [
        ("region_name", found.region_name.clone(), sent.region_name.clone()),
        ("bucket_name", found.bucket_name.clone(), sent.bucket_name.clone()),
        ("object_key", found.object_key.clone(), sent.object_key.clone()),
        ("sign", sign(&found).unwrap_or_default(), sign(sent).unwrap_or_default()),
    ] {
        if found.is_empty() {
            let field = format!("file_location.obs_location.{name}");
            warnings.push(Warning::new(&field, "the service does not show it, so it could not be compared"));
        } else if found != sent {
            let id = &shown.package_id;
            let message = format!("package {id} was created with {name} {sent:?}, but the service shows {found:?}");
            let hint = "see who stands between, then publish again";
            return Err(Wrong { package_id: shown.package_id, message, hint });
        }
    }
    Ok(shown)
}

/// Looks once more whether the object is still the one that was uploaded or compared; a warning if that cannot be told.
pub(super) async fn object(
    obs: &Obs,
    stored: &ObjectInfo,
    location: &ObsLocation,
    package_id: &PackageId,
) -> Result<Option<Warning>, Wrong> {
    let (bucket, key) = (location.bucket_name.as_str(), location.object_key.as_str());
    match obs.head(bucket, key).await {
        Ok(now) if now.may_be(stored) => return Ok(None),
        Err(error) if !error.is_not_found() => {
            let message = format!("the object could not be looked at after the package was created: {error}");
            return Ok(Some(Warning::new("file_location.obs_location.object_key", message)));
        }
        Ok(_) | Err(_) => {}
    }
    let message = format!(
        "package {package_id} was created, but object {key:?} in bucket {bucket:?} was replaced or deleted meanwhile"
    );
    let hint = "see that nobody else uploads to this key, then publish again";
    Err(Wrong { package_id: package_id.clone(), message, hint })
}

/// Deletes a package that is not what was to be published, if it is `ours`, and makes an error of that.
pub(super) async fn withdraw(publish: &Publish, wrong: Wrong, ours: bool) -> Error {
    let Wrong { package_id: id, message, hint } = wrong;
    let mismatch = |message, hint: String| Error::new(ErrorKind::Mismatch, message).with_hint(hint);
    if !ours {
        let why = "it may be of somebody else, so it was not deleted";
        return mismatch(message, format!("{why}; delete package {id} before devices are upgraded with it; {hint}"));
    }
    publish.listener.tell(Event::Withdrawing { package_id: id.clone() });
    // A deadline that has passed must not leave it there.
    let delete = publish.client.packages().delete(&id).with_options(&publish.options.without_end());
    match delete.send_unchecked().await {
        Err(error) if !error.is_not_found() => {
            let hint = format!("delete package {id} before devices are upgraded with it, which failed here; {hint}");
            mismatch(message, hint).with_source(error)
        }
        _ => mismatch(format!("{message}; the package is deleted again"), hint.to_owned()),
    }
}
