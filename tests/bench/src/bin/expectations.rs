//! Asks a server five simple things and says which of them it does: create, show, list, delete, refuse a bad field.
//!
//! `expectations URL PROJECT TOKEN`. What is expected is what the OpenAPI document says: what was created can be shown
//! and is listed, what was deleted is gone, a request without its required fields is refused with a reason.

use std::error::Error;

use iotda_ota_bench::{Meter, fixture, report};
use serde_json::{Map, Value, json};

struct Server {
    http: reqwest::Client,
    packages: String,
    token: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, project, token] = arguments.as_slice() else {
        return Err("usage: expectations URL PROJECT TOKEN".into());
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = Server {
        http: reqwest::Client::builder().no_proxy().build()?,
        packages: format!("{url}/v5/iot/{project}/ota-upgrades/packages"),
        token: token.clone(),
    };
    let meter = Meter::start();
    let met = server.ask().await?;
    report(meter.read(), [("met", met.into())]);
    Ok(())
}

impl Server {
    /// Each expectation, and whether it is met.
    async fn ask(&self) -> Result<Map<String, Value>, reqwest::Error> {
        let mut sent = fixture::create_body();
        sent["version"] = "expected-1".into();
        let (status, created) = self.send(self.http.post(&self.packages).json(&sent)).await?;
        let id = created["package_id"].as_str().unwrap_or("none").to_owned();
        let create = status == 201 && created["version"] == "expected-1";

        let one = format!("{}/{id}", self.packages);
        let (status, shown) = self.send(self.http.get(&one)).await?;
        let show = status == 200 && shown["package_id"] == id.as_str() && shown["version"] == "expected-1";

        let list = format!("{}?package_type=firmwarePackage&version=expected-1", self.packages);
        let (status, page) = self.send(self.http.get(&list)).await?;
        let listed = page["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let list = status == 200 && listed.len() == 1 && listed[0]["package_id"] == id.as_str();

        let (deleted, _) = self.send(self.http.delete(&one)).await?;
        let (gone, _) = self.send(self.http.get(&one)).await?;
        let delete = deleted == 204 && gone == 404;

        let (status, refused) = self.send(self.http.post(&self.packages).json(&json!({ "version": 1 }))).await?;
        let reason = refused["error_msg"].as_str().unwrap_or_default();
        let bad_field = status == 400 && !reason.is_empty() && reason != "string";

        let met = [("create", create), ("show", show), ("list", list), ("delete", delete), ("bad field", bad_field)];
        Ok(met.into_iter().map(|(what, met)| (what.to_owned(), met.into())).collect())
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<(u16, Value), reqwest::Error> {
        let answer = request.header("x-auth-token", &self.token).send().await?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}
