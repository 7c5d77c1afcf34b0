//! Create a package from an object that is already in OBS.

use iotda_ota_client::types;
use serde::Serialize;

use crate::call::{CallOptions, Operation, call_options};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::model::{AppId, FileLocation, ObsLocation, Package, PackageId, PackageType, PackageVersion, ProductId};
use crate::once::{self, Settle};
use crate::progress::{Progress, Reporter};
use crate::response::Response;
use crate::validate::{OptionalRule, Violations, Warning, rules};

mod making;

use making::{Body, Making};

const OPERATION: Operation = Operation { name: "create_ota_package", creates: true, names_one: false };

/// What is sent to create a package, with the names of the wire.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let client = iotda_ota::Client::builder().endpoint("http://127.0.0.1:9").project_id("p").token("fake").build()?;
/// use iotda_ota::{ObsLocation, PackageType};
///
/// let location = ObsLocation::new("cn-north-4", "firmware", "upgrade.bin");
/// let create = client.packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location);
/// assert_eq!(create.request().version, "2.0");
/// assert_eq!(serde_json::to_value(create.request())?["package_type"], "firmwarePackage");
/// # Ok(()) }
/// ```
///
/// [`CreatePackage::request`] and [`Plan::request`](crate::Plan::request) show one before it is sent,
/// [`Sought`](crate::Sought) holds one of which is not known whether it was carried out. The limits of its fields are
/// those of the reference page [Create an OTA Upgrade Package][page].
///
/// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/CreateOtaPackage.html
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CreateRequest {
    /// The app (resource space) that will hold the package.
    pub app_id: AppId,
    /// What the package upgrades.
    pub package_type: PackageType,
    /// The product it is for.
    pub product_id: ProductId,
    /// The OTA module, for a module package and only for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module_name: Option<String>,
    /// The version that it brings.
    pub version: PackageVersion,
    /// The versions that it may upgrade, at most twenty; none means every version.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub support_source_versions: Vec<PackageVersion>,
    /// What it is for, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What devices are told with the upgrade notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_info: Option<String>,
    /// Where its file is.
    pub file_location: FileLocation,
}

impl CreateRequest {
    pub(crate) fn new(
        app_id: AppId,
        product_id: ProductId,
        package_type: PackageType,
        version: PackageVersion,
        location: ObsLocation,
    ) -> Self {
        Self {
            app_id,
            package_type,
            product_id,
            module_name: None,
            version,
            support_source_versions: Vec::new(),
            description: None,
            custom_info: None,
            file_location: location.into(),
        }
    }

    /// Checks every documented rule, in the order of the fields.
    pub(crate) fn check(&self, suffix: bool, violations: &mut Violations) {
        rules::app_id(self.app_id.as_str(), violations);
        rules::package_type(&self.package_type, violations);
        rules::product_id(self.product_id.as_str(), violations);
        rules::module_name(self.module_name.as_deref(), &self.package_type, violations);
        rules::version(self.version.as_str(), violations);
        let sources = self.support_source_versions.iter().map(PackageVersion::as_str);
        rules::support_source_versions(sources, violations);
        if let Some(text) = &self.description {
            rules::description(text, violations);
        }
        if let Some(text) = &self.custom_info {
            rules::custom_info(text, violations);
        }
        if let Some(location) = &self.file_location.obs_location {
            rules::obs_location(location, suffix, violations);
        }
    }

    pub(crate) fn warnings(&self) -> Vec<Warning> {
        let sources = self.support_source_versions.iter().map(PackageVersion::as_str);
        let location = self.file_location.obs_location.as_ref();
        location.map(|location| rules::warnings(self.version.as_str(), sources, location)).unwrap_or_default()
    }

    /// The request as JSON. Every part of it can be written, so a failure would be a fault of this crate.
    fn json(&self) -> Result<serde_json::Value, Error> {
        serde_json::to_value(self)
            .map_err(|error| Error::new(ErrorKind::Invalid, "the request cannot be written as JSON").with_source(error))
    }
}

/// The setters of what describes a package, for a builder whose field `request` is a [`CreateRequest`].
macro_rules! described {
    () => {
        /// The OTA module that a module package upgrades. At most 64 letters, digits, `_`, `-` and `.`.
        pub fn module_name(mut self, name: impl Into<String>) -> Self {
            self.request.module_name = Some(name.into());
            self
        }

        /// The versions that may be upgraded, at most twenty. With none every version may.
        pub fn support_source_versions<V: Into<$crate::PackageVersion>>(
            mut self,
            versions: impl IntoIterator<Item = V>,
        ) -> Self {
            self.request.support_source_versions = versions.into_iter().map(Into::into).collect();
            self
        }

        /// What the package is for. At most 1024 characters.
        pub fn description(mut self, text: impl Into<String>) -> Self {
            self.request.description = Some(text.into());
            self
        }

        /// What devices are told with the upgrade notice. At most 4096 characters.
        pub fn custom_info(mut self, text: impl Into<String>) -> Self {
            self.request.custom_info = Some(text.into());
            self
        }
    };
}

pub(crate) use described;

