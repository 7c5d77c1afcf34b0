//! Shows one package with the bare client and an IAM token.

use std::env;
use std::error::Error;
use std::sync::Arc;

use iotda_ota_client::{BoxFuture, Client, Inner, OperationInfo, Refusal, Transport};

/// Adds the token to every request.
struct Token(String);

impl Transport for Token {
    fn prepare<'a>(
        &'a self,
        request: &'a mut reqwest::Request,
        _operation: &'a OperationInfo,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let token = self.0.parse().map_err(|_| Refusal::new("the token is no header value"))?;
            request.headers_mut().insert("X-Auth-Token", token);
            Ok(())
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new_with_client(
        &env::var("IOTDA_OTA_ENDPOINT")?,
        reqwest::Client::new(),
        Inner::new(Arc::new(Token(env::var("IOTDA_OTA_TOKEN")?))),
    );
    let package = client
        .show_ota_package()
        .project_id(env::var("HUAWEICLOUD_SDK_PROJECT_ID")?)
        .package_id(env::args().nth(1).ok_or("usage: show_package PACKAGE_ID")?)
        .send()
        .await?;
    dump(&package.into_inner())
}

#[allow(clippy::print_stdout, reason = "an example prints")]
fn dump(package: &iotda_ota_client::types::OtaPackage) -> Result<(), Box<dyn Error>> {
    println!("{}", serde_json::to_string_pretty(package)?);
    Ok(())
}
