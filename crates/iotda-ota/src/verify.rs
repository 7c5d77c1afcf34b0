//! Comparing a registered checksum, the stored object and a local file.
//!
//! [`Verify`] is the builder, [`Verification`] the result: one [`Check`] for each thing that has a checksum, and it names
//! the one that differs.

use std::path::PathBuf;

use serde::Serialize;

use crate::call::{CallOptions, call_options};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::model::{Checksum, ObsLocation, PackageId};
use crate::obs::Source;
use crate::progress::{Progress, Reporter};
use crate::publish::file;
use crate::validate::{Violations, rules};

/// Compares what is registered, what is stored and, if one is given, a local file.
///
/// ```no_run
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// let found = client.verify("28f61af50fc9452aa0ed5ea25c3cc3d3").file("upgrade.bin").send().await?;
/// for check in found.checks.iter().filter(|check| !check.ok) {
///     println!("{} is {:?}, not {:?}", check.name, check.found, check.expected);
/// }
/// # Ok(()) }
/// ```
///
/// The object is read to its end, because nothing else tells its SHA-256. Its content is not bound by the time of an
/// attempt but by the client's [`idle_timeout`](crate::ClientBuilder::idle_timeout), and by the deadline.
///
/// # Errors
///
/// A difference is no error but a [`Verification`] that is not `ok`. [`is_invalid`](Error::is_invalid) if the file is
/// none that could be published; [`is_not_found`](Error::is_not_found) if there is no such package;
/// [`ErrorKind::Io`] if the file cannot be read to its end; [`ErrorKind::Unintelligible`] if where the object is cannot be read.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before send"]
pub struct Verify {
    client: Client,
    package_id: PackageId,
    file: Option<PathBuf>,
    progress: Reporter,
    options: CallOptions,
}

/// What a comparison came to.
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// let found = client.verify("28f61af50fc9452aa0ed5ea25c3cc3d3").send().await?;
/// if !found.ok {
///     let wrong: Vec<_> = found.checks.iter().filter(|check| !check.ok).map(|check| check.name).collect();
///     println!("package {}: look at {}", found.package_id, wrong.join(", "));
/// }
/// # Ok(()) }
/// ```
///
/// [`Check`] says what one thing has and what it should have; [`Verify`] makes the comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// The package.
    pub package_id: PackageId,
    /// True if every check is.
    pub ok: bool,
    /// One for each thing that was compared.
    pub checks: Vec<Check>,
}

/// One thing that was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// `sign` (what is registered), `object` (what is stored) or `file` (what is here).
    pub name: &'static str,
    /// The SHA-256 that it should have; `None` if nothing says so.
    pub expected: Option<Checksum>,
    /// The one that it has; `None` if there is none.
    pub found: Option<Checksum>,
    /// True if nothing is wrong with it.
    pub ok: bool,
}

impl Verify {
    pub(crate) fn new(client: Client, package_id: PackageId) -> Self {
        Self { client, package_id, file: None, progress: Reporter::default(), options: CallOptions::default() }
    }

    /// Compares this local file, too.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    call_options!();

