//! `iotda-ota package publish`.

use iotda_ota::{Client, OptionalRule, Outcome, Phase, Publish, Published};

use super::{Creating, create};
use crate::args::{Allow, IfExists, PublishArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text::{self, Fields};
use crate::target::Target;

pub(super) async fn run(
    args: &PublishArgs,
    target: &Target,
    output: &Output,
    creating: &Creating,
) -> Result<(), Failure> {
    let client = target.client(|client| request(args, client, target.bucket()).validate())?;
    let progress = output.progress();
    let creating = creating.clone();
    let publish = request(args, &client, target.bucket()).on_progress(move |step| {
        if step.phase == Phase::Create {
            creating.set(true);
        } else {
            progress.report(step);
        }
    });
    if args.dry_run {
        let plan = publish.plan().await?;
        output.end_progress();
        output.warnings(&plan.warnings);
        return create::dry_run(&plan.request, &target.describe_unasked(&client), output);
    }
    let published = publish.send().await?;
    output.end_progress();
    output.warnings(&published.warnings);
    let target = target.describe(&client).await;
    output.document(&published, |out| summary(&published, target).write(out))
}

/// The request as the flags describe it.
fn request(args: &PublishArgs, client: &Client, bucket: &str) -> Publish {
    let described = &args.described;
    let mut publish = client.publish(
        &args.file,
        &described.app_id,
        &described.product_id,
        described.package_type.clone(),
        &described.version,
    );
    publish = publish.bucket(bucket).support_source_versions(described.support_source_versions.clone());
    if let Some(key) = &args.object_key {
        publish = publish.object_key(key);
    }
    if let Some(name) = &described.module_name {
        publish = publish.module_name(name);
    }
    if let Some(text) = &described.description {
        publish = publish.description(text);
    }
    if let Some(text) = &described.custom_info {
        publish = publish.custom_info(text);
    }
    for rule in &args.allow {
        publish = publish.allow(match rule {
            Allow::Suffix => OptionalRule::Suffix,
            Allow::Size => OptionalRule::Size,
        });
    }
    publish.if_exists(match args.if_exists {
        IfExists::Fail => iotda_ota::IfExists::Fail,
        IfExists::Skip => iotda_ota::IfExists::Skip,
        IfExists::Verify => iotda_ota::IfExists::Verify,
    })
}

fn summary(published: &Published, target: String) -> Fields {
    let mut fields = Fields::default();
    fields.add(
        "outcome",
        match published.outcome {
            Outcome::Created => "created",
            Outcome::Verified => "verified: it existed and was made from this file",
            Outcome::Skipped => "skipped: it existed and was left as it is",
            _ => "done",
        },
    );
    text::package(&published.package, &mut fields);
    if let Some(size) = published.object.as_ref().and_then(|object| object.size) {
        fields.add("size", format!("{size} bytes"));
    }
    fields.add("target", target);
    fields
}
