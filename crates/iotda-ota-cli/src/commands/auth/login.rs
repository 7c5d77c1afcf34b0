//! `iotda-ota auth login`: a token for a user name and password, of which only the token is kept.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Read};
use std::time::Duration;

use iotda_ota::{Login, Password};
use serde::Serialize;
use tokio::task::{JoinHandle, spawn_blocking};

use super::super::running::{no_runtime, runtime};
use crate::args::LoginArgs;
use crate::config::Settings;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text::{Fields, Shown};
use crate::signals::{Signal, Signals};
use crate::target::Target;

/// What an interruption means here.
const NOT_LOGGED_IN: &str = "nothing was kept; run the same command again";

/// The longest password that is read from a pipe.
const LONGEST: u64 = 4096;

/// How long the terminal has to show again what is typed, after an interruption.
const RESTORE: Duration = Duration::from_millis(300);

/// What is printed.
#[derive(Serialize)]
struct LoggedIn<'a> {
    logged_in: bool,
    username: &'a str,
    domain: &'a str,
    project_id: Option<String>,
    expires_at: Option<String>,
    file: String,
}

pub(super) fn run(args: &LoginArgs, settings: Settings, kept: &Login, output: &Output) -> Result<(), Failure> {
    let runtime = runtime(false)?;
    let result = runtime.block_on(async {
        // From here on Ctrl-C is ours, so that the terminal is never left without echo.
        let mut signals = Signals::listen().map_err(|error| no_runtime(&error))?;
        let target = Target::open(settings, true, output).await?;
        // What is wrong with the settings comes out before anybody types a password.
        target.client(|_| Ok(()))?;
        let password = password(args, &mut signals).await?;
        tokio::select! {
            result = log_in(args, password, &target, kept, output) => result,
            signal = signals.next() => Err(Failure::interrupted(signal, false, NOT_LOGGED_IN)),
        }
    });
    // After an interruption a thread may still wait for a password.
    runtime.shutdown_background();
    result
}

async fn log_in(
    args: &LoginArgs,
    password: String,
    target: &Target,
    kept: &Login,
    output: &Output,
) -> Result<(), Failure> {
    let client = target.client_with(Password::new(&args.username, password, &args.domain))?;
    let credentials = client.current_credentials().await?;
    kept.save(&credentials, client.source_http().region.as_deref())
        .map_err(|error| Failure::fault(&format!("the token cannot be kept in {}", kept.file().display()), &error))?;
    let logged_in = LoggedIn {
        logged_in: true,
        username: &args.username,
        domain: &args.domain,
        project_id: credentials.project_id().map(ToString::to_string),
        expires_at: credentials.expires_at().map(|end| end.to_string()),
        file: kept.file().display().to_string(),
    };
    output.document(&logged_in, |out| {
        let mut fields = Fields::default();
        fields.add("logged in", format!("{} of {}", args.username, args.domain));
        if let Some(project_id) = &logged_in.project_id {
            fields.add("project_id", project_id);
        }
        if let Some(end) = &logged_in.expires_at {
            fields.add("until", end);
        }
        fields.add("kept in", &logged_in.file);
        fields.write(out)
    })
}

/// Asks for the password on the terminal without showing it, or reads it from a pipe.
async fn password(args: &LoginArgs, signals: &mut Signals) -> Result<String, Failure> {
    let from_pipe = args.password_stdin;
    if !from_pipe && !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is no terminal to ask for the password",
            "add --password-stdin to read it from standard input",
        ));
    }
    let prompt = format!("Password of {} (not shown): ", Shown(&args.username));
    let mut asked = spawn_blocking(move || if from_pipe { first_line() } else { rpassword::prompt_password(prompt) });
    let answer = tokio::select! {
        answer = &mut asked => answer,
        signal = signals.next() => return Err(interrupted(signal, asked).await),
    };
    let password = match answer {
        Ok(Ok(password)) => password,
        Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {
            return Err(Failure::interrupted(Signal::Interrupt, false, NOT_LOGGED_IN));
        }
        Ok(Err(error)) => return Err(Failure::fault("the password cannot be read", &error)),
        Err(error) => return Err(Failure::fault("the password cannot be read", &io::Error::other(error))),
    };
    if password.is_empty() {
        let hint = "nothing was sent; try again";
        return Err(Failure::usage("the password is empty", hint));
    }
    Ok(password)
}

/// Ctrl-C also ends the question, which then puts the terminal right.
async fn interrupted(signal: Signal, asked: JoinHandle<io::Result<String>>) -> Failure {
    // Whether it ended or is still waiting, this program ends now.
    let _ = tokio::time::timeout(RESTORE, asked).await;
    Failure::interrupted(signal, false, NOT_LOGGED_IN)
}

/// The first line of standard input, without its end.
fn first_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(LONGEST).read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}
