//! Where each setting came from, so that what is wrong with it is blamed on the right flag, variable or line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::Environment;
use super::profile::Profile;

/// What says where objects are, which is no matter for packages.
const OF_OBJECTS: [&str; 3] = ["obs_endpoint", "obs_region", "bucket"];

/// Where settings came from, by the names that profiles have for them.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Origins(BTreeMap<&'static str, String>);

impl Origins {
    /// Where the value of a field came from, if anybody gave it. The field may be a path on the wire.
    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        let name = field.rsplit_once("obs_location.").map_or(field, |(_, name)| name);
        let known = |key| self.0.get(key).map(String::as_str);
        match name {
            "Instance-Id" => known("instance_id"),
            "bucket_name" => known("bucket"),
            // The region of a location is that of the bucket, else the general one.
            "region_name" => known("obs_region").or_else(|| known("region")),
            _ => known(name),
        }
    }
}

/// Looks a setting up in flag, environment and profile, in this order, and notes where it was found.
pub(super) struct Sources<'a> {
    environment: Environment<'a>,
    profile: &'a Profile,
    origins: Origins,
    /// What came from flags and variables.
    given: Vec<(&'static str, String)>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(environment: Environment<'a>, profile: &'a Profile) -> Self {
        Self { environment, profile, origins: Origins::default(), given: Vec::new() }
    }

    /// A text. The flag is called like the key, with hyphens.
    pub(super) fn text(&mut self, key: &'static str, flag: &Option<String>, variable: &str) -> Option<String> {
        let by_flag = || flag.clone().map(|value| (value, flag_of(key)));
        let by_variable = || self.environment.text(variable).map(|value| (value, variable.to_owned()));
        let given = by_flag().or_else(by_variable);
        if let Some((value, _)) = &given {
            self.give(key, value);
        }
        self.noted(key, given.or_else(|| self.profile.text(key)))
    }

    /// The address of IoTDA that a variable of the official SDKs gives to a region, in place of the one that they know. It
    /// may be a list, of which they take the first (huaweicloudsdkcore 3.1.219, `region/provider.py`).
    pub(super) fn endpoint_of_region(&mut self, region: &str) -> Option<String> {
        let variable = format!("HUAWEICLOUD_SDK_REGION_IOTDA_{}", region.replace('-', "_").to_uppercase());
        let text = self.environment.text(&variable)?;
        let first = text.split(',').map(str::trim).find(|address| !address.is_empty())?;
        self.noted("endpoint", Some((first.to_owned(), variable)))
    }

    /// A path; that of a profile is relative to its folder.
    pub(super) fn path(&mut self, key: &'static str, flag: &Option<PathBuf>, variable: &str) -> Option<PathBuf> {
        let by_flag = || flag.clone().map(|value| (value, flag_of(key)));
        let by_variable = || self.environment.path(variable).map(|value| (value, variable.to_owned()));
        let given = by_flag().or_else(by_variable);
        if let Some((value, _)) = &given {
            self.give(key, &value.display().to_string());
        }
        self.noted(key, given.or_else(|| self.profile.path(key)))
    }

    /// Notes where a setting was found that is looked up elsewhere.
    pub(super) fn note(&mut self, key: &'static str, origin: Option<String>) {
        self.origins.0.extend(origin.map(|origin| (key, origin)));
    }

    /// Notes what was given with a flag, or with a variable that says the same.
    pub(super) fn give(&mut self, key: &'static str, value: &str) {
        self.given.push((key, value.to_owned()));
    }

    /// The flags that say where packages are, as far as they or their variables were given. None of them is a secret.
    pub(super) fn where_it_is(&self) -> Vec<String> {
        let given = self.given.iter().filter(|(key, _)| !OF_OBJECTS.contains(key));
        given.flat_map(|(key, value)| [flag_of(key), value.clone()]).collect()
    }

    /// What was noted.
    pub(super) fn origins(self) -> Origins {
        self.origins
    }

    fn noted<T>(&mut self, key: &'static str, found: Option<(T, String)>) -> Option<T> {
        found.map(|(value, origin)| {
            self.origins.0.insert(key, origin);
            value
        })
    }
}

/// The flag of a key, which has hyphens.
pub(super) fn flag_of(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}
