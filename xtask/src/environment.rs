//! The environment of programs that are run: nothing of the user's that would change their behavior.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// What a suite must not take from the user's environment: settings and credentials of ours and of the official SDKs.
const FOREIGN: [&str; 3] = ["IOTDA_OTA_", "HUAWEICLOUD_", "OBS_"];

/// A command with a home of its own and without what would change its behavior.
pub(crate) fn isolated(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_uppercase();
        if FOREIGN.iter().any(|prefix| text.starts_with(prefix)) || text.ends_with("_PROXY") || text == "PYTHONPATH" {
            command.env_remove(name);
        }
    }
    for name in ["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"] {
        command.env(name, home);
    }
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
        command.env_remove(name);
    }
    command.env("IOTDA_OTA_METADATA", "off");
    command
}