    /// Hears how far reading is. Called often, so it should be quick.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Reporter::new(listener);
        self
    }

    /// Checks what is given, without sending anything; the file is only opened.
    ///
    /// # Errors
    ///
    /// Every violation, those of the file under the field `file`.
    pub fn validate(&self) -> Result<(), Violations> {
        self.open().map(drop)
    }

    /// The file, if there is one to compare and everything that was given can be used.
    fn open(&self) -> Result<Option<Source>, Violations> {
        let mut violations = Violations::default();
        rules::package_id(self.package_id.as_str(), &mut violations);
        let source = self.file.as_ref().and_then(|path| file::open(path, false, &mut violations));
        violations.into_result()?;
        Ok(source)
    }

    /// Reads and compares.
    ///
    /// # Errors
    ///
    /// See [`Verify`].
    pub async fn send(&self) -> Result<Verification, Error> {
        let source = self.open()?;
        let options = self.options.begun();
        options.within(self.run(source, &options)).await
    }

    async fn run(&self, source: Option<Source>, options: &CallOptions) -> Result<Verification, Error> {
        let show = self.client.packages().show(&self.package_id).with_options(options);
        let package = show.send().await?.into_inner();
        let file = match source {
            Some(source) => Some(source.checksum(self.progress.clone()).await?),
            None => None,
        };
        let object = match package.readable_location()? {
            Some(location) => self.stored(location, options).await?,
            None => None,
        };
        let checks = compare(package.sign().cloned(), object, file.map(Some));
        Ok(Verification { package_id: package.package_id, ok: checks.iter().all(|check| check.ok), checks })
    }

    /// The checksum of the stored object, if there is one.
    async fn stored(&self, location: &ObsLocation, options: &CallOptions) -> Result<Option<Checksum>, Error> {
        if let Some((theirs, ours)) = self.client.out_of_reach(location) {
            let message = format!("the object is in region {theirs}, and OBS in {ours} cannot read it");
            return Err(Error::new(ErrorKind::Configuration, message)
                .with_hint(format!("give the region {theirs} and its OBS address")));
        }
        let (obs, bucket, key) =
            (self.client.obs()?.with_options(options), &location.bucket_name, &location.object_key);
        let found = match obs.head(bucket, key).await {
            Ok(object) => obs.checksum_with(bucket, key, Some(object.size), self.progress.clone()).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(checksum) => Ok(Some(checksum)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Names the one that differs: what two of three say is right, and with two things the registered one is.
fn compare(sign: Option<Checksum>, object: Option<Checksum>, file: Option<Option<Checksum>>) -> Vec<Check> {
    let things: Vec<(&'static str, Option<Checksum>)> = [("sign", sign), ("object", object)]
        .into_iter()
        .chain(file.map(|file| ("file", file)))
        // A sign is optional at the service, so one that is not registered is nothing to compare.
        .filter(|(name, found)| *name != "sign" || found.is_some())
        .collect();
    let has = |wanted: &Checksum| {
        things.iter().filter(|(_, found)| found.as_ref().is_some_and(|found| found.matches(wanted))).count()
    };
    let present = || things.iter().filter_map(|(_, found)| found.as_ref());
    let expected = present().find(|found| has(found) > 1).or_else(|| present().next()).cloned();
    things
        .into_iter()
        .map(|(name, found)| {
            let ok = match (&found, &expected) {
                (Some(found), Some(expected)) => found.matches(expected),
                _ => false,
            };
            Check { name, expected: expected.clone(), found, ok }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checksum(letter: char) -> Option<Checksum> {
        (letter != '-').then(|| Checksum::from(letter.to_string().repeat(64)))
    }

    /// The names of those that differ, for what is registered, stored and here; a blank means that no file is given.
    fn wrong(things: &str) -> Vec<&'static str> {
        let mut letters = things.chars().map(checksum);
        let (sign, object) = (letters.next().unwrap(), letters.next().unwrap());
        let checks = compare(sign, object, letters.next());
        checks.iter().filter(|check| !check.ok).map(|check| check.name).collect()
    }

    #[test]
    fn the_one_that_differs_is_named() {
        for (things, expected) in [
            ("aaa", &[][..]),
            ("aAa", &[]),
            ("baa", &["sign"]),
            ("aba", &["object"]),
            ("aab", &["file"]),
            ("abc", &["object", "file"]),
            ("a-a", &["object"]),
            ("a-b", &["object", "file"]),
            ("-aa", &[]),
            ("-ab", &["file"]),
            ("-a", &[]),
            ("aa", &[]),
            ("ab", &["object"]),
            ("a-", &["object"]),
            ("--", &["object"]),
        ] {
            assert_eq!(wrong(things), expected, "{things}");
        }
    }
}
