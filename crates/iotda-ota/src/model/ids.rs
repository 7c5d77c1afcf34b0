//! Identifiers and versions: texts that must not be mistaken for one another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// True if there is no text, which is how an answer that lacks the field shows.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&$name> for $name {
            fn from(other: &$name) -> Self {
                other.clone()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }
    };
}

text_type! {
    /// Identifies an upgrade package (升级包ID); given by the service.
    ///
    /// At most 36 letters, digits and `-`, as the page [Obtain OTA Upgrade Package Details][page] states. Seen with 24
    /// and with 32 hexadecimal digits, so no length is assumed.
    ///
    /// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/ShowOtaPackage.html
    PackageId
}

text_type! {
    /// Identifies an app, which the service also calls a resource space (资源空间ID).
    ///
    /// At most 36 letters, digits, `_` and `-`, as the page [Create an OTA Upgrade Package][page] states.
    ///
    /// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/CreateOtaPackage.html
    AppId
}

text_type! {
    /// Identifies a product, the model of a device (产品ID).
    ///
    /// At most 36 letters, digits, `_` and `-`, as the page [Create an OTA Upgrade Package][page] states.
    ///
    /// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/CreateOtaPackage.html
    ProductId
}

text_type! {
    /// Identifies a project, the region-scoped account scope in every path (项目ID).
    ///
    /// The reference states no rule for its characters; checked is only that it stays one segment of the path.
    ProjectId
}

text_type! {
    /// Identifies an instance, one deployment of the service (实例ID); sent as the header `Instance-Id`.
    ///
    /// At most 36 characters, as older revisions of the page [Create an OTA Upgrade Package][page] state.
    ///
    /// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/CreateOtaPackage.html
    InstanceId
}

text_type! {
    /// The version of a package, or one that it may upgrade (升级包版本号).
    ///
    /// Letters, digits, `_`, `-` and `.`; a package's own version has at most 256 of them, as the page [Create an OTA
    /// Upgrade Package][page] states. A device is upgraded when the version that it then reports equals the package's.
    ///
    /// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/CreateOtaPackage.html
    PackageVersion
}
