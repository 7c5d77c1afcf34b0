//! The folders of the user: for data, for configuration, and for state.

use std::path::PathBuf;

use etcetera::BaseStrategy;
use etcetera::base_strategy::choose_native_strategy;

use super::Environment;
use crate::failure::Failure;

/// The name of ours in each of them.
const NAME: &str = "iotda-ota";

/// The folder of an emulator: the flag, the environment, or one below the user's data folder.
pub(crate) fn emulator_dir(
    flag: Option<&PathBuf>,
    name: &str,
    environment: Environment<'_>,
) -> Result<PathBuf, Failure> {
    if let Some(folder) = flag.cloned().or_else(|| environment.path("IOTDA_OTA_EMULATOR_DIR")) {
        return Ok(folder);
    }
    match choose_native_strategy() {
        Ok(folders) => Ok(folders.data_dir().join(NAME).join("emulator")),
        Err(_) => {
            let hint = format!("name a folder for the emulator with {name}");
            Err(Failure::usage("your data folder is not known, because you have no home folder", hint))
        }
    }
}

/// The file with the profiles, unless the user has no home folder.
pub(super) fn config_file() -> Option<PathBuf> {
    choose_native_strategy().ok().map(|folders| folders.config_dir().join(NAME).join("config.toml"))
}

/// The file of the cached login, unless there is no folder for it.
pub(crate) fn login_file(environment: Environment<'_>) -> Option<PathBuf> {
    let folder = environment.path("IOTDA_OTA_STATE_DIR").or_else(|| {
        let folders = choose_native_strategy().ok()?;
        // Not every system has a folder for state.
        Some(folders.state_dir().unwrap_or_else(|| folders.data_dir()).join(NAME))
    });
    folder.map(|folder| folder.join("login.json"))
}
