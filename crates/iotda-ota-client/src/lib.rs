//! The generated client for the OTA upgrade packages of Huawei Cloud IoTDA.
//!
//! Everything under `generated` comes from the project's OpenAPI document; this file adds the one thing a generator
//! cannot know: how a request gets its credentials and how it is sent. That is a [`Transport`], which the program
//! gives to the client inside an [`Inner`]. Entry points: [`Client`], [`types`], [`builder`], [`Transport`].
//!
//! An example, `examples/show_package.rs`:
#![doc = concat!("```no_run\n", include_str!("../examples/show_package.rs"), "```")]
//!
//! The crate `iotda-ota` is a veneer over this one, with validation, uploads and errors that keep status and request
//! id whatever the body was. Use this crate alone when you want only the bare operations.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use progenitor_client::ClientHooks;

pub use generated::{ByteStream, Client, ClientInfo, Error, ResponseValue, builder, types};
pub use progenitor_client::OperationInfo;

// Lints that generated code does not keep to; written code has no such list.
#[allow(
    clippy::all,
    clippy::uninlined_format_args,
    clippy::unwrap_used,
    elided_lifetimes_in_paths,
    missing_debug_implementations,
    missing_docs,
    rustdoc::all,
    unreachable_pub,
    unused_imports,
    reason = "the output of the generator is not ours to style"
)]
#[rustfmt::skip]
mod generated;

/// A boxed future, as [`Transport`]'s methods return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How requests get their credentials and how they are sent.
///
/// [`prepare`](Self::prepare) runs once per attempt, right before the request leaves, and may refuse it;
/// [`execute`](Self::execute) sends it. Retries belong around `send()` of a builder, which is `Clone`: then every
/// attempt is prepared afresh.
pub trait Transport: Send + Sync {
    /// Completes a request, typically by adding credentials.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] stops the call before anything is sent; the caller gets it as [`Error::Custom`].
    fn prepare<'a>(
        &'a self,
        request: &'a mut reqwest::Request,
        operation: &'a OperationInfo,
    ) -> BoxFuture<'a, Result<(), Refusal>>;

    /// Sends a request; without an implementation of its own, by the client that was given.
    ///
    /// # Errors
    ///
    /// Whatever the HTTP client reports.
    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: reqwest::Request,
        operation: &'a OperationInfo,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        let _ = operation;
        Box::pin(client.execute(request))
    }
}

/// Why a [`Transport`] did not let a request go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(String);

impl Refusal {
    /// A refusal with the reason that [`Error::Custom`] will carry.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// What a [`Client`] carries for its hooks: the transport.
#[derive(Clone)]
pub struct Inner(Arc<dyn Transport>);

impl Inner {
    /// Wraps a transport for [`Client::new_with_client`].
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self(transport)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A transport holds credentials; nothing of it is shown.
        f.write_str("Inner(..)")
    }
}

impl ClientHooks<Inner> for Client {
    async fn pre<E>(&self, request: &mut reqwest::Request, info: &OperationInfo) -> Result<(), Error<E>> {
        // The generator adds the document's version as a header. The service does not know it, and a signature
        // would cover it.
        request.headers_mut().remove("api-version");
        self.inner().0.prepare(request, info).await.map_err(|refusal| Error::Custom(refusal.0))
    }

    async fn exec(&self, request: reqwest::Request, info: &OperationInfo) -> reqwest::Result<reqwest::Response> {
        self.inner().0.execute(self.client(), request, info).await
    }
}
