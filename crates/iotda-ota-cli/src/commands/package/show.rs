//! `iotda-ota package show`.

use crate::args::ShowArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text;
use crate::target::Target;

pub(super) async fn run(args: &ShowArgs, target: &Target, output: &Output) -> Result<(), Failure> {
    let client = target.client(|client| client.packages().show(&args.package_id).validate())?;
    let package = client.packages().show(&args.package_id).send().await?.into_inner();
    let target = target.describe(&client).await;
    output.document(&package, |out| text::package_at(&package, target, out))
}
