//! Checks before anything is sent: every documented rule, all violations at once.
//!
//! [`Violation`] and [`Violations`] are what callers see; the rules themselves are in [`rules`], one function for
//! each field. Only what the API reference states is refused; what merely looks wrong is a [`Warning`].

use std::fmt;

use serde::Serialize;

pub(crate) mod rules;

/// One value that breaks one documented rule.
///
/// ```
/// # fn main() -> Result<(), iotda_ota::Error> {
/// # let client = iotda_ota::Client::builder().endpoint("http://127.0.0.1:9").project_id("p").token("fake").build()?;
/// let violations = client.packages().show("an id").validate().unwrap_err();
/// for violation in &violations {
///     assert_eq!(violation.field, "package_id");
///     assert_eq!(violation.rule, "only letters, digits and -");
///     println!("{violation}");
/// }
/// # Ok(()) }
/// ```
///
/// `field` is the path on the wire (`file_location.obs_location.object_key`), or `file` for the local file. The rules
/// are those of the pages of the reference that the operations name, such as [`CreatePackage`](crate::CreatePackage);
/// [`Violations`] holds all that one request breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Violation {
    /// The path of the field on the wire, or `file`.
    pub field: String,
    /// The rule, as a phrase: `at most 36 characters`.
    pub rule: String,
    /// What was found, in quotes and shortened; empty if there was nothing.
    pub value: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: must be {}", self.field, self.rule)?;
        if !self.value.is_empty() {
            write!(f, ", is {}", self.value)?;
        }
        write!(f, "; {}", self.help)
    }
}

/// Every violation that one request holds, in the order of its fields.
///
/// ```
/// # fn main() -> Result<(), iotda_ota::Error> {
/// # let client = iotda_ota::Client::builder().endpoint("http://127.0.0.1:9").project_id("p").token("fake").build()?;
/// use iotda_ota::{ObsLocation, PackageType};
///
/// let create = client.packages().create(
///     "an app",
///     "product",
///     PackageType::Firmware,
///     "2 0",
///     ObsLocation::new("cn-north-4", "A_", "upgrade.txt"),
/// );
/// let violations = create.validate().unwrap_err();
/// let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
/// assert_eq!(
///     fields,
///     [
///         "app_id",
///         "version",
///         "file_location.obs_location.bucket_name",
///         "file_location.obs_location.bucket_name",
///         "file_location.obs_location.object_key",
///     ],
/// );
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Violations(Vec<Violation>);

impl Violations {
    /// The violations one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if every rule is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, field: &str, rule: impl Into<String>, value: &str, help: impl Into<String>) {
        let violation =
            Violation { field: field.to_owned(), rule: rule.into(), value: shown(value), help: help.into() };
        self.0.push(violation);
    }

    /// Adds a violation whose value is secret.
    pub(crate) fn add_hidden(&mut self, field: &str, rule: &str, help: &str) {
        self.add_described(field, rule, "(not shown)".to_owned(), help);
    }

    /// Adds a violation whose value is described and not quoted.
    pub(crate) fn add_described(&mut self, field: &str, rule: &str, value: String, help: impl Into<String>) {
        let violation = Violation { field: field.to_owned(), rule: rule.to_owned(), value, help: help.into() };
        self.0.push(violation);
    }

    /// `Ok` if there are none.
    pub(crate) fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// Something that no documented rule forbids but that is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// The path of the field on the wire, or `file`.
    pub field: String,
    /// What looks wrong, and why it may matter.
    pub message: String,
}

impl Warning {
    pub(crate) fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// A rule of the original reference page that newer service texts no longer state, so that it can be switched off.
///
/// ```
/// # fn main() -> Result<(), iotda_ota::Error> {
/// # let client = iotda_ota::Client::builder().endpoint("http://127.0.0.1:9").project_id("p").token("fake").build()?;
/// use iotda_ota::{ObsLocation, OptionalRule, PackageType};
///
/// let location = ObsLocation::new("cn-north-4", "firmware", "upgrade.uf2");
/// let create = client.packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location);
/// assert!(create.validate().is_err());
/// create.allow(OptionalRule::Suffix).validate()?;
/// # Ok(()) }
/// ```
///
/// Both are stated by the page [Create an OTA Upgrade Package][page]; the models of the official Python SDK
/// (huaweicloudsdkiotda 3.1.219) have neither.
///
/// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/CreateOtaPackage.html
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OptionalRule {
    /// The object key ends in one of the listed suffixes.
    Suffix,
    /// The file has at most 1 GB, taken as 2^30 bytes.
    Size,
}

/// A value as a message shows it: in quotes, on one line, not longer than a line.
fn shown(value: &str) -> String {
    const LONGEST: usize = 60;
    if value.is_empty() {
        return String::new();
    }
    let count = value.chars().count();
    if count <= LONGEST {
        return format!("{value:?}");
    }
    let start: String = value.chars().take(LONGEST).collect();
    format!("{start:?}... ({count} characters)")
}
