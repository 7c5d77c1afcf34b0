//! `iotda-ota auth login`: a token for a user name and password, of which only the token is kept.

use std::error::Error as _;
use std::io::{self, IsTerminal};

use iotda_ota::{Client, Error, Login, Password, SourceError};
use serde::Serialize;
use tokio::task::{JoinError, spawn_blocking};
use zeroize::Zeroizing;

use super::super::running::{no_runtime, runtime};
use super::password::{Read, Unfit, first_line, standard_input};
use super::prompt::Prompt;
use crate::args::LoginArgs;
use crate::config::Settings;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text::{Fields, Shown};
use crate::signals::{Signal, Signals, step_aside};
use crate::target::Target;

/// What an interruption means here.
const NOT_LOGGED_IN: &str = "nothing was kept; run the same command again";

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
    let origins = settings.origins.clone();
    let result = runtime.block_on(async {
        // From here on signals are ours, so that the terminal is never left without echo.
        let mut signals = Signals::listen().map_err(|error| no_runtime(&error))?;
        let target = Target::open(settings, true, output).await?;
        // What is wrong with the settings comes out before anybody types a password.
        target.client(|_| Ok(()))?;
        let password = password(args, &mut signals).await?;
        tokio::select! {
            result = log_in(args, password, &target, kept, output) => result,
            signal = signals.next() => Err(Failure::interrupted(signal, NOT_LOGGED_IN)),
        }
    });
    // After an interruption a thread may still wait for a password.
    runtime.shutdown_background();
    result.map_err(|failure| failure.blamed_on(&origins))
}

async fn log_in(
    args: &LoginArgs,
    mut password: Zeroizing<String>,
    target: &Target,
    kept: &Login,
    output: &Output,
) -> Result<(), Failure> {
    // Moved and not copied: from here on the library wipes it.
    let password = std::mem::take(&mut *password);
    let client = target.client_with(Password::new(&args.username, password, &args.domain))?;
    let credentials =
        client.current_credentials().await.map_err(|error| refused(error, args, &wanted_project(&client)))?;
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

/// The failure of a login. IAM says only that something is wrong, so everything that was sent is named.
fn refused(error: Error, args: &LoginArgs, project: &str) -> Failure {
    let Some(SourceError::Refused(reason)) = error.source().and_then(|source| source.downcast_ref()) else {
        return Failure::from(error).with_message("the login failed");
    };
    let (user, domain) = (&args.username, &args.domain);
    let hint = if reason.status() == Some(401) {
        format!(
            "one of three is wrong: the user name {user} (--username), the password, or the account {domain} (--domain) \
             of which {user} has to be an IAM user"
        )
    } else {
        format!("check that {user} of {domain} may use {project}, and that this is the right IAM address")
    };
    Failure::from(error).with_message("IAM refused the login").with_hint(hint)
}

/// The project for which a token was asked, in words.
fn wanted_project(client: &Client) -> String {
    match (client.project_id(), &client.source_http().region) {
        (Some(id), _) => format!("project {id}"),
        (None, Some(region)) => format!("the project named {region}"),
        (None, None) => "the project".to_owned(),
    }
}

/// Asks for the password on the terminal without showing it, or reads it from a pipe. When a signal comes first, the thread
/// that reads goes on waiting until the process ends.
async fn password(args: &LoginArgs, signals: &mut Signals) -> Result<Zeroizing<String>, Failure> {
    let failed = |error: io::Error| unfit(&Unfit::Io(error));
    let interrupted = |signal: Signal| Failure::interrupted(signal, NOT_LOGGED_IN);
    let read = if args.password_stdin {
        let input = standard_input().map_err(failed)?;
        tokio::select! {
            read = spawn_blocking(move || first_line(input)) => what_was_read(read),
            signal = signals.next() => return Err(interrupted(signal)),
        }
    } else if io::stdin().is_terminal() {
        signals.guard_terminal().map_err(failed)?;
        let mut prompt =
            Prompt::ask(&format!("Password of {} (not shown): ", Shown(&args.username))).map_err(failed)?;
        let mut reading = spawn_blocking(prompt.answer().map_err(failed)?);
        let read = loop {
            tokio::select! {
                read = &mut reading => break what_was_read(read),
                signal = signals.next_or_suspension() => match signal {
                    Some(signal) => return Err(interrupted(signal)),
                    None => prompt.set_aside(step_aside).map_err(failed)?,
                },
            }
        };
        prompt.answered();
        read
    } else {
        return Err(Failure::usage(
            "there is no terminal to ask for the password",
            "add --password-stdin to read it from standard input",
        ));
    };
    read.map_err(|error| unfit(&error))
}

/// What the thread read. What it says in a panic may hold that, so it is not repeated.
fn what_was_read(read: Result<Read, JoinError>) -> Read {
    read.unwrap_or_else(|_| Err(Unfit::Io(io::Error::other("the reading thread failed"))))
}

fn unfit(error: &Unfit) -> Failure {
    match error {
        Unfit::Empty => Failure::usage("the password is empty", "nothing was sent; try again"),
        Unfit::TooLong => Failure::usage(
            "the password is longer than 4096 bytes",
            "nothing was sent; check that its first line is the password",
        ),
        Unfit::NoText => Failure::usage("the password is no text in UTF-8", "nothing was sent; check its encoding"),
        Unfit::Io(error) => Failure::fault("the password cannot be read", error),
    }
}
