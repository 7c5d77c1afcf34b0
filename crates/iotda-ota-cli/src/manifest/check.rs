//! The rules of packages, applied to a manifest by the library itself.
//!
//! A manifest is only a part of a package. What it leaves to flags is filled up with values that keep every rule, so
//! that the library judges what is there and nothing else.

use std::path::Path;

use iotda_ota::{Client, PackageType, PackageVersion};

use super::read::shown;
use super::{Manifest, Read, key_pattern};
use crate::failure::Problem;

/// A value that keeps every rule. It ends like a firmware file, because a pattern may end in anything.
const ANYTHING: &str = "any.bin";

/// Everything that is wrong with a manifest, in the order of the file. The client sends nothing.
pub(crate) fn problems(read: &Read, client: &Client) -> Vec<Problem> {
    let mut problems = read.problems.clone();
    let (file, version) = (Path::new(ANYTHING), PackageVersion::from(ANYTHING));
    let mut manifest = read.manifest.clone().or(&anything(&read.manifest));
    // What is no placeholder was reported when it was read, and should not hide what is wrong with the rest.
    manifest.object_key = manifest.object_key.map(|pattern| key_pattern::mended(&pattern, ANYTHING));
    let key = manifest.key(file, &version).ok().flatten();
    let request = manifest.publish(client, file, &version, Some(key.as_deref().unwrap_or(ANYTHING)));
    if let Err(violations) = request.validate() {
        // Only what stands in the manifest has a place in it; there is no firmware file, for one.
        problems.extend(violations.iter().map(Problem::from).filter_map(|problem| {
            let (field, at) = (problem.name().to_owned(), read.place(problem.name())?.clone());
            // What a pattern makes of the values above stands nowhere.
            let pattern = read.manifest.object_key.as_deref().filter(|_| field == "object_key");
            let value = pattern.map_or_else(|| problem.value.clone(), |pattern| shown(pattern).to_owned());
            Some(Problem { field, value, ..problem.in_manifest(at) })
        }));
    }
    problems.sort_by_key(|problem| problem.at.as_ref().map(|place| (place.line, place.column)));
    problems
}

/// Values for whatever the manifest leaves out.
fn anything(manifest: &Manifest) -> Manifest {
    let is_module = match &manifest.package_type {
        Some(package_type) => *package_type == PackageType::Module,
        None => manifest.module_name.is_some(),
    };
    Manifest {
        app_id: Some("any".into()),
        product_id: Some("any".into()),
        package_type: Some(if is_module { PackageType::Module } else { PackageType::Firmware }),
        module_name: is_module.then(|| ANYTHING.to_owned()),
        bucket_name: Some("any".to_owned()),
        ..Manifest::default()
    }
}
