//! `iotda-ota package list`: as many pages as it takes.

use std::pin::pin;

use futures_util::TryStreamExt;
use iotda_ota::{Client, ListPackages, Package};
use serde::Serialize;

use crate::args::ListArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text;
use crate::target::Target;

/// What is printed, in the shape of the service's own answer.
#[derive(Serialize)]
struct Listed {
    packages: Vec<Package>,
    page: Page,
}

#[derive(Serialize)]
struct Page {
    /// How many there are, as the service counts them.
    count: Option<u64>,
    /// Where the next page begins; nothing if the last one was reached.
    marker: Option<String>,
}

pub(super) async fn run(args: &ListArgs, target: &Target, output: &Output) -> Result<(), Failure> {
    let client = target.client(|client| request(args, client).validate())?;
    let list = request(args, &client);
    let listed = fetch(list, (!args.all).then_some(args.limit)).await?;
    output.document(
        &listed,
        |out| {
            if listed.packages.is_empty() { Ok(()) } else { text::table(&listed.packages, out) }
        },
    )?;
    output.note(&summary(&listed, &target.describe(&client).await));
    Ok(())
}

fn request(args: &ListArgs, client: &Client) -> ListPackages {
    let mut list = client.packages().list(args.package_type.clone());
    if let Some(app_id) = &args.app_id {
        list = list.app_id(app_id);
    }
    if let Some(product_id) = &args.product_id {
        list = list.product_id(product_id);
    }
    if let Some(version) = &args.version {
        list = list.version(version);
    }
    list
}

/// Asks for pages until as many as wanted are there, or there are no more.
async fn fetch(list: ListPackages, most: Option<u64>) -> Result<Listed, Failure> {
    let list = if let Some(most) = most { list.at_most(most) } else { list };
    let mut listed = Listed { packages: Vec::new(), page: Page { count: None, marker: None } };
    let mut pages = pin!(list.pages());
    while let Some(mut page) = pages.try_next().await? {
        listed.packages.append(&mut page.packages);
        listed.page = Page { count: page.count.or(listed.page.count), marker: page.marker };
    }
    // Behind the last package there is nothing to go on to.
    let shown = Some(listed.packages.len() as u64);
    listed.page.marker.take_if(|_| shown != most || shown == listed.page.count);
    Ok(listed)
}

/// How many of how many, where, and how to see the rest.
fn summary(listed: &Listed, target: &str) -> String {
    let shown = listed.packages.len() as u64;
    let count = listed.page.count.unwrap_or(shown).max(shown);
    let noun = if count == 1 { "package" } else { "packages" };
    match (shown, count) {
        (0, _) => format!("no packages; target {target}"),
        (shown, count) if shown == count => format!("{shown} {noun}; target {target}"),
        (shown, count) => format!("{shown} of {count} {noun}, --all lists every one; target {target}"),
    }
}
