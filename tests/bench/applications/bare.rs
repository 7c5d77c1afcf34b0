//! Lists one page of packages with the generated client alone and a token.

use std::env;
use std::error::Error;
use std::sync::Arc;

use iotda_ota_client::{BoxFuture, Client, Inner, OperationInfo, Refusal, Transport};

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

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let inner = Inner::new(Arc::new(Token(env::var("IOTDA_OTA_TOKEN")?)));
    let client = Client::new_with_client(&env::var("IOTDA_OTA_ENDPOINT")?, reqwest::Client::new(), inner);
    let list = client.list_ota_packages().project_id(env::var("HUAWEICLOUD_SDK_PROJECT_ID")?);
    let page = list.package_type("firmwarePackage").send().await?;
    println!("{:?}", page.into_inner());
    Ok(())
}
