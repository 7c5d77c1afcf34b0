//! Packages that are the same as one that is to be created: the same identity, and the same file.

use std::pin::pin;

use futures_util::TryStreamExt;

use super::CreateRequest;
use crate::call::CallOptions;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::model::{ObsLocation, Package, PackageId};
use crate::response::Response;

/// How many packages of one app, product, type and version are looked at; a resource space holds 200 of all versions.
const MOST: u64 = 1000;

/// The packages with the same app, product, type, module and version, newest first.
///
/// A service that lists more than [`MOST`] does not heed what it is asked for, and may go on for ever.
pub(crate) async fn same_identity(
    client: &Client,
    request: &CreateRequest,
    options: &CallOptions,
) -> Result<Vec<Package>, Error> {
    let list = client.packages().list(request.package_type.clone());
    let list = list.app_id(&request.app_id).product_id(&request.product_id).version(&request.version);
    let mut packages = pin!(list.with_options(options).unchecked().at_most(MOST + 1).stream());
    let (mut found, mut listed) = (Vec::new(), 0);
    while let Some(package) = packages.try_next().await? {
        listed += 1;
        if listed > MOST {
            let message = format!("the service lists more than {MOST} packages of one app, product, type and version");
            return Err(Error::new(ErrorKind::Unintelligible, message).with_operation("list_ota_packages"));
        }
        if !may_be(&package, request) {
            continue;
        }
        // A list may leave out what show tells.
        let incomplete = package.module_name.is_none() && request.module_name.is_some();
        let package = match incomplete {
            true => match show(client, &package, options).await? {
                Some(shown) => shown.into_inner(),
                None => continue,
            },
            false => package,
        };
        if may_be(&package, request) {
            found.push(package);
        }
    }
    Ok(found)
}

/// Those of them that have the same location and checksum, as each is shown; without those that are `known` already.
pub(super) async fn same(
    client: &Client,
    request: &CreateRequest,
    known: impl Fn(&PackageId) -> bool,
    options: &CallOptions,
) -> Result<Vec<Response<Package>>, Error> {
    let mut same = Vec::new();
    for package in same_identity(client, request, options).await? {
        if known(&package.package_id) {
            continue;
        }
        if let Some(shown) = show(client, &package, options).await?
            && same_file(shown.obs_location(), request.file_location.obs_location.as_ref())
        {
            same.push(shown);
        }
    }
    Ok(same)
}

/// A package as it is now, or `None` if it was deleted meanwhile.
pub(super) async fn show(
    client: &Client,
    package: &Package,
    options: &CallOptions,
) -> Result<Option<Response<Package>>, Error> {
    match client.packages().show(&package.package_id).with_options(options).send_unchecked().await {
        Ok(shown) => Ok(Some(shown)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// False if a field says that it is another package. The service filters, but not by module, and much hangs on this,
/// so every field is looked at; one that an answer leaves out says nothing.
fn may_be(package: &Package, request: &CreateRequest) -> bool {
    let same = |found: &str, wanted: &str| found.is_empty() || found == wanted;
    same(package.app_id.as_str(), request.app_id.as_str())
        && same(package.product_id.as_str(), request.product_id.as_str())
        && same(package.version.as_str(), request.version.as_str())
        && same(package.module_name.as_deref().unwrap_or_default(), request.module_name.as_deref().unwrap_or_default())
}

/// False if the two say that they are different files. What one side leaves out says nothing.
fn same_file(found: Option<&ObsLocation>, wanted: Option<&ObsLocation>) -> bool {
    let (Some(found), Some(wanted)) = (found, wanted) else { return true };
    let same = |found: &str, wanted: &str| found.is_empty() || found == wanted;
    same(&found.region_name, &wanted.region_name)
        && same(&found.bucket_name, &wanted.bucket_name)
        && same(&found.object_key, &wanted.object_key)
        && found.sign.as_ref().zip(wanted.sign.as_ref()).is_none_or(|(found, wanted)| found.matches(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_leaves_out_is_no_difference() {
        let plain = ObsLocation::new("cn-north-4", "abc", "x.bin");
        let signed = plain.clone().sign("ab".repeat(32));
        let capitals = plain.clone().sign("AB".repeat(32));
        let nothing = ObsLocation::default();
        for (found, wanted) in
            [(&plain, &plain), (&plain, &signed), (&signed, &plain), (&capitals, &signed), (&nothing, &signed)]
        {
            assert!(same_file(Some(found), Some(wanted)), "{found:?} {wanted:?}");
        }
        assert!(same_file(None, Some(&signed)));
        for other in [
            ObsLocation::new("cn-north-1", "abc", "x.bin"),
            ObsLocation::new("cn-north-4", "abd", "x.bin"),
            ObsLocation::new("cn-north-4", "abc", "y.bin"),
            plain.sign("cd".repeat(32)),
        ] {
            assert!(!same_file(Some(&other), Some(&signed)), "{other:?}");
        }
    }
}
