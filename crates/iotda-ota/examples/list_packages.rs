//! Prints every firmware package of a project, however many there are.
//!
//! Run it against the emulator: start `iotda-ota emulator`, set the variables that it prints, then
//! `cargo run -p iotda-ota --example list_packages`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::env;
use std::error::Error;
use std::pin::pin;

use futures_util::TryStreamExt;
use iotda_ota::{Client, PackageType};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::builder()
        .endpoint(env::var("IOTDA_OTA_ENDPOINT")?)
        .project_id(env::var("HUAWEICLOUD_SDK_PROJECT_ID")?)
        .token(env::var("IOTDA_OTA_TOKEN")?)
        .build()?;

    let mut packages = pin!(client.packages().list(PackageType::Firmware).stream());
    while let Some(package) = packages.try_next().await? {
        println!("{}  {}  {}", package.package_id, package.product_id, package.version);
    }
    Ok(())
}
