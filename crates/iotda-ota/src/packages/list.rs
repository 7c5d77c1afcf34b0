//! List packages: one page, or all of them.

use http::Method;
use iotda_ota_client::types;
use serde::{Deserialize, Serialize};

use futures_util::Stream;

use crate::call::{self, CallOptions, Operation, call_options};
use crate::client::Client;
use crate::error::Error;
use crate::model::{AppId, Package, PackageType, PackageVersion, ProductId, lenient};
use crate::paging::{self, Wanted};
use crate::response::Response;
use crate::validate::{Violations, rules};

const OPERATION: Operation = Operation { name: "list_ota_packages", creates: false, names_one: false };

/// Lists packages of one type, newest first: `GET /v5/iot/{project_id}/ota-upgrades/packages` (查询OTA升级包列表).
///
/// [`send`](Self::send) answers one page, [`stream`](Self::stream) all packages however many there are.
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// use std::pin::pin;
/// use futures_util::TryStreamExt;
/// use iotda_ota::PackageType;
///
/// let mut packages = pin!(client.packages().list(PackageType::Firmware).product_id("my-product").stream());
/// while let Some(package) = packages.try_next().await? {
///     println!("{} {}", package.package_id, package.version);
/// }
/// # Ok(()) }
/// ```
///
/// A page has at most 50 packages, and an offset goes no further than 500, as the reference page [Query the OTA Upgrade
/// Package List](https://support.huaweicloud.com/intl/en-us/api-iothub/ListOtaPackageInfo.html) states; the stream
/// walks by marker, which has no such end. Items have no [`file_location`](Package::file_location);
/// [`show`](crate::Packages::show) answers it.
///
/// # Errors
///
/// [`is_invalid`](Error::is_invalid) with every broken rule, before anything is sent.
/// [`is_unauthenticated`](Error::is_unauthenticated) and [`is_denied`](Error::is_denied) when the caller is not known
/// or may not list packages. [`is_retryable`](Error::is_retryable) when no attempt came through.
/// [`ErrorKind::Unintelligible`](crate::ErrorKind::Unintelligible) when the answer is no page, or when the markers of a
/// stream do not lead on.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before send or stream"]
pub struct ListPackages {
    client: Client,
    package_type: PackageType,
    app_id: Option<AppId>,
    product_id: Option<ProductId>,
    version: Option<PackageVersion>,
    limit: Option<u32>,
    marker: Option<String>,
    offset: Option<u32>,
    at_most: Option<u64>,
    is_unchecked: bool,
    options: CallOptions,
}

/// One page of packages, from [`ListPackages::send`] or [`ListPackages::pages`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PackagePage {
    /// The packages, newest first.
    pub packages: Vec<Package>,
    /// How many packages there are over all pages, as the service counts them.
    pub count: Option<u64>,
    /// Where the next page begins; give it to [`ListPackages::marker`].
    pub marker: Option<String>,
}

impl ListPackages {
    pub(super) fn new(client: Client, package_type: PackageType) -> Self {
        Self {
            client,
            package_type,
            app_id: None,
            product_id: None,
            version: None,
            limit: None,
            marker: None,
            offset: None,
            at_most: None,
            is_unchecked: false,
            options: CallOptions::default(),
        }
    }

    /// Only packages of this app.
    pub fn app_id(mut self, app_id: impl Into<AppId>) -> Self {
        self.app_id = Some(app_id.into());
        self
    }

    /// Only packages for this product.
    pub fn product_id(mut self, product_id: impl Into<ProductId>) -> Self {
        self.product_id = Some(product_id.into());
        self
    }

    /// Only packages that bring this version.
    pub fn version(mut self, version: impl Into<PackageVersion>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// How many packages a page has, from 1 to 50; the service takes 10 otherwise, a stream 50.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Only packages after this marker, which is the one of the page before. It is not a package id.
    pub fn marker(mut self, marker: impl Into<String>) -> Self {
        self.marker = Some(marker.into());
        self
    }

    /// Skips so many packages, at most 500. Use the marker to go further.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// How many packages a stream gives over all its pages; the last page is asked for no larger than that.
    pub fn at_most(mut self, count: u64) -> Self {
        self.at_most = Some(count);
        self
    }

    call_options!();
    call_options!(lent);

    /// Does not check the first page of a stream either.
    pub(crate) fn unchecked(mut self) -> Self {
        self.is_unchecked = true;
        self
    }

    /// Checks the documented rules.
    ///
    /// # Errors
    ///
    /// Every violation.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::default();
        rules::package_type(&self.package_type, &mut violations);
        if let Some(app_id) = &self.app_id {
            rules::app_id(app_id.as_str(), &mut violations);
        }
        if let Some(product_id) = &self.product_id {
            rules::product_id(product_id.as_str(), &mut violations);
        }
        if let Some(version) = &self.version {
            rules::version(version.as_str(), &mut violations);
        }
        if let Some(limit) = self.limit {
            rules::limit(limit, &mut violations);
        }
        if let Some(marker) = &self.marker {
            rules::marker(marker, &mut violations);
        }
        if let Some(offset) = self.offset {
            rules::offset(offset, &mut violations);
        }
        violations.into_result()
    }

