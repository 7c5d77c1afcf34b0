//! Bringing back packages that were deleted for one that could not be created.

use super::{Event, Publish, existing};
use crate::error::{Error, ErrorKind};
use crate::model::{ObsLocation, Package, PackageId};
use crate::packages::{CreatePackage, CreateRequest};

/// What came of one package.
enum Restored {
    /// It is there again, under another id.
    As(PackageId),
    /// It was never deleted, or somebody else has made one of this version.
    There,
    /// It could not be created.
    No(Error),
}

/// An error if a package could not be created again, because it is not shown where its file is.
pub(super) fn require_restorable(package: &Package) -> Result<(), Error> {
    if package.obs_location().is_some_and(ObsLocation::is_named) {
        return Ok(());
    }
    let id = &package.package_id;
    let message = format!(
        "the service takes one package of a version, and package {id}, which is to be replaced, could not be created \
         again: where its file is cannot be read"
    );
    Err(Error::new(ErrorKind::Unintelligible, message)
        .with_operation("show_ota_package")
        .with_hint(format!("package {id} was not deleted, and no new one created; delete it, then publish again")))
}

/// Creates these packages again as they were shown, and says in the error what came of it.
pub(super) async fn restored(publish: &Publish, gone: &[Package], error: Error) -> Error {
    // A deadline that has passed must not leave nothing.
    let publish = &Publish { options: publish.options.without_end(), ..publish.clone() };
    let mut error = error;
    // The oldest first, as they were found, because only the first one may be accepted.
    for package in gone {
        let (id, request) = (&package.package_id, request(package));
        let restored = restore(publish, id, &request).await;
        if !matches!(restored, Restored::No(_)) {
            publish.listener.tell(Event::Restored { package_id: id.clone() });
        }
        error = match restored {
            Restored::As(new) => {
                error.also(&format!("package {id} was deleted to make room, and is created again as package {new}"))
            }
            Restored::There => {
                error.also(&format!("there still is a package of this version; {id} was to be replaced"))
            }
            Restored::No(failed) => lost(error, id, &request, &failed),
        };
    }
    error
}

async fn restore(publish: &Publish, id: &PackageId, request: &CreateRequest) -> Restored {
    // That it cannot be looked at is no reason not to try: where this is done, a second package is refused.
    if publish.client.packages().show(id).with_options(&publish.options).send_unchecked().await.is_ok() {
        return Restored::There;
    }
    // Unchecked, because the rules of whoever made it may have been wider.
    let create = CreatePackage::new(publish.client.clone(), request.clone()).with_options(&publish.options);
    match create.send_unchecked().await {
        Ok(created) => Restored::As(created.package_id.clone()),
        Err(failed) => match existing::find(publish).await {
            Ok(found) if !found.is_empty() => Restored::There,
            _ => Restored::No(failed),
        },
    }
}

/// The same error, of which came that a version has no package any more, with everything that it takes to create the old
/// one by hand.
fn lost(error: Error, id: &PackageId, request: &CreateRequest, failed: &Error) -> Error {
    let version = &request.version;
    let request = serde_json::to_string(request).unwrap_or_else(|error| error.to_string());
    let error = error.in_words(|before| {
        format!(
            "version {version} has no package now: package {id} was deleted to make room for the new one, and could not be \
             created again ({failed}), after this: {before}"
        )
    });
    error.also(&format!(
        "publish again, which creates the new package; or create the old one again, whose object is still there, of: {request}"
    ))
}

/// The request that creates a package like this one.
fn request(package: &Package) -> CreateRequest {
    let location = package.obs_location().cloned().unwrap_or_default();
    let mut request = CreateRequest::new(
        package.app_id.clone(),
        package.product_id.clone(),
        package.package_type.clone(),
        package.version.clone(),
        location,
    );
    request.module_name.clone_from(&package.module_name);
    request.support_source_versions.clone_from(&package.support_source_versions);
    request.description.clone_from(&package.description);
    request.custom_info.clone_from(&package.custom_info);
    request
}
