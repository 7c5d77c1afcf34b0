//! Links: from an answer to the operation that goes on with it. They drive `cargo xtask contract`, so each names an
//! operation and parameters that exist, and all that has to be in its path.

use std::collections::BTreeMap;

use super::Finding;
use super::place::Place;

/// Checks every link of the document.
pub(super) fn check(root: &Place<'_>, findings: &mut Vec<Finding>) {
    let paths = root.members_of("paths");
    let operations: Vec<_> =
        paths.iter().flat_map(|(_, path)| path.members()).map(|(_, operation)| operation).collect();
    let by_id: BTreeMap<_, _> =
        operations.iter().filter_map(|operation| Some((operation.text("operationId")?, operation))).collect();
    for (_, response) in operations.iter().flat_map(|operation| operation.members_of("responses")) {
        for (_, link) in response.resolve().members_of("links") {
            if !link.is_described() {
                link.report(findings, "the link has no description");
            }
            match link.text("operationId").and_then(|id| by_id.get(id)) {
                Some(target) => parameters(&link, target, findings),
                None => link.report(findings, "the link leads to no operation"),
            }
        }
    }
}

fn parameters(link: &Place<'_>, target: &Place<'_>, findings: &mut Vec<Finding>) {
    let given = link.members_of("parameters");
    let wanted: Vec<_> = target.items_of("parameters").iter().map(Place::resolve).collect();
    for (name, parameter) in &given {
        if !wanted.iter().any(|wanted| wanted.text("name") == Some(name)) {
            parameter.report(findings, format!("the operation has no parameter `{name}`"));
        }
    }
    for wanted in wanted.iter().filter(|wanted| wanted.text("in") == Some("path")) {
        let name = wanted.text("name").unwrap_or_default();
        if !given.iter().any(|(given, _)| *given == name) {
            link.report(findings, format!("the link does not give `{name}`, which is in the path"));
        }
    }
}
