//! A package as something that must not be created twice.

use std::cmp::Ordering;
use std::sync::Arc;

use http::Method;
use iotda_ota_client::types;

use super::{CreatePackage, OPERATION};
use crate::call::{Call, CallOptions, Operation};
use crate::client::Client;
use crate::error::{Error, Sought};
use crate::model::{Package, PackageId};
use crate::once::Once;
use crate::packages::alike;
use crate::progress::Phase;
use crate::response::Response;

/// A request to create a package, ready to be sent.
pub(super) struct Making<'a> {
    pub(super) create: &'a CreatePackage,
    pub(super) body: Body,
}

/// What is sent.
pub(super) enum Body {
    /// Through the types of the document.
    Checked(Box<types::CreateOtaPackageRequest>),
    /// As it is.
    Unchecked(Vec<u8>),
}

impl Once for Making<'_> {
    type Made = Package;

    const OPERATION: Operation = OPERATION;

    fn client(&self) -> &Client {
        &self.create.client
    }

    async fn make(&self, call: Arc<Call>) -> Result<Response<Package>, Error> {
        let client = self.client();
        // Credentials are there by now, so that nothing else is waited for.
        self.create.progress.report(Phase::Create, 0, 0);
        match &self.body {
            Body::Checked(body) => {
                let generated = call.generated();
                let mut request = generated.create_ota_package().project_id(call.project_id()).body((**body).clone());
                if let Some(instance_id) = client.instance_id() {
                    request = request.instance_id(instance_id.as_str());
                }
                call.finish(request.send().await, Package::from_wire, Package::from_body)
            }
            Body::Unchecked(body) => {
                let segments = crate::packages::path(&call, None);
                call.send_raw(client, Method::POST, &segments, &[], Some(body.clone()), Package::from_body).await
            }
        }
    }

    async fn find(&self, mine: Option<&Package>, options: &CallOptions) -> Result<Vec<Response<Package>>, Error> {
        let create = self.create;
        let known = |id: &PackageId| create.besides.contains(id) || mine.is_some_and(|mine| mine.package_id == *id);
        alike::same(self.client(), &create.request, known, options).await
    }

    async fn show(&self, made: &Package, options: &CallOptions) -> Result<Option<Response<Package>>, Error> {
        alike::show(self.client(), made, options).await
    }

    async fn remove(&self, made: &Package, options: &CallOptions) -> Result<(), Error> {
        let delete = self.client().packages().delete(&made.package_id).with_options(options);
        match delete.send_unchecked().await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(()),
        }
    }

    fn id(made: &Package) -> &str {
        made.package_id.as_str()
    }

    fn age(one: &Package, other: &Package) -> Ordering {
        alike::age(one, other)
    }

    fn sought(&self) -> Sought {
        Sought::Package(Box::new(self.create.request.clone()))
    }
}
