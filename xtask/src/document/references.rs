//! References: each leads somewhere, stands alone, and every component is in use. The same for security schemes and
//! tags, which are referred to by name.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Finding;
use super::place::Place;

/// Checks every reference of the document.
pub(super) fn check(root: &Place<'_>, findings: &mut Vec<Finding>) {
    dangling(root, findings);
    let mut reached = BTreeSet::new();
    if let Some(paths) = root.get("paths") {
        reach(&paths, &mut reached);
    }
    for name in required_schemes(root, findings) {
        reached.insert(format!("#/components/securitySchemes/{name}"));
    }
    for (_, section) in root.members_of("components") {
        for (_, component) in section.members() {
            if !reached.contains(component.pointer()) {
                component.report(findings, "nothing uses this component");
            }
        }
    }
    tags(root, findings);
}

/// Reports references that lead nowhere, or that have neighbors, which OpenAPI 3.0 ignores.
fn dangling(place: &Place<'_>, findings: &mut Vec<Finding>) {
    if let Some(reference) = place.text("$ref") {
        if place.target(reference).is_none() {
            place.report(findings, format!("`{reference}` leads nowhere"));
        }
        if place.members().count() > 1 {
            place.report(findings, "members beside `$ref` are ignored");
        }
    }
    for child in children(place) {
        dangling(&child, findings);
    }
}

/// Collects the components that can be reached from a place.
fn reach(place: &Place<'_>, reached: &mut BTreeSet<String>) {
    let target = place.text("$ref").and_then(|reference| place.target(reference));
    if let Some(target) = target
        && reached.insert(target.pointer().to_owned())
    {
        reach(&target, reached);
    }
    for child in children(place) {
        reach(&child, reached);
    }
}

fn children<'a>(place: &Place<'a>) -> Vec<Place<'a>> {
    let mut children: Vec<_> = place.members().map(|(_, child)| child).collect();
    for (name, child) in place.members() {
        if child.value().is_array() {
            children.extend(place.items_of(name));
        }
    }
    children
}

/// The names of the security schemes that are asked for somewhere; reports those that are not declared.
fn required_schemes(root: &Place<'_>, findings: &mut Vec<Finding>) -> Vec<String> {
    let operations = root.members_of("paths").into_iter().flat_map(|(_, path)| path.members().collect::<Vec<_>>());
    let holders = operations.map(|(_, operation)| operation).chain([root.clone()]);
    let requirements: Vec<_> = holders.flat_map(|holder| holder.items_of("security")).collect();
    if requirements.is_empty() {
        root.report(findings, "no `security`: nothing says how to authenticate");
    }
    let mut names = Vec::new();
    for (name, requirement) in requirements.iter().flat_map(Place::members) {
        if root.at(&["components", "securitySchemes", name]).is_none() {
            requirement.report(findings, format!("the security scheme `{name}` is not declared"));
        }
        names.push(name.to_owned());
    }
    names
}

/// Reports tags without a description and tags that no operation has.
fn tags(root: &Place<'_>, findings: &mut Vec<Finding>) {
    let operations = root.members_of("paths").into_iter().flat_map(|(_, path)| path.members().collect::<Vec<_>>());
    let used: BTreeSet<_> = operations
        .flat_map(|(_, operation)| operation.items_of("tags"))
        .filter_map(|tag| tag.value().as_str().map(str::to_owned))
        .collect();
    for tag in root.items_of("tags") {
        if !tag.is_described() {
            tag.report(findings, "the tag has no description");
        }
        if !tag.get("name").and_then(|name| name.value().as_str()).is_some_and(|name| used.contains(name)) {
            tag.report(findings, "no operation has this tag");
        }
    }
    let declared: Vec<_> = root.items_of("tags").iter().filter_map(|tag| tag.text("name")).collect();
    for (_, path) in root.members_of("paths") {
        for (_, operation) in path.members() {
            let tags = operation.items_of("tags");
            if tags.is_empty() {
                operation.report(findings, "the operation has no tag");
            }
            for tag in
                tags.iter().filter(|tag| !matches!(tag.value(), Value::String(name) if declared.contains(&&**name)))
            {
                tag.report(findings, "the tag is not declared");
            }
        }
    }
}
