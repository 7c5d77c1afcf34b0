//! What is done about a package that exists already.

use std::pin::pin;

use futures_util::TryStreamExt;

use super::run::object;
use super::{Outcome, Publish, Published};
use crate::error::{Error, ErrorKind};
use crate::model::Package;
use crate::obs::{LocalFile, Obs};
use crate::validate::Warning;

/// The packages with the same app, product, type, module and version, newest first.
pub(super) async fn find(publish: &Publish) -> Result<Vec<Package>, Error> {
    let request = &publish.request;
    let list = publish.client.packages().list(request.package_type.clone());
    let list = list.app_id(&request.app_id).product_id(&request.product_id).version(&request.version);
    let mut packages = pin!(list.stream());
    let mut found = Vec::new();
    while let Some(package) = packages.try_next().await? {
        // The service filters; that the answer keeps to the filter is looked at once more, because much hangs on it.
        let same = package.app_id == request.app_id
            && package.product_id == request.product_id
            && package.version == request.version
            && package.module_name == request.module_name;
        if same {
            found.push(package);
        }
    }
    Ok(found)
}

/// The error of [`IfExists::Fail`](super::IfExists::Fail).
pub(super) fn refused(package: &Package) -> Error {
    let message = format!("version {} exists already, as package {}", package.version, package.package_id);
    Error::new(ErrorKind::AlreadyExists, message)
        .with_hint("nothing was sent; publish another version, or ask for skip or verify instead of fail")
}

/// The result of [`IfExists::Skip`](super::IfExists::Skip).
pub(super) async fn skipped(publish: &Publish, package: &Package, warnings: Vec<Warning>) -> Result<Published, Error> {
    let package = publish.client.packages().show(&package.package_id).send().await?.into_inner();
    let object = package.obs_location().map(|location| object(location, None));
    Ok(Published { object, package, outcome: Outcome::Skipped, warnings })
}

/// The result of [`IfExists::Verify`](super::IfExists::Verify): one of the packages has to be made from the file.
pub(super) async fn verified(
    publish: &Publish,
    obs: &Obs,
    file: &LocalFile,
    found: &[Package],
    mut warnings: Vec<Warning>,
) -> Result<Published, Error> {
    let mut differences = Vec::new();
    for candidate in found {
        let package = publish.client.packages().show(&candidate.package_id).send().await?.into_inner();
        match difference(obs, file, &package).await? {
            None => {
                let location = package.obs_location();
                if location.is_some_and(|location| location.object_key != publish.key()) {
                    let message = "the existing package has its file under another object key";
                    warnings.push(Warning::new("file_location.obs_location.object_key", message));
                }
                let object = location.map(|location| object(location, Some(file.size())));
                return Ok(Published { object, package, outcome: Outcome::Verified, warnings });
            }
            Some(difference) => differences.push(difference),
        }
    }
    let message = format!("version {} exists already and differs: {}", publish.request.version, differences.join("; "));
    Err(Error::new(ErrorKind::Mismatch, message)
        .with_hint("nothing was changed; publish the file under a new version, or delete the package first"))
}

/// How a package differs from the file, if it does.
async fn difference(obs: &Obs, file: &LocalFile, package: &Package) -> Result<Option<String>, Error> {
    let id = &package.package_id;
    let Some(location) = package.obs_location() else {
        return Ok(Some(format!("package {id} names no object")));
    };
    if let Some(sign) = location.sign.as_ref().filter(|sign| !sign.matches(file.checksum())) {
        return Ok(Some(format!("package {id} is registered with sign {sign}, the file has {}", file.checksum())));
    }
    let (bucket, key) = (location.bucket_name.as_str(), location.object_key.as_str());
    let stored = match obs.head(bucket, key).await {
        Ok(stored) => stored,
        Err(error) if error.is_not_found() => {
            return Ok(Some(format!("object {key} of package {id} is missing in bucket {bucket}")));
        }
        Err(error) => return Err(error),
    };
    if stored.size != file.size() {
        return Ok(Some(format!("object {key} of package {id} has {} bytes, the file {}", stored.size, file.size())));
    }
    // Without a registered sign only the content itself can tell.
    if location.sign.is_none() && !obs.checksum(bucket, key).await?.matches(file.checksum()) {
        return Ok(Some(format!("object {key} of package {id} has other content than the file")));
    }
    Ok(None)
}
