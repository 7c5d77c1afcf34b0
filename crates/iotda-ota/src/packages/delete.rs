//! Delete one package.

use http::Method;

use crate::call::{self, CallOptions, Operation, call_options};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Sought};
use crate::model::PackageId;
use crate::response::Response;
use crate::validate::{Violations, rules};

mod with_object;

pub use with_object::{DeleteWithObject, DeletedWithObject};

const OPERATION: Operation = Operation { name: "delete_ota_package", creates: false, names_one: true };

/// Deletes one package: `DELETE /v5/iot/{project_id}/ota-upgrades/packages/{package_id}` (删除OTA升级包).
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// client.packages().delete("28f61af50fc9452aa0ed5ea25c3cc3d3").send().await?;
/// # Ok(()) }
/// ```
///
/// Only the package goes; the object in OBS stays, as the reference page [Delete an OTA Upgrade
/// Package](https://support.huaweicloud.com/intl/en-us/api-iothub/DeleteOtaPackage.html) states, unless
/// [`with_object`](DeletePackage::with_object) is asked for.
///
/// # Errors
///
/// [`is_invalid`](Error::is_invalid) if the id breaks a rule, before anything is sent.
/// [`is_not_found`](Error::is_not_found) if there is no such package, for example because it was deleted before. When an
/// attempt that may have deleted it failed and the next one finds no package, that is a success.
/// [`is_outcome_unknown`](Error::is_outcome_unknown) if the answer says yes in a way that is not the service's, or an
/// attempt that may have deleted it failed and the next one was refused, and it cannot be shown whether the package is still
/// there.
/// [`is_retryable`](Error::is_retryable) when no attempt came through.
///
/// [`IfExists::Replace`](crate::IfExists::Replace) deletes a package once another one is in its place.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before send"]
pub struct DeletePackage {
    client: Client,
    package_id: PackageId,
    options: CallOptions,
}

impl DeletePackage {
    pub(super) fn new(client: Client, package_id: PackageId) -> Self {
        Self { client, package_id, options: CallOptions::default() }
    }

    call_options!();
    call_options!(lent);

    /// Deletes the object in OBS, too, unless another package needs it.
    pub fn with_object(self) -> DeleteWithObject {
        DeleteWithObject::new(self)
    }

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
    /// See [`DeletePackage`].
    pub async fn send(&self) -> Result<Response<()>, Error> {
        self.validate().map_err(|violations| Error::invalid(violations).with_operation(OPERATION.name))?;
        let options = &self.options.begun();
        let result = call::run(&self.client, OPERATION, options, |call| async move {
            let generated = call.generated();
            let mut request =
                generated.delete_ota_package().project_id(call.project_id()).package_id(self.package_id.as_str());
            if let Some(instance_id) = self.client.instance_id() {
                request = request.instance_id(instance_id.as_str());
            }
            call.finish(request.send().await, Some, deleted)
        });
        self.made_sure(result.await, options).await
    }

    /// Asks the service without checking.
    ///
    /// # Errors
    ///
    /// See [`DeletePackage`].
    pub async fn send_unchecked(&self) -> Result<Response<()>, Error> {
        let options = &self.options.begun();
        let result = call::run(&self.client, OPERATION, options, |call| async move {
            let segments = super::path(&call, Some(self.package_id.as_str()));
            call.send_raw(&self.client, Method::DELETE, &segments, &[], None, deleted).await
        });
        self.made_sure(result.await, options).await
    }

    /// Takes an error that means success for one, and looks where the service said yes but not in its own words, or no when
    /// an earlier attempt may have deleted it.
    async fn made_sure(
        &self,
        result: Result<Response<()>, Error>,
        options: &CallOptions,
    ) -> Result<Response<()>, Error> {
        let error = match result {
            Err(error) => error,
            done => return done,
        };
        // An attempt before may have deleted it, though its answer was lost.
        if error.is_not_found() && error.may_have_acted() {
            return Ok(Response::of_error((), &error));
        }
        let is_open = match error.status() {
            Some(200..300) => error.kind() != ErrorKind::Rejected,
            _ => error.may_have_acted() && !error.is_retryable(),
        };
        if !is_open {
            return Err(error);
        }
        match self.client.packages().show(&self.package_id).with_options(options).send_unchecked().await {
            Err(shown) if shown.is_not_found() => Ok(Response::of_error((), &error)),
            Err(failed) => {
                let note = format!("whether it is deleted could not be looked up: {failed}");
                // An answer that was only cut off is that of the service, and asking it once more is safe.
                if error.is_retryable() {
                    return Err(error.noted(&note));
                }
                Err(error.unknown(&note, Sought::Deleted { package_id: self.package_id.clone() }))
            }
            Ok(_) => Err(error.noted("it was looked up and is still there")),
        }
    }
}

/// A success with another status than the documented one counts if it says nothing else.
fn deleted(body: &[u8]) -> Option<()> {
    matches!(body.trim_ascii(), b"" | b"{}").then_some(())
}