/// Creates a package: `POST /v5/iot/{project_id}/ota-upgrades/packages` (创建OTA升级包).
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// use iotda_ota::{ObsLocation, PackageType};
///
/// let location = ObsLocation::new("cn-north-4", "firmware", "sensors/2.0/upgrade.bin").sign("ab".repeat(32));
/// let package = client
///     .packages()
///     .create("my-app", "my-product", PackageType::Firmware, "2.0", location)
///     .support_source_versions(["1.0", "1.1"])
///     .description("repairs the clock")
///     .send()
///     .await?;
/// println!("{}", package.package_id);
/// # Ok(()) }
/// ```
///
/// The service reads the bucket through the agency `iotda_admin_trust`, which the account has to set up; see the
/// reference page [Create an OTA Upgrade
/// Package](https://support.huaweicloud.com/intl/en-us/api-iothub/CreateOtaPackage.html).
///
/// # Repeating
///
/// A second request would make a second package, so no attempt is repeated blindly. When a request may have reached the
/// service and no clear answer came, the package is looked up by app, product, type, module and version, and compared by
/// location and checksum. If it is there, that is the result ([`Response::is_found`]); if not, there is another attempt.
/// After that the packages are listed once more: of several that are the same the oldest stays, and the one that this call
/// made is deleted. Before each look a moment is waited ([`RetryPolicy::delays`](crate::RetryPolicy::delays)) unless the
/// service itself said that it is done with the request (500 or 503 with an error code of its own, not with a page of a proxy).
///
/// A request that the service carries out still later, after the last look, leaves a second package, and after an unknown
/// outcome up to as many as there were attempts. Two attempts that are both carried out between two looks both stay; a
/// [warning](Response::warnings) names the other one.
///
/// # Errors
///
/// [`is_invalid`](Error::is_invalid) with every broken rule, before anything is sent.
/// [`is_retryable`](Error::is_retryable) when no attempt came through: nothing was created.
/// [`is_outcome_unknown`](Error::is_outcome_unknown) when no clear answer came and looking it up did not help: the
/// package could not be looked up, or is not there although the service may still be at it (the connection broke, time was
/// over, a gateway or proxy failed), or said it were.
/// [`Error::sought`] has everything to look for.
///
/// [`Client::publish`] uploads the file, too; [`show`](crate::Packages::show) reads the package back.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before send"]
pub struct CreatePackage {
    client: Client,
    request: CreateRequest,
    any_suffix: bool,
    progress: Reporter,
    options: CallOptions,
    besides: Vec<PackageId>,
}

impl CreatePackage {
    pub(crate) fn new(client: Client, request: CreateRequest) -> Self {
        Self {
            client,
            request,
            any_suffix: false,
            progress: Reporter::default(),
            options: CallOptions::default(),
            besides: Vec::new(),
        }
    }

    described!();

    /// Switches off a rule that newer service texts no longer state.
    pub fn allow(mut self, rule: OptionalRule) -> Self {
        self.any_suffix |= rule == OptionalRule::Suffix;
        self
    }

    call_options!();
    call_options!(lent);

    /// Hears each time that a request goes out, as [`Phase::Create`](crate::Phase::Create): until then nothing was created,
    /// and from then on stopping leaves the outcome open.
    pub fn on_progress(self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.with_reporter(Reporter::new(listener))
    }

    pub(crate) fn with_reporter(mut self, progress: Reporter) -> Self {
        self.progress = progress;
        self
    }

    /// These exist already, and are not what this call makes even if they are the same.
    pub(crate) fn besides(mut self, packages: impl IntoIterator<Item = PackageId>) -> Self {
        self.besides.extend(packages);
        self
    }

    /// What would be sent.
    pub fn request(&self) -> &CreateRequest {
        &self.request
    }

    /// What is allowed but probably not meant.
    pub fn warnings(&self) -> Vec<Warning> {
        self.request.warnings()
    }

    /// Checks the documented rules.
    ///
    /// # Errors
    ///
    /// Every violation, in the order of the fields.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::default();
        self.request.check(!self.any_suffix, &mut violations);
        violations.into_result()
    }

    /// Checks, then asks the service.
    ///
    /// # Errors
    ///
    /// See [`CreatePackage`].
    pub async fn send(&self) -> Result<Response<Package>, Error> {
        self.send_settled(Settle::WhenRepeated).await
    }

    /// The same; with [`Settle::Always`] it is looked for others that are the same even after a clear answer.
    pub(crate) async fn send_settled(&self, settle: Settle) -> Result<Response<Package>, Error> {
        self.validate().map_err(|violations| Error::invalid(violations).with_operation(OPERATION.name))?;
        // The types of the document are a second fence: what the written rules forgot stops here.
        let body: types::CreateOtaPackageRequest = serde_json::from_value(self.request.json()?).map_err(|error| {
            Error::new(ErrorKind::Invalid, "the request does not fit the OpenAPI document").with_source(error)
        })?;
        let making = Making { create: self, body: Body::Checked(Box::new(body)) };
        once::create(&making, &self.options, settle).await
    }

    /// Asks the service without checking, for the day when its rules are wider than the documented ones.
    ///
    /// # Errors
    ///
    /// See [`CreatePackage`].
    pub async fn send_unchecked(&self) -> Result<Response<Package>, Error> {
        let body = Body::Unchecked(self.request.json()?.to_string().into_bytes());
        once::create(&Making { create: self, body }, &self.options, Settle::WhenRepeated).await
    }
}
