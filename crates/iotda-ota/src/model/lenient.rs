//! Reading what the service shows so that one odd field does not cost the others.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ObsLocation;

/// Reads a field, or takes its default where the value is of another kind.
pub(crate) fn field<'de, D: Deserializer<'de>, T: Default + DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(T::deserialize(value).unwrap_or_default())
}

/// Reads a location, or what leads to one. A value that is no object says that there is a location, so it is one without
/// names: taken for none it would look as if the package had no file.
pub(super) fn location<'de, D: Deserializer<'de>, T: From<ObsLocation> + DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        value => value,
    };
    let read = value.is_object().then(|| T::deserialize(value).ok()).flatten();
    Ok(Some(read.unwrap_or_else(|| ObsLocation::default().into())))
}
