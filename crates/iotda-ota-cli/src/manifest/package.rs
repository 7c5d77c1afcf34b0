//! From manifests to a package: one above the other, and then the request of the library.

use std::path::Path;

use iotda_ota::{Client, OptionalRule, PackageVersion, Publish};
use toml::Table;

use super::Manifest;
use super::key_pattern::{self, Values};
use crate::args::{Allow, Described};

impl From<&Described> for Manifest {
    fn from(flags: &Described) -> Self {
        let sources = &flags.support_source_versions;
        Self {
            app_id: flags.app_id.clone(),
            product_id: flags.product_id.clone(),
            package_type: flags.package_type.clone(),
            module_name: flags.module_name.clone(),
            support_source_versions: (!sources.is_empty()).then(|| sources.clone()),
            description: flags.description.clone(),
            custom_info: flags.custom_info.clone(),
            ..Self::default()
        }
    }
}

impl Manifest {
    /// True if there is a value with this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        Table::try_from(self).is_ok_and(|values| values.contains_key(key))
    }

    /// What stands here, and for what does not the other.
    pub(crate) fn or(self, other: &Self) -> Self {
        Self {
            app_id: self.app_id.or_else(|| other.app_id.clone()),
            product_id: self.product_id.or_else(|| other.product_id.clone()),
            package_type: self.package_type.or_else(|| other.package_type.clone()),
            module_name: self.module_name.or_else(|| other.module_name.clone()),
            support_source_versions: self.support_source_versions.or_else(|| other.support_source_versions.clone()),
            description: self.description.or_else(|| other.description.clone()),
            custom_info: self.custom_info.or_else(|| other.custom_info.clone()),
            bucket_name: self.bucket_name.or_else(|| other.bucket_name.clone()),
            object_key: self.object_key.or_else(|| other.object_key.clone()),
            allow: self.allow.or_else(|| other.allow.clone()),
        }
    }

    /// The object key that the pattern makes, if there is one.
    ///
    /// # Errors
    ///
    /// The name of a placeholder for which there is no value.
    pub(crate) fn key(&self, file: &Path, version: &PackageVersion) -> Result<Option<String>, &str> {
        let Some(pattern) = &self.object_key else { return Ok(None) };
        let text = |value: Option<&'_ str>| value.unwrap_or_default().to_owned();
        let values = Values {
            app_id: &text(self.app_id.as_ref().map(|id| id.as_str())),
            product_id: &text(self.product_id.as_ref().map(|id| id.as_str())),
            package_type: &text(self.package_type.as_ref().map(|known| known.as_str())),
            module_name: self.module_name.as_deref(),
            version: version.as_str(),
            file_name: file.file_name().and_then(|name| name.to_str()),
        };
        key_pattern::expand(pattern, &values).map(Some)
    }

    /// The request that publishes a file with this key. What is missing is left empty, which the library reports.
    pub(crate) fn publish(&self, client: &Client, file: &Path, version: &PackageVersion, key: Option<&str>) -> Publish {
        let mut publish = client.publish(
            file,
            self.app_id.clone().unwrap_or_default(),
            self.product_id.clone().unwrap_or_default(),
            self.package_type.clone().unwrap_or_default(),
            version,
        );
        publish = publish.bucket(self.bucket_name.clone().unwrap_or_default());
        publish = publish.support_source_versions(self.support_source_versions.clone().unwrap_or_default());
        if let Some(key) = key {
            publish = publish.object_key(key);
        }
        if let Some(name) = &self.module_name {
            publish = publish.module_name(name);
        }
        if let Some(text) = &self.description {
            publish = publish.description(text);
        }
        if let Some(text) = &self.custom_info {
            publish = publish.custom_info(text);
        }
        for rule in self.allow.iter().flatten() {
            publish = publish.allow(match rule {
                Allow::Suffix => OptionalRule::Suffix,
                Allow::Size => OptionalRule::Size,
            });
        }
        publish
    }
}
