//! `iotda-ota package publish`.

use iotda_ota::{Client, Event, Outcome, PackageId, Phase, Published};

use super::release::Release;
use super::{Creating, create};
use crate::args::{IfExists, PublishArgs};
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
    let release = Release::new(args, target.bucket());
    let publish = |client: &Client| {
        release.request(client).verify_object(args.verify_object).if_exists(match args.if_exists {
            IfExists::Fail => iotda_ota::IfExists::Fail,
            IfExists::Skip => iotda_ota::IfExists::Skip,
            IfExists::Verify => iotda_ota::IfExists::Verify,
            IfExists::Replace => iotda_ota::IfExists::Replace,
        })
    };
    let explain = |failure| release.explain(failure);
    let client = target.client_unless(&release.problems(), |client| publish(client).validate()).map_err(explain)?;
    let progress = output.progress();
    let begins = creating.clone();
    let publish = publish(&client).on_progress(move |step| {
        if step.phase == Phase::Create {
            begins.begins(None);
        } else {
            progress.report(step);
        }
    });
    let (stage, notes) = (creating.clone(), output.clone());
    let publish = publish.on_event(move |event| match event {
        Event::Created { package_id, .. } => stage.created(package_id),
        Event::MakingRoom { package_id, .. } => stage.makes_room(package_id),
        Event::Withdrawing { package_id, .. } => stage.withdraws(package_id),
        Event::Restored { package_id, .. } => stage.restored(&package_id),
        Event::Waiting { process, .. } => {
            let who = process.map_or_else(|| "another process".to_owned(), |process| format!("process {process}"));
            notes.note(&format!("waiting for {who}, which publishes the same version or uploads to the same key"));
        }
        _ => {}
    });
    if args.dry_run {
        let plan = publish.plan().await.map_err(|error| explain(error.into()))?;
        output.end_progress();
        output.warnings(&plan.warnings);
        return create::dry_run(&plan.request, release.manifest(), &target.describe_unasked(&client), output);
    }
    let published = publish.send().await.map_err(|error| explain(error.into()))?;
    output.end_progress();
    output.warnings(&published.warnings);
    let target = target.describe(&client).await;
    output.document(&published, |out| summary(&published, release.manifest(), target).write(out))
}

fn summary(published: &Published, manifest: Option<String>, target: String) -> Fields {
    let mut fields = Fields::default();
    fields.add(
        "outcome",
        match published.outcome {
            Outcome::Created => "created",
            Outcome::Verified => "verified: it existed and was made from this file",
            Outcome::Skipped => "skipped: it existed and was left as it is",
            Outcome::Replaced => "replaced: it took the place of others with this version, which are deleted",
            _ => "done",
        },
    );
    text::package(&published.package, &mut fields);
    if !published.replaced.is_empty() {
        let ids: Vec<_> = published.replaced.iter().map(PackageId::as_str).collect();
        fields.add("replaced", ids.join(", "));
    }
    if let Some(size) = published.object.as_ref().and_then(|object| object.size) {
        fields.add("size", format!("{size} bytes"));
    }
    if let Some(manifest) = manifest {
        fields.add("manifest", manifest);
    }
    fields.add("target", target);
    fields
}
