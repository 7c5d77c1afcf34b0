//! Registers an object that is already in OBS as a firmware package.
//!
//! Run it against the emulator: start `iotda-ota emulator`, set the variables that it prints, upload an object, then
//! `cargo run -p iotda-ota --example create_package -- APP_ID PRODUCT_ID VERSION BUCKET OBJECT_KEY`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::env;
use std::error::Error;

use iotda_ota::{Client, ObsLocation, PackageType};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [app_id, product_id, version, bucket, key] = arguments.as_slice() else {
        return Err("usage: create_package APP_ID PRODUCT_ID VERSION BUCKET OBJECT_KEY".into());
    };
    let region = env::var("IOTDA_OTA_REGION")?;
    let client = Client::builder()
        .endpoint(env::var("IOTDA_OTA_ENDPOINT")?)
        .project_id(env::var("HUAWEICLOUD_SDK_PROJECT_ID")?)
        .token(env::var("IOTDA_OTA_TOKEN")?)
        .build()?;

    let create = client.packages().create(
        app_id.as_str(),
        product_id.as_str(),
        PackageType::Firmware,
        version.as_str(),
        ObsLocation::new(region, bucket, key),
    );
    let package = create.send().await?;
    println!("package {}, request {}", package.package_id, package.request_id().unwrap_or("without an id"));
    Ok(())
}
