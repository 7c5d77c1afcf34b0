//! `iotda-ota package delete`.

use iotda_ota::{ObsLocation, PackageId};
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
    /// The object that went with it; there from the moment that it was to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Option<ObsLocation>>,
}

pub(super) async fn run(args: &DeleteArgs, target: &Target, output: &Output) -> Result<(), Failure> {
    let package_id = &args.package_id;
    let client = target.client(|client| client.packages().delete(package_id).validate())?;
    let delete = client.packages().delete(package_id);
    let object = if args.with_object {
        Some(delete.with_object().send().await?.object)
    } else {
        delete.send().await?;
        None
    };
    let target = target.describe(&client).await;
    let deleted = Deleted { package_id, deleted: true, object };
    output.document(&deleted, |out| {
        let mut fields = Fields::default();
        fields.add("package_id", package_id.as_str());
        match &deleted.object {
            None => fields.add("deleted", "yes; its object stays in OBS"),
            Some(None) => fields.add("deleted", "yes; it named no object"),
            Some(Some(object)) => {
                fields.add("deleted", "yes, with its object");
                fields.add("bucket_name", &object.bucket_name);
                fields.add("object_key", &object.object_key);
            }
        }
        fields.add("target", target);
        fields.write(out)
    })
}
