//! The variables that sources look at.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use secrecy::zeroize::Zeroizing;

/// Where sources look up environment variables: those of the process, or given ones.
///
/// ```
/// use iotda_ota::Variables;
///
/// let variables = Variables::given([("HUAWEICLOUD_SDK_AK", "FAKE-ACCESS-KEY-ID"), ("EMPTY", "")]);
/// assert_eq!(variables.get("HUAWEICLOUD_SDK_AK").as_deref(), Some("FAKE-ACCESS-KEY-ID"));
/// assert_eq!(variables.get("EMPTY"), None);
/// assert_eq!(variables.get("HOME"), None);
/// ```
///
/// An empty variable counts as unset. `Debug` shows no values, and given ones are wiped when the last copy goes.
#[derive(Clone)]
pub struct Variables(Arc<Lookup>);

/// Finds a variable by its name.
type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Variables {
    /// The environment of the process, looked up when it is needed.
    pub fn process() -> Self {
        // What is no text gets replacement characters, which no rule accepts, so that it is reported as wrong and not
        // as missing.
        Self(Arc::new(|name| {
            let bytes = Zeroizing::new(std::env::var_os(name)?.into_encoded_bytes());
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }))
    }

    /// Only the given ones.
    pub fn given<K: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (K, V)>) -> Self {
        let map: HashMap<String, Zeroizing<String>> =
            variables.into_iter().map(|(name, value)| (name.into(), Zeroizing::new(value.into()))).collect();
        Self(Arc::new(move |name| map.get(name).map(|value| value.to_string())))
    }

    /// The value of a variable, if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// The same for a secret, which is wiped when it is dropped.
    pub(super) fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        self.get(name).map(Zeroizing::new)
    }
}

impl Default for Variables {
    fn default() -> Self {
        Self::process()
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables(..)")
    }
}
