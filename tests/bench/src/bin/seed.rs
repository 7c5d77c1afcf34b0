//! Creates packages, and says what the server answers when one of them is created or shown and when they are listed.
//!
//! `seed URL PROJECT TOKEN COUNT`. The answers are for servers that only repeat what they were given, so that all sides of
//! a comparison answer the same.

use std::error::Error;

use iotda_ota_bench::{Meter, fixture, report};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, project, token, count] = arguments.as_slice() else {
        return Err("usage: seed URL PROJECT TOKEN COUNT".into());
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build()?;
    let packages = format!("{url}/v5/iot/{project}/ota-upgrades/packages");
    let send = async |request: reqwest::RequestBuilder| {
        let answer = request.header("x-auth-token", token).send().await?.error_for_status()?;
        answer.json::<Value>().await
    };
    let meter = Meter::start();
    let mut created = Value::Null;
    for number in 0..count.parse::<u32>()? {
        let mut body = fixture::create_body();
        body["version"] = format!("seed-{number}").into();
        created = send(http.post(&packages).json(&body)).await?;
    }
    let id = created["package_id"].as_str().ok_or("no package was created")?.to_owned();
    let shown = send(http.get(format!("{packages}/{id}"))).await?;
    let page = send(http.get(format!("{packages}?{}", fixture::QUERY))).await?;
    report(meter.read(), [("package_id", id.into()), ("created", created), ("shown", shown), ("page", page)]);
    Ok(())
}
