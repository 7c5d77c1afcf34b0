//! Tests of a program with the emulator, as its users write them: one in which all goes well, and one in which an answer is
//! lost.

use iotda_ota_emulator::{Emulator, Operation};
use serde_json::{Value, json};

/// The program that is tested: it registers versions of a firmware, and never twice.
struct Registry {
    packages: String,
    token: String,
    http: reqwest::Client,
}

impl Registry {
    async fn versions(&self) -> reqwest::Result<Vec<String>> {
        let list = self.http.get(format!("{}?package_type=firmwarePackage", self.packages));
        let list: Value = list.header("X-Auth-Token", &self.token).send().await?.json().await?;
        let packages = list["packages"].as_array().into_iter().flatten();
        Ok(packages.filter_map(|package| package["version"].as_str()).map(str::to_owned).collect())
    }

    async fn register(&self, version: &str) -> reqwest::Result<()> {
        let location = json!({"region_name": "emulator-1", "bucket_name": "emulator-bucket", "object_key": "a.bin"});
        let body = json!({
            "app_id": "my-app",
            "product_id": "my-product",
            "package_type": "firmwarePackage",
            "version": version,
            "file_location": {"obs_location": location}
        });
        let create = self.http.post(&self.packages).header("X-Auth-Token", &self.token).json(&body);
        match create.send().await {
            Ok(answer) => answer.error_for_status().map(drop),
            // Without an answer it may be done or not, so look before trying again.
            Err(_) if self.versions().await?.iter().any(|found| found == version) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Starts an emulator, and the program beside it.
async fn start() -> Result<(Emulator, Registry), Box<dyn std::error::Error>> {
    // Free ports and a temporary folder: any number of tests run side by side. The file need not be in OBS first.
    let emulator = Emulator::builder().check_objects(false).start().await?;
    let registry = Registry {
        packages: format!("{}/v5/iot/{}/ota-upgrades/packages", emulator.endpoint(), emulator.project_id()),
        token: emulator.token().to_owned(),
        http: http(),
    };
    Ok((emulator, registry))
}

#[tokio::test]
async fn a_version_is_registered() -> Result<(), Box<dyn std::error::Error>> {
    let (emulator, registry) = start().await?;
    registry.register("1.0").await?;
    assert_eq!(registry.versions().await?, ["1.0"]);

    // What the program sent can be asserted, too.
    let requests = emulator.requests();
    assert_eq!(requests[0].operation, Some(Operation::CreateOtaPackage));
    assert_eq!(requests[0].status, Some(201));
    assert!(String::from_utf8_lossy(&requests[0].body).contains(r#""version":"1.0""#));
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_leaves_no_duplicate() -> Result<(), Box<dyn std::error::Error>> {
    let (emulator, registry) = start().await?;
    // The first create is done, but instead of the answer comes the end of the connection.
    emulator.faults().add("create_ota_package:close-after-commit:times=1".parse()?)?;
    registry.register("1.0").await?;
    assert_eq!(registry.versions().await?, ["1.0"]);
    assert_eq!(emulator.faults().list()[0].hits, 1);

    // The second one fails before anything is done, which the program has to tell.
    emulator.faults().add("create_ota_package:status:status=503,body=html,times=1".parse()?)?;
    assert!(registry.register("2.0").await.is_err());
    assert_eq!(registry.versions().await?, ["1.0"]);
    Ok(())
}

fn http() -> reqwest::Client {
    // Only needed where reqwest is built without a provider of cryptography; it fails in every test but the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
