//! Publishing a file: check everything, hash, upload, create the package, read it back.
//!
//! [`Publish`] is the builder; what it comes to, [`Published`] or a [`Plan`], is in `outcome`. The checks of the local file are in `file`, the steps in `run`,
//! how the file gets into OBS in `store`, what is done about a package that exists already in `existing`, `replace`
//! and `restore`, the comparison at the end in `read_back`, and what is told meanwhile in `event`.

use std::path::PathBuf;

use crate::call::{CallOptions, call_options};
use crate::client::Client;
use crate::error::Error;
use crate::model::{AppId, Checksum, ObsLocation, PackageType, PackageVersion, ProductId};
use crate::obs::{Source, address};
use crate::packages::{CreateRequest, described};
use crate::progress::{Progress, Reporter};
use crate::validate::{OptionalRule, Violations, Warning};

mod event;
mod existing;
pub(crate) mod file;
mod outcome;
mod read_back;
mod replace;
mod restore;
mod run;
mod store;

use event::Listener;

pub use event::Event;
pub use outcome::{Outcome, Plan, Published, PublishedObject};

/// What to do when a package with this app, product, type, module and version exists.
///
/// ```no_run
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// use iotda_ota::{IfExists, PackageType};
///
/// let publish = client.publish("upgrade.bin", "my-app", "my-product", PackageType::Firmware, "2.0");
/// match publish.bucket("firmware").if_exists(IfExists::Fail).send().await {
///     Err(error) if error.is_already_exists() => println!("version 2.0 is out already"),
///     published => println!("{}", published?.package.package_id),
/// }
/// # Ok(()) }
/// ```
///
/// The service has no way to ask for any of this, so [`Publish`] looks before it creates; [`Outcome`] tells what was
/// done. Of several packages that would do, the oldest is taken: that one stays when several machines publish the same. One
/// that somebody deletes meanwhile does not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IfExists {
    /// Report an error.
    Fail,
    /// Leave it as it is and report success.
    Skip,
    /// Report success if it was made from the same file, else an error.
    #[default]
    Verify,
    /// Put another one in its place, unless it was made from the same file with the same fields: the new package is
    /// created first, the old one deleted then. A service that refuses a second package of a version gets them the other
    /// way round, and the old one back, under another id, should the new one not be created. That takes a future that is not
    /// dropped in between, which [`Event::MakingRoom`] tells. Objects are never overwritten:
    /// where the key is taken, the new object's name ends in the beginning of its checksum.
    Replace,
}

/// Publishes a local file as an upgrade package.
///
/// ```no_run
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// use iotda_ota::PackageType;
///
/// let published = client
///     .publish("upgrade.bin", "my-app", "my-product", PackageType::Firmware, "2.0")
///     .bucket("firmware")
///     .description("repairs the clock")
///     .send()
///     .await?;
/// println!("{}: {:?}", published.package.package_id, published.outcome);
/// # Ok(()) }
/// ```
///
/// Nothing leaves before every rule was checked. The file is opened once, judged by what was opened, and hashed while it is
/// uploaded, in constant memory (see [`Upload`](crate::Upload)); one that changes meanwhile is refused. An object that
/// lies under the key already is read and compared, and not overwritten when it differs; should somebody else write to
/// the same key meanwhile, that is noticed, and the package that points there is deleted again. Unless [`object_key`](Self::object_key) says otherwise, the key is
/// `ota/{app_id}/{product_id}/{package_type}[/{module_name}]/{version}/{file name}`.
///
/// The same call with the same file succeeds again, as [`Outcome::Verified`]. With a
/// [`state_dir`](crate::ClientBuilder::state_dir) an upload that was broken off goes on where it was, and two calls on one
/// machine wait for each other as long as there is progress. The service has no way to ask for "create unless it exists",
/// so two machines at the same moment may both create a package; both look once more after that, the older one stays, and
/// both report it. Whether the service refuses a second package of a version is not known; if it does (409), what exists
/// then is treated as [`if_exists`](Self::if_exists) says. What remains is told at
/// [`CreatePackage`](crate::CreatePackage).
///
/// # Errors
///
/// [`is_invalid`](Error::is_invalid) with every violation, those of the file under the field `file`;
/// [`is_already_exists`](Error::is_already_exists) with [`IfExists::Fail`], or when the object's key is taken;
/// [`ErrorKind::Mismatch`](crate::ErrorKind::Mismatch) when the existing package was made from another file;
/// [`is_outcome_unknown`](Error::is_outcome_unknown) when the package may or may not have been created.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before send"]
pub struct Publish {
    client: Client,
    file: PathBuf,
    request: CreateRequest,
    bucket: String,
    object_key: Option<String>,
    if_exists: IfExists,
    any_suffix: bool,
    any_size: bool,
    verify_object: bool,
    journal_dir: Option<PathBuf>,
    progress: Reporter,
    listener: Listener,
    options: CallOptions,
}

