//! The folders of the user: for data, for configuration, and for state.

use std::path::{Path, PathBuf};

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
    state_dir(environment).map(|folder| folder.join("login.json"))
}

/// The folder of what is kept from one command to the next, unless the user has no home folder.
pub(super) fn state_dir(environment: Environment<'_>) -> Option<PathBuf> {
    environment.path("IOTDA_OTA_STATE_DIR").or_else(|| {
        let folders = choose_native_strategy().ok()?;
        // Not every system has a folder for state.
        Some(folders.state_dir().unwrap_or_else(|| folders.data_dir()).join(NAME))
    })
}

/// The same for an emulator inside the process: it goes when the data of the emulator goes.
pub(super) fn emulator_state_dir(emulator: &Path, environment: Environment<'_>) -> PathBuf {
    environment.path("IOTDA_OTA_STATE_DIR").unwrap_or_else(|| emulator.join("client-state"))
}
