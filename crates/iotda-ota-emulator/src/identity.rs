//! Who the emulator is: the region, project, bucket and credentials it accepts. Fixed, and plainly not real.

/// The region it claims to be.
pub(crate) const REGION: &str = "emulator-1";

/// The one project it has.
pub(crate) const PROJECT_ID: &str = "emulator-project";

/// The one token it accepts in `X-Auth-Token`.
pub(crate) const TOKEN: &str = "emulator-token";

/// The id of the one access key it accepts.
pub(crate) const ACCESS_KEY_ID: &str = "EMULATOR-ACCESS-KEY";

/// The secret of that access key.
pub(crate) const SECRET_ACCESS_KEY: &str = "emulator-secret-key";

/// The bucket that exists from the start.
pub(crate) const BUCKET: &str = "emulator-bucket";
