//! `iotda-ota package create`, and the dry run that it shares with publish.

use iotda_ota::{Client, CreatePackage, CreateRequest, ObsLocation, OptionalRule, Sought};
use serde::Serialize;

use super::Creating;
use crate::args::CreateArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text::{self, Fields};
use crate::target::Target;

pub(super) async fn run(
    args: &CreateArgs,
    target: &Target,
    output: &Output,
    creating: &Creating,
) -> Result<(), Failure> {
    let client = target.client(|client| request(args, client, target.bucket()).validate())?;
    let create = request(args, &client, target.bucket());
    create.validate().map_err(iotda_ota::Error::from)?;
    output.warnings(&create.warnings());
    if args.dry_run {
        return dry_run(create.request(), None, &target.describe_unasked(&client), output);
    }
    let (begins, sought) = (creating.clone(), Sought::Package(Box::new(create.request().clone())));
    let created = create.on_progress(move |_| begins.begins(Some(sought.clone()))).send().await?;
    creating.created(created.package_id.clone());
    output.warnings(created.warnings());
    if created.is_found() {
        output.note("the create was not answered clearly; the package was found by looking it up");
    }
    let package = created.into_inner();
    let target = target.describe(&client).await;
    output.document(&package, |out| text::package_at(&package, target, out))
}

/// The request as the flags describe it. Those that are required here are not in the type, because publish may find
/// them in a manifest.
fn request(args: &CreateArgs, client: &Client, bucket: &str) -> CreatePackage {
    let described = &args.described;
    let mut location = ObsLocation::new(client.obs_region().unwrap_or_default(), bucket, &args.object_key);
    if let Some(sign) = &args.sign {
        location = location.sign(sign.clone());
    }
    let mut create = client.packages().create(
        described.app_id.clone().unwrap_or_default(),
        described.product_id.clone().unwrap_or_default(),
        described.package_type.clone().unwrap_or_default(),
        &args.version,
        location,
    );
    create = create.support_source_versions(described.support_source_versions.clone());
    if let Some(name) = &described.module_name {
        create = create.module_name(name);
    }
    if let Some(text) = &described.description {
        create = create.description(text);
    }
    if let Some(text) = &described.custom_info {
        create = create.custom_info(text);
    }
    if !args.allow.is_empty() {
        create = create.allow(OptionalRule::Suffix);
    }
    create
}

/// What a dry run prints.
#[derive(Serialize)]
struct DryRun<'a> {
    dry_run: bool,
    request: &'a CreateRequest,
}

/// Shows what would be sent, and the manifest that it comes from.
pub(super) fn dry_run(
    request: &CreateRequest,
    manifest: Option<String>,
    target: &str,
    output: &Output,
) -> Result<(), Failure> {
    output.document(&DryRun { dry_run: true, request }, |out| {
        let mut fields = Fields::default();
        fields.add("dry run", "nothing was sent; create would send this");
        if let Some(manifest) = manifest {
            fields.add("manifest", manifest);
        }
        fields.add("target", target);
        fields.write(out)?;
        text::json(request, out)
    })
}
