//! `iotda-ota package show`.

use crate::args::ShowArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text::{self, Fields};
use crate::target::Target;

pub(super) async fn run(args: &ShowArgs, target: &Target, output: &Output) -> Result<(), Failure> {
    let client = target.client(|client| client.packages().show(&args.package_id).validate())?;
    let package = client.packages().show(&args.package_id).send().await?.into_inner();
    let target = target.describe(&client).await;
    output.document(&package, |out| {
        let mut fields = Fields::default();
        text::package(&package, &mut fields);
        fields.add("target", target);
        fields.write(out)
    })
}
