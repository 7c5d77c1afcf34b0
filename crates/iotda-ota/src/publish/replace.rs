//! Putting a package in the place of others of the same version.
//!
//! The new package is stored, created and read back before any old one is deleted, and no object of an old one is
//! touched. So at every moment there is a package that devices can be upgraded with, and running it again goes on from
//! wherever it stopped.
//!
//! That is not possible where the service refuses a second package of a version. Whether it does is not known; if it does,
//! the old ones go first, and come back (`restore`) when the new one cannot be created.

use super::restore::{require_restorable, restored};
use super::run::{is_duplicate, object};
use super::store::Stored;
use super::{Event, Outcome, Publish, Published, existing, run, store};
use crate::error::Error;
use crate::model::{Package, PackageId};
use crate::obs::{Obs, Source};
use crate::validate::Warning;

/// A publish that replaces, and what it has done so far.
struct Replacing<'a> {
    publish: &'a Publish,
    obs: &'a Obs,
    source: &'a Source,
    /// Where the file is stored, once it is.
    stored: Option<Stored>,
    warnings: Vec<Warning>,
    /// What was deleted to make room, or may have been.
    gone: Vec<Package>,
}

/// What a round came to.
enum Round {
    /// This is published, and these are still to be deleted.
    Done(Box<Published>, Vec<Package>),
    /// The new package was refused. There is room now, or somebody else's package.
    Refused(Error),
}

/// Keeps the package that is what is wanted, or creates it, and deletes all others.
pub(super) async fn run(
    publish: &Publish,
    obs: &Obs,
    source: &Source,
    found: Vec<Package>,
    warnings: Vec<Warning>,
) -> Result<Published, Error> {
    let mut replacing = Replacing { publish, obs, source, stored: None, warnings, gone: Vec::new() };
    match replacing.run(found).await {
        Ok(published) => Ok(published),
        Err(error) => Err(restored(publish, &replacing.gone, error).await),
    }
}

impl Replacing<'_> {
    async fn run(&mut self, mut found: Vec<Package>) -> Result<Published, Error> {
        let mut rounds = 0;
        let (mut published, old) = loop {
            rounds += 1;
            match self.round(found).await? {
                Round::Done(published, old) => break (*published, old),
                Round::Refused(error) if rounds == run::ROUNDS => return Err(error),
                Round::Refused(_) => found = existing::find(self.publish).await?,
            }
        };
        // From here on there is the new one, so that nothing has to come back.
        let mut replaced = std::mem::take(&mut self.gone);
        if published.outcome == Outcome::Verified {
            // Somebody else has created it.
            for package in &replaced {
                self.publish.listener.tell(Event::Restored { package_id: package.package_id.clone() });
            }
        }
        for package in old {
            self.delete(&package.package_id, &published.package.package_id).await?;
            replaced.push(package);
        }
        for package in replaced {
            published.outcome = Outcome::Replaced;
            published.warnings.extend(left_behind(&package, &published.package));
            published.replaced.push(package.package_id);
        }
        Ok(published)
    }

    /// Finds or creates the new package. If it is refused because of old ones, these are deleted.
    async fn round(&mut self, found: Vec<Package>) -> Result<Round, Error> {
        let (publish, obs, source) = (self.publish, self.obs, self.source);
        let mut right = None;
        let mut old = Vec::new();
        for candidate in found {
            let Some(package) = existing::show(publish, &candidate).await? else { continue };
            if right.is_none() && is_wanted(publish, obs, source, &package).await? {
                right = Some(package);
            } else {
                old.push(package);
            }
        }
        if let Some(package) = right {
            let object = package.obs_location().map(|location| object(location, Some(source.size())));
            let (replaced, warnings) = (Vec::new(), std::mem::take(&mut self.warnings));
            let published = Published { package, object, outcome: Outcome::Verified, replaced, warnings };
            return Ok(Round::Done(Box::new(published), old));
        }
        let stored = match self.stored.take() {
            Some(stored) => stored,
            None => publish.options.within(store::store(publish, obs, source, &mut self.warnings)).await?,
        };
        let created = run::create(publish, obs, &stored, &old, self.warnings.clone()).await;
        self.stored = Some(stored);
        match created {
            Ok(published) => Ok(Round::Done(Box::new(published), old)),
            Err(error) if is_duplicate(&error) => {
                old.iter().try_for_each(require_restorable)?;
                for package in old {
                    // It may be gone even when the answer to that is lost.
                    self.gone.push(package.clone());
                    publish.listener.tell(Event::MakingRoom { package_id: package.package_id.clone() });
                    self.make_room(&package.package_id).await?;
                }
                Ok(Round::Refused(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Deletes an old package that the new one has replaced.
    async fn delete(&self, old: &PackageId, new: &PackageId) -> Result<(), Error> {
        delete(self.publish, old).await.map_err(|error| {
            let what = format!("package {new} is published, but package {old}, which it replaces");
            let hint = "while both exist, publish again, which goes on with deleting, or delete the old one";
            not_deleted(error, &what, hint)
        })
    }

    /// Deletes an old package so that the new one can be created.
    async fn make_room(&self, old: &PackageId) -> Result<(), Error> {
        delete(self.publish, old).await.map_err(|error| {
            let what =
                format!("the service takes one package of a version, and package {old}, which is to be replaced");
            let hint = "the new package was not created; publish again, or delete the old one first";
            not_deleted(error, &what, hint)
        })
    }
}

/// Deletes a package; one that is gone already is fine.
async fn delete(publish: &Publish, package_id: &PackageId) -> Result<(), Error> {
    match publish.client.packages().delete(package_id).with_options(&publish.options).send().await {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// The same error, with what it means for the version.
fn not_deleted(error: Error, what: &str, hint: &str) -> Error {
    let ends = if error.may_be_done() { "may be deleted or not" } else { "is not deleted" };
    error.in_words(|why| format!("{what}, {ends}: {why}")).also(hint)
}

/// True if a package needs no replacement: content and fields are those that are wanted.
async fn is_wanted(publish: &Publish, obs: &Obs, source: &Source, package: &Package) -> Result<bool, Error> {
    let checksum = publish.options.within(source.checksum(publish.progress.clone())).await?;
    let key = package.obs_location().map(|location| location.object_key.as_str());
    // The key that was asked for, or the one beside it where that was taken; one that nobody chose does not matter.
    let at_its_place = publish
        .object_key
        .as_ref()
        .is_none_or(|wanted| key == Some(wanted) || key == Some(&store::beside(wanted, &checksum)));
    Ok(at_its_place
        && existing::other_fields(package, publish).is_empty()
        && existing::difference(publish, obs, source, package).await?.is_none())
}

/// The object of a deleted package stays, because nobody asked for it to be deleted and others may use it.
fn left_behind(old: &Package, new: &Package) -> Option<Warning> {
    let location = old.obs_location().filter(|location| location.is_named())?;
    if new.obs_location().is_some_and(|new| new.same_object(location)) {
        return None;
    }
    let message = format!(
        "{:?} in bucket {:?}, the object of the replaced package {}, stays; delete it when nothing needs it",
        location.object_key, location.bucket_name, old.package_id
    );
    Some(Warning::new("file_location.obs_location.object_key", message))
}
