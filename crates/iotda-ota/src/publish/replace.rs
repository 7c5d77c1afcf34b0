//! Putting a package in the place of others of the same version.
//!
//! The new package is stored, created and read back before any old one is deleted, and no object of an old one is
//! touched. So at every moment there is a package that devices can be upgraded with, and running it again goes on from
//! wherever it stopped.

use super::run::object;
use super::{Outcome, Publish, Published, existing, run, store};
use crate::error::Error;
use crate::model::{Package, PackageId};
use crate::obs::{LocalFile, Obs};
use crate::validate::Warning;

/// Keeps the package that is what is wanted, or creates it, and deletes all others.
pub(super) async fn run(
    publish: &Publish,
    obs: &Obs,
    found: &[Package],
    mut warnings: Vec<Warning>,
) -> Result<Published, Error> {
    let file = publish.options.within(publish.read_file()).await?;
    let mut right = None;
    let mut old = Vec::new();
    for candidate in found {
        let package = existing::show(publish, candidate).await?;
        if right.is_none() && is_wanted(publish, obs, &file, &package).await? {
            right = Some(package);
        } else {
            old.push(package);
        }
    }
    let mut published = match right {
        Some(package) => {
            let object = package.obs_location().map(|location| object(location, Some(file.size())));
            Published { package, object, outcome: Outcome::Verified, replaced: Vec::new(), warnings }
        }
        None => {
            let stored = publish.options.within(store::store(publish, obs, &mut warnings)).await?;
            run::create(publish, obs, stored, &old, warnings).await?
        }
    };
    for package in old {
        delete(publish, &package.package_id, &published.package.package_id).await?;
        published.outcome = Outcome::Replaced;
        published.warnings.extend(left_behind(&package, &published.package));
        published.replaced.push(package.package_id);
    }
    Ok(published)
}

/// True if a package needs no replacement: content and fields are those that are wanted.
async fn is_wanted(publish: &Publish, obs: &Obs, file: &LocalFile, package: &Package) -> Result<bool, Error> {
    let key = package.obs_location().map(|location| location.object_key.as_str());
    // The key that was asked for, or the one beside it where that was taken; one that nobody chose does not matter.
    let at_its_place = publish
        .object_key
        .as_ref()
        .is_none_or(|wanted| key == Some(wanted) || key == Some(&store::beside(wanted, file.checksum())));
    Ok(at_its_place
        && existing::other_fields(package, publish).is_empty()
        && existing::difference(publish, obs, file, package).await?.is_none())
}

/// Deletes an old package; one that is gone already is fine.
async fn delete(publish: &Publish, old: &PackageId, new: &PackageId) -> Result<(), Error> {
    match publish.client.packages().delete(old).with_options(&publish.options).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => {
            let message = format!("package {new} is published, but package {old}, which it replaces, is not deleted");
            Err(Error::new(error.kind(), message)
                .with_source(error)
                .with_hint("both exist now; publish again, which goes on with deleting, or delete the old one")
                .with_operation("delete_ota_package"))
        }
    }
}

/// The object of a deleted package stays, because nobody asked for it to be deleted and others may use it.
fn left_behind(old: &Package, new: &Package) -> Option<Warning> {
    let location = old.obs_location()?;
    if new.obs_location().is_some_and(|new| new.same_object(location)) {
        return None;
    }
    let message = format!(
        "{:?} in bucket {:?}, the object of the replaced package {}, stays; delete it when nothing needs it",
        location.object_key, location.bucket_name, old.package_id
    );
    Some(Warning::new("file_location.obs_location.object_key", message))
}
