//! Lists one page of packages with this library.

use std::env;
use std::error::Error;

use iotda_ota::{AccessKey, Client, PackageType};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let key = AccessKey::new(env::var("HUAWEICLOUD_SDK_AK")?, env::var("HUAWEICLOUD_SDK_SK")?);
    let client = Client::builder().region(env::var("IOTDA_OTA_REGION")?).access_key(key).build()?;
    for package in &client.packages().list(PackageType::Firmware).send().await?.packages {
        println!("{}", package.package_id);
    }
    Ok(())
}