impl Publish {
    pub(crate) fn new(
        client: Client,
        file: PathBuf,
        app_id: AppId,
        product_id: ProductId,
        package_type: PackageType,
        version: PackageVersion,
    ) -> Self {
        let request = CreateRequest::new(app_id, product_id, package_type, version, ObsLocation::default());
        Self {
            journal_dir: client.journal_dir(),
            client,
            file,
            request,
            bucket: String::new(),
            object_key: None,
            if_exists: IfExists::default(),
            any_suffix: false,
            any_size: false,
            verify_object: false,
            progress: Reporter::default(),
            listener: Listener::default(),
            options: CallOptions::default(),
        }
    }

    /// The OBS bucket; required.
    pub fn bucket(mut self, bucket: impl Into<String>) -> Self {
        self.bucket = bucket.into();
        self
    }

    /// The object's key, instead of the one made from the package's identity.
    pub fn object_key(mut self, key: impl Into<String>) -> Self {
        self.object_key = Some(key.into());
        self
    }

    described!();

    /// What to do when the package exists; [`IfExists::Verify`] otherwise.
    pub fn if_exists(mut self, if_exists: IfExists) -> Self {
        self.if_exists = if_exists;
        self
    }

    /// Reads the stored object back and compares its SHA-256, besides what OBS itself verifies.
    pub fn verify_object(mut self, verify: bool) -> Self {
        self.verify_object = verify;
        self
    }

    /// A folder for journals of uploads and for locks, instead of the one in the client's
    /// [`state_dir`](crate::ClientBuilder::state_dir).
    pub fn journal_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.journal_dir = Some(folder.into());
        self
    }

    /// Switches off a rule that newer service texts no longer state.
    pub fn allow(mut self, rule: OptionalRule) -> Self {
        match rule {
            OptionalRule::Suffix => self.any_suffix = true,
            OptionalRule::Size => self.any_size = true,
        }
        self
    }

    call_options!();

    /// Hears how far hashing and upload are. Called often, so it should be quick.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress = Reporter::new(listener);
        self
    }

    /// Hears what happens besides progress: whom it waits for, that the package is created, and what is deleted.
    pub fn on_event(mut self, listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(listener);
        self
    }

    /// Checks every rule, those of the file included. Nothing is sent, and the file is only opened.
    ///
    /// # Errors
    ///
    /// Every violation.
    pub fn validate(&self) -> Result<(), Violations> {
        self.open().map(drop)
    }

    /// Checks, hashes the file and tells what would be sent; nothing is.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) with every violation.
    pub async fn plan(&self) -> Result<Plan, Error> {
        let source = self.open()?;
        let checksum = source.checksum(self.progress.clone()).await?;
        Ok(Plan { request: self.signed_request(self.key(), &checksum), warnings: self.warnings(&source) })
    }

    /// Publishes.
    ///
    /// # Errors
    ///
    /// See [`Publish`].
    pub async fn send(&self) -> Result<Published, Error> {
        run::run(self).await
    }

    /// This, with the time running from now on.
    fn begun(&self) -> Self {
        Self { options: self.options.begun(), ..self.clone() }
    }

    /// The file, if nothing is wrong with it nor with anything else.
    fn open(&self) -> Result<Source, Violations> {
        let mut violations = Violations::default();
        let source = file::open(&self.file, !self.any_size, &mut violations);
        if self.object_key.is_none() && violations.is_empty() {
            file::check_name(&self.file, !self.any_suffix, &mut violations);
        }
        self.check_key(&self.key(), &mut violations);
        match source {
            Some(source) if violations.is_empty() => Ok(source),
            _ => Err(violations),
        }
    }

    /// Checks everything but the file, with the object at this key.
    fn check_key(&self, key: &str, violations: &mut Violations) {
        // A key that is made of the file's name has its suffix from there.
        let suffix = !self.any_suffix && self.object_key.is_some();
        self.request_at(key.to_owned()).check(suffix, violations);
        address::check(self.client.obs_endpoint(), &self.bucket, key, violations);
    }

    /// What is allowed but probably not meant, about the package and about the file.
    fn warnings(&self, source: &Source) -> Vec<Warning> {
        let mut warnings = self.request_at(self.key()).warnings();
        warnings.extend(file::warning(source.size()));
        warnings
    }

    /// The request with its location, but without the checksum that only reading the file gives.
    fn request_at(&self, key: String) -> CreateRequest {
        let mut request = self.request.clone();
        let region = self.client.obs_region().unwrap_or_default();
        request.file_location = ObsLocation::new(region, &self.bucket, key).into();
        request
    }

    /// The request as it is sent.
    fn signed_request(&self, key: String, checksum: &Checksum) -> CreateRequest {
        let mut request = self.request_at(key);
        if let Some(location) = &mut request.file_location.obs_location {
            location.sign = Some(checksum.clone());
        }
        request
    }

    fn key(&self) -> String {
        if let Some(key) = &self.object_key {
            return key.clone();
        }
        let request = &self.request;
        let (app_id, product_id, package_type) = (&request.app_id, &request.product_id, &request.package_type);
        let module = request.module_name.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
        let (version, name) = (&request.version, self.file_name().unwrap_or_default());
        format!("ota/{app_id}/{product_id}/{package_type}{module}/{version}/{name}")
    }

    fn file_name(&self) -> Option<&str> {
        self.file.file_name()?.to_str()
    }
}
