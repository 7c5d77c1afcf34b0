//! `iotda-ota package delete`.

use iotda_ota::PackageId;
use serde::Serialize;

use crate::args::DeleteArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text::Fields;
use crate::target::Target;

/// What is printed.
#[derive(Serialize)]
struct Deleted<'a> {
    package_id: &'a PackageId,
    deleted: bool,
}

pub(super) async fn run(args: &DeleteArgs, target: &Target, output: &Output) -> Result<(), Failure> {
    let package_id = &args.package_id;
    let client = target.client(|client| client.packages().delete(package_id).validate())?;
    client.packages().delete(package_id).send().await?;
    let target = target.describe(&client).await;
    output.document(&Deleted { package_id, deleted: true }, |out| {
        let mut fields = Fields::default();
        fields.add("package_id", package_id.as_str());
        fields.add("deleted", "yes; its object stays in OBS");
        fields.add("target", target);
        fields.write(out)
    })
}