    /// Checks, then asks for one page.
    ///
    /// # Errors
    ///
    /// See [`ListPackages`].
    pub async fn send(&self) -> Result<Response<PackagePage>, Error> {
        self.validate().map_err(|violations| Error::invalid(violations).with_operation(OPERATION.name))?;
        call::run(&self.client, OPERATION, &self.options, |call| async move {
            let generated = call.generated();
            let mut request =
                generated.list_ota_packages().project_id(call.project_id()).package_type(self.package_type.as_str());
            if let Some(instance_id) = self.client.instance_id() {
                request = request.instance_id(instance_id.as_str());
            }
            if let Some(app_id) = &self.app_id {
                request = request.app_id(app_id.as_str());
            }
            if let Some(product_id) = &self.product_id {
                request = request.product_id(product_id.as_str());
            }
            if let Some(version) = &self.version {
                request = request.version(version.as_str());
            }
            if let Some(limit) = self.limit {
                request = request.limit(limit);
            }
            if let Some(marker) = &self.marker {
                request = request.marker(marker.as_str());
            }
            if let Some(offset) = self.offset {
                request = request.offset(offset);
            }
            call.finish(request.send().await, PackagePage::from_wire, PackagePage::from_body)
        })
        .await
    }

    /// Asks for one page without checking.
    ///
    /// # Errors
    ///
    /// See [`ListPackages`]; what would be invalid is for the service to refuse.
    pub async fn send_unchecked(&self) -> Result<Response<PackagePage>, Error> {
        let mut query = vec![("package_type", self.package_type.to_string())];
        let mut add = |name, value: Option<String>| query.extend(value.map(|value| (name, value)));
        add("app_id", self.app_id.as_ref().map(ToString::to_string));
        add("product_id", self.product_id.as_ref().map(ToString::to_string));
        add("version", self.version.as_ref().map(ToString::to_string));
        add("limit", self.limit.map(|limit| limit.to_string()));
        add("marker", self.marker.clone());
        add("offset", self.offset.map(|offset| offset.to_string()));
        let query = &query;
        call::run(&self.client, OPERATION, &self.options, |call| async move {
            let segments = super::path(&call, None);
            call.send_raw(&self.client, Method::GET, &segments, query, None, PackagePage::from_body).await
        })
        .await
    }

    /// All packages from here on, walking by marker; the offset of 500 is no end for it.
    ///
    /// Pages are fetched as items are taken. After an error the stream ends. Each page is a call of its own, so limits of
    /// time hold for each.
    pub fn stream(self) -> impl Stream<Item = Result<Package, Error>> + Send {
        paging::items(self.pages())
    }

    /// The same page by page, with the count and the marker of each.
    pub fn pages(self) -> impl Stream<Item = Result<PackagePage, Error>> + Send {
        let wanted = Wanted { page: self.limit.unwrap_or(paging::LARGEST_PAGE), most: self.at_most };
        paging::pages(wanted, move |marker, size| {
            let mut page = self.clone().limit(size);
            let checked = marker.is_none() && !self.is_unchecked;
            if let Some(marker) = marker {
                page = page.marker(marker);
                page.offset = None;
            }
            async move {
                // A marker of the service goes back as it came, whatever its form is.
                let page = if checked { page.send().await } else { page.send_unchecked().await };
                page.map(Response::into_inner)
            }
        })
    }
}

impl PackagePage {
    /// Takes the generated type.
    pub(crate) fn from_wire(wire: types::OtaPackageList) -> Option<Self> {
        let packages = wire.packages.map(|packages| packages.into_iter().map(Package::from_list).collect());
        let page = wire.page.unwrap_or_default();
        Self::new(packages, page.count.and_then(|count| u64::try_from(count).ok()), page.marker)
    }

    /// Reads a page with odd fields; one whose packages are no list is none.
    pub(crate) fn from_body(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Lax {
            packages: Option<Vec<Package>>,
            #[serde(default, deserialize_with = "lenient::field")]
            page: Place,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Place {
            #[serde(deserialize_with = "lenient::field")]
            count: Option<u64>,
            #[serde(deserialize_with = "lenient::field")]
            marker: Option<String>,
        }
        let Lax { packages, page } = serde_json::from_slice(body).ok()?;
        Self::new(packages, page.count, page.marker)
    }

    /// Without a list it is a page only if it says that there is nothing to list.
    fn new(packages: Option<Vec<Package>>, count: Option<u64>, marker: Option<String>) -> Option<Self> {
        let packages = packages.or_else(|| (count == Some(0)).then(Vec::new))?;
        Some(Self { packages, count, marker })
    }
}

#[cfg(test)]
mod tests;
