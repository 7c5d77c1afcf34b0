//! What must exist according to what callers were told, and how it compares with what does exist.

use std::collections::BTreeMap;

use iotda_ota::{Package, PackageId};

/// What a caller was told last about a version that nobody else touches.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// It exists, as this package.
    Exists(PackageId),
    /// There is none.
    Nothing,
    /// Nobody knows whether there is one.
    Unknown,
}

/// How what exists differs from what callers were told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Differences {
    /// Versions with more than one package.
    pub(crate) duplicates: Vec<String>,
    /// Packages that a caller was told to exist and that do not.
    pub(crate) lost: Vec<String>,
    /// Packages that exist though a caller was told otherwise, or as another package than told.
    pub(crate) wrong: Vec<String>,
}

/// Compares the two.
pub(crate) fn compare(told: &BTreeMap<String, Told>, found: &[Package]) -> Differences {
    let mut by_version = BTreeMap::<&str, Vec<&PackageId>>::new();
    for package in found {
        by_version.entry(package.version.as_str()).or_default().push(&package.package_id);
    }
    let mut differences = Differences::default();
    for (version, told) in told {
        let found = by_version.remove(version.as_str()).unwrap_or_default();
        if found.len() > 1 {
            differences.duplicates.push(format!("{version}: {found:?}"));
        }
        match told {
            Told::Exists(id) if found.is_empty() => differences.lost.push(format!("{version}: {id}")),
            Told::Exists(id) if !found.contains(&id) => {
                differences.wrong.push(format!("{version}: {found:?}, not {id}"));
            }
            Told::Nothing if !found.is_empty() => differences.wrong.push(format!("{version}: {found:?}, not nothing")),
            _ => {}
        }
    }
    differences.wrong.extend(by_version.keys().map(|version| format!("{version}: nobody created it")));
    differences
}
