//! Packages that are the same as one that is to be created: the same identity, and the same file.

use std::cmp::Ordering;
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
        let package = match leaves_out(&package, request) {
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
///
/// An error if none is, and one of them does not tell where its file is: it may be the same or not.
pub(super) async fn same(
    client: &Client,
    request: &CreateRequest,
    known: impl Fn(&PackageId) -> bool,
    options: &CallOptions,
) -> Result<Vec<Response<Package>>, Error> {
    let (mut same, mut untold) = (Vec::new(), None);
    for package in same_identity(client, request, options).await? {
        if known(&package.package_id) {
            continue;
        }
        let Some(shown) = show(client, &package, options).await? else { continue };
        if !may_be(&shown, request) {
            continue;
        }
        match is_same_file(shown.obs_location(), request.file_location.obs_location.as_ref()) {
            Some(true) => same.push(shown),
            Some(false) => {}
            None => untold = Some(shown.into_inner().package_id),
        }
    }
    match untold {
        Some(id) if same.is_empty() => {
            let message =
                format!("package {id} is of the same version, and the service does not tell where its file is");
            Err(Error::new(ErrorKind::Unintelligible, message).with_operation("show_ota_package"))
        }
        _ => Ok(same),
    }
}

/// A package as it is now, or `None` if it was deleted meanwhile.
pub(crate) async fn show(
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

/// Which package is older, as far as is shown; both can be equally old.
pub(crate) fn age(one: &Package, other: &Package) -> Ordering {
    let time = |package: &Package| package.create_time.as_ref().map(|time| time.as_str().to_owned());
    // The form of the time makes the order of the texts that of the moments. They are whole seconds.
    time(one).cmp(&time(other))
}

/// False if a field says that it is another package. The service filters, but not by module, and much hangs on this,
/// so every field is looked at; one that an answer leaves out says nothing.
fn may_be(package: &Package, request: &CreateRequest) -> bool {
    identity(package, request).into_iter().all(|(found, wanted)| found.is_empty() || found == wanted)
}

/// Whether a field is left out that the request has. A list may leave out what show tells.
fn leaves_out(package: &Package, request: &CreateRequest) -> bool {
    identity(package, request).into_iter().any(|(found, wanted)| found.is_empty() && !wanted.is_empty())
}

/// The fields that tell packages apart, as found and as wanted.
fn identity<'a>(package: &'a Package, request: &'a CreateRequest) -> [(&'a str, &'a str); 5] {
    let module = |name: &'a Option<String>| name.as_deref().unwrap_or_default();
    [
        (package.app_id.as_str(), request.app_id.as_str()),
        (package.product_id.as_str(), request.product_id.as_str()),
        (package.package_type.as_str(), request.package_type.as_str()),
        (module(&package.module_name), module(&request.module_name)),
        (package.version.as_str(), request.version.as_str()),
    ]
}

/// Whether both are the same file; `None` if that cannot be told. A region or checksum that one side leaves out says
/// nothing, but without bucket and key nobody knows which file it is.
fn is_same_file(found: Option<&ObsLocation>, wanted: Option<&ObsLocation>) -> Option<bool> {
    let (found, wanted) = found.zip(wanted)?;
    let elsewhere = !found.region_name.is_empty() && found.region_name != wanted.region_name;
    let signs = found.sign.as_ref().zip(wanted.sign.as_ref());
    if elsewhere || signs.is_some_and(|(found, wanted)| !found.matches(wanted)) {
        return Some(false);
    }
    found.is_object_of(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_leaves_out_is_no_difference_but_without_bucket_and_key_nothing_is_the_same() {
        let plain = ObsLocation::new("cn-north-4", "abc", "x.bin");
        let signed = plain.clone().sign("ab".repeat(32));
        let capitals = plain.clone().sign("AB".repeat(32));
        let nowhere = ObsLocation::new("", "abc", "x.bin");
        for (found, wanted) in
            [(&plain, &plain), (&plain, &signed), (&signed, &plain), (&capitals, &signed), (&nowhere, &signed)]
        {
            assert_eq!(is_same_file(Some(found), Some(wanted)), Some(true), "{found:?} {wanted:?}");
        }
        for other in [
            ObsLocation::new("cn-north-1", "abc", "x.bin"),
            ObsLocation::new("cn-north-4", "abd", "x.bin"),
            ObsLocation::new("cn-north-4", "abc", "y.bin"),
            ObsLocation::new("cn-north-4", "", "y.bin"),
            ObsLocation::new("cn-north-1", "", ""),
            plain.sign("cd".repeat(32)),
        ] {
            assert_eq!(is_same_file(Some(&other), Some(&signed)), Some(false), "{other:?}");
        }
        for untold in [ObsLocation::new("", "abc", ""), ObsLocation::new("", "", "x.bin"), ObsLocation::default()] {
            assert_eq!(is_same_file(Some(&untold), Some(&signed)), None, "{untold:?}");
        }
        assert_eq!(is_same_file(None, Some(&signed)), None);
    }
}
