//! Show one package.

use http::Method;

use crate::call::{self, CallOptions, Operation, call_options};
use crate::client::Client;
use crate::error::Error;
use crate::model::{Package, PackageId};
use crate::response::Response;
use crate::validate::{Violations, rules};

const OPERATION: Operation = Operation { name: "show_ota_package", creates: false, names_one: true };

/// Shows one package: `GET /v5/iot/{project_id}/ota-upgrades/packages/{package_id}` (获取OTA升级包详情).
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// let package = client.packages().show("28f61af50fc9452aa0ed5ea25c3cc3d3").send().await?;
/// println!("{:?}", package.obs_location());
/// # Ok(()) }
/// ```
///
/// A package id has at most 36 letters, digits and `-`; see the reference page [Obtain OTA Upgrade Package
/// Details](https://support.huaweicloud.com/intl/en-us/api-iothub/ShowOtaPackage.html).
///
/// # Errors
///
/// [`is_invalid`](Error::is_invalid) if the id breaks a rule, before anything is sent.
/// [`is_not_found`](Error::is_not_found) if there is no such package in the project.
/// [`is_retryable`](Error::is_retryable) when no attempt came through.
///
/// [`list`](crate::Packages::list) finds the ids; [`Client::verify`] compares what is shown with the stored object.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before send"]
pub struct ShowPackage {
    client: Client,
    package_id: PackageId,
    options: CallOptions,
}

impl ShowPackage {
    pub(super) fn new(client: Client, package_id: PackageId) -> Self {
        Self { client, package_id, options: CallOptions::default() }
    }

    call_options!();
    call_options!(lent);

    /// Checks the documented rules.
    ///
    /// # Errors
    ///
    /// Every violation.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::default();
        rules::package_id(self.package_id.as_str(), &mut violations);
        violations.into_result()
    }

    /// Checks, then asks the service.
    ///
    /// # Errors
    ///
    /// See [`ShowPackage`].
    pub async fn send(&self) -> Result<Response<Package>, Error> {
        self.validate().map_err(|violations| Error::invalid(violations).with_operation(OPERATION.name))?;
        call::run(&self.client, OPERATION, &self.options, |call| async move {
            let generated = call.generated();
            let mut request =
                generated.show_ota_package().project_id(call.project_id()).package_id(self.package_id.as_str());
            if let Some(instance_id) = self.client.instance_id() {
                request = request.instance_id(instance_id.as_str());
            }
            call.finish(request.send().await, Package::from_wire, Package::from_body)
        })
        .await
    }

    /// Asks the service without checking.
    ///
    /// # Errors
    ///
    /// See [`ShowPackage`].
    pub async fn send_unchecked(&self) -> Result<Response<Package>, Error> {
        call::run(&self.client, OPERATION, &self.options, |call| async move {
            let segments = super::path(&call, Some(self.package_id.as_str()));
            call.send_raw(&self.client, Method::GET, &segments, &[], None, Package::from_body).await
        })
        .await
    }
}
