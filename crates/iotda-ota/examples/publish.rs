//! Publishes a file as a firmware package: checks it, uploads it to OBS, creates the package and reads it back.
//!
//! Run it against the emulator: start `iotda-ota emulator`, set the variables that it prints, then
//! `cargo run -p iotda-ota --example publish -- FILE APP_ID PRODUCT_ID VERSION`. The same again succeeds again.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::env;
use std::error::Error;

use iotda_ota::{AccessKey, Client, PackageType};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, app_id, product_id, version] = arguments.as_slice() else {
        return Err("usage: publish FILE APP_ID PRODUCT_ID VERSION".into());
    };
    // OBS takes nothing but an access key, and IoTDA takes one as well as a token.
    let key = AccessKey::new(env::var("HUAWEICLOUD_SDK_AK")?, env::var("HUAWEICLOUD_SDK_SK")?);
    let client = Client::builder()
        .region(env::var("IOTDA_OTA_REGION")?)
        .endpoint(env::var("IOTDA_OTA_ENDPOINT")?)
        .obs_endpoint(env::var("IOTDA_OTA_OBS_ENDPOINT")?)
        .project_id(env::var("HUAWEICLOUD_SDK_PROJECT_ID")?)
        .access_key(key)
        .build()?;

    let published = client
        .publish(file, app_id.as_str(), product_id.as_str(), PackageType::Firmware, version.as_str())
        .bucket(env::var("IOTDA_OTA_BUCKET")?)
        .send()
        .await?;
    println!("package {}: {:?}", published.package.package_id, published.outcome);
    if let Some(object) = &published.object {
        println!("object {} in bucket {}", object.object_key, object.bucket_name);
    }
    Ok(())
}
