//! `iotda-ota auth`: which credentials are used, and a login that is kept.

mod login;
mod password;
mod prompt;
mod status;

use iotda_ota::Login;
use serde::Serialize;

use super::running::{Creating, with_target};
use crate::args::{AuthCommand, Cli};
use crate::config::{self, Environment, Place, Settings};
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text::Fields;

/// Runs a command that speaks to a service.
pub(super) fn run(command: &AuthCommand, cli: &Cli, output: &Output) -> Result<(), Failure> {
    match command {
        AuthCommand::Status => {
            let settings = Settings::read(cli, Environment::PROCESS, true)?;
            let go_on = |_: &_| "run the same command again";
            with_target(settings, true, output, &Creating::default(), go_on, async |target| {
                status::run(target, output).await
            })
        }
        AuthCommand::Login(args) => {
            let settings = Settings::read(cli, Environment::PROCESS, false)?;
            if matches!(settings.place, Place::Emulator(_)) {
                return Err(Failure::usage(
                    "nobody can log in at the emulator inside the process: it has its own credentials",
                    "leave --emulator and IOTDA_OTA_EMULATOR out",
                ));
            }
            let kept = kept_login()?;
            login::run(args, settings, &kept, output)
        }
        AuthCommand::Logout => logout(output),
    }
}

/// Forgets the cached login, if there is one.
pub(super) fn logout(output: &Output) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct LoggedOut {
        logged_out: bool,
        was_logged_in: bool,
    }
    let kept = kept_login()?;
    let was_logged_in = kept.forget().map_err(|error| {
        Failure::fault(&format!("the cached login {} cannot be removed", kept.file().display()), &error)
    })?;
    output.document(&LoggedOut { logged_out: true, was_logged_in }, |out| {
        let mut fields = Fields::default();
        fields.add("logged out", if was_logged_in { "yes; the token is forgotten" } else { "nobody was logged in" });
        fields.write(out)
    })
}

/// Where a login is kept.
fn kept_login() -> Result<Login, Failure> {
    config::login_file(Environment::PROCESS).map(Login::new).ok_or_else(|| {
        let hint = "name a folder for it with IOTDA_OTA_STATE_DIR";
        Failure::usage("there is no folder for a login, because you have no home folder", hint)
    })
}
