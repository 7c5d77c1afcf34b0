//! Lists one page of packages with the client of another cloud's device service.

use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let configuration = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = aws_sdk_iot::Client::new(&configuration);
    for package in client.list_packages().send().await?.package_summaries() {
        println!("{}", package.package_name().unwrap_or_default());
    }
    Ok(())
}
