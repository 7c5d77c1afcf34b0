//! Settings from flags, environment and profile, in this order. An empty variable counts as unset.
//!
//! [`Settings::read`] decides whom the command speaks to; what cannot be used is kept in [`Settings::problems`], so
//! that it is reported together with everything that is wrong with the request.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use iotda_ota::AccessKey;
use zeroize::Zeroizing;

use crate::args::{Cli, ColorMode, Format, OutputFlags, ProgressMode, Signing};
use crate::failure::{Failure, Problem};

mod credentials;
mod folders;
mod origin;
mod profile;

pub(crate) use folders::{emulator_dir, login_file};
pub(crate) use origin::Origins;

use origin::Sources;
use profile::Profile;

/// The variables of the process, or of a test.
#[derive(Clone, Copy)]
pub(crate) struct Environment<'a>(&'a dyn Fn(&str) -> Option<OsString>);

impl Environment<'static> {
    /// Those of the process.
    pub(crate) const PROCESS: Self = Self(&|name| std::env::var_os(name));
}

impl Environment<'_> {
    fn path(self, name: &str) -> Option<PathBuf> {
        self.0(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// What is no text gets replacement characters, which no rule accepts.
    pub(crate) fn text(self, name: &str) -> Option<String> {
        self.0(name).filter(|value| !value.is_empty()).map(|value| value.to_string_lossy().into_owned())
    }

    /// A secret, wiped when it is dropped.
    fn secret(self, name: &str) -> Option<Zeroizing<String>> {
        let bytes = Zeroizing::new(self.0(name)?.into_encoded_bytes());
        Some(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())).filter(|text| !text.is_empty())
    }

    /// A value out of a few.
    fn choice<T: ValueEnum>(self, name: &str, problems: &mut Vec<Problem>) -> Option<T> {
        choice(name, self.text(name), problems)
    }

    /// A number within these bounds, and what they are in words.
    fn number<T: FromStr + PartialOrd>(
        self,
        name: &str,
        (rule, bounds): (&str, RangeInclusive<T>),
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        if number.is_none() {
            problems.push(Problem::new(name, rule, &text, "change it or unset it"));
        }
        number
    }

    fn switch(self, name: &str, problems: &mut Vec<Problem>) -> bool {
        match self.text(name).as_deref() {
            Some("1" | "true") => true,
            None | Some("0" | "false") => false,
            Some(text) => {
                problems.push(Problem::new(name, "1 or 0, true or false", text, "change it or unset it"));
                false
            }
        }
    }
}

/// Whom a command speaks to, and with what.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) place: Place,
    pub(crate) bucket: Option<String>,
    pub(crate) obs_region: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_attempts: Option<u32>,
    /// Where journals of uploads are kept, if anywhere.
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) problems: Vec<Problem>,
    /// Where the others came from.
    pub(crate) origins: Origins,
    /// The flags that make another command speak to the same service, without what profiles say by themselves.
    pub(crate) where_it_is: Vec<String>,
}

/// Where calls go.
#[derive(Debug)]
pub(crate) enum Place {
    /// An emulator inside the process, with its data in this folder.
    Emulator(PathBuf),
    Service(Box<Service>),
}

/// A service somewhere else.
#[derive(Debug, Default)]
pub(crate) struct Service {
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) obs_endpoint: Option<String>,
    pub(crate) iam_endpoint: Option<String>,
    pub(crate) project_id: Option<String>,
    pub(crate) instance_id: Option<String>,
    pub(crate) signing: Signing,
    pub(crate) ca_certificates: Option<Vec<u8>>,
    pub(crate) plain_http: bool,
    /// Nothing if none are to be used.
    pub(crate) credentials: Option<Credentials>,
}

/// What the command adds to the library's sources of credentials.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    /// An access key for OBS that goes along with a token.
    pub(crate) obs_key: Option<AccessKey>,
    /// Where a cached login is.
    pub(crate) login_file: Option<PathBuf>,
}

impl Settings {
    /// Reads flags, environment and profile. Without `credentials` those are not even looked at.
    pub(crate) fn read(cli: &Cli, environment: Environment<'_>, credentials: bool) -> Result<Self, Failure> {
        let flags = &cli.connection;
        let mut problems = Vec::new();
        let seconds = ("seconds from 1 to 86400", 1..=86_400);
        let timeout = flags.timeout.or_else(|| environment.number("IOTDA_OTA_TIMEOUT", seconds, &mut problems));
        let timeout = timeout.map(Duration::from_secs);
        let times = ("a number from 1 to 100", 1..=100);
        let max_attempts =
            flags.max_attempts.or_else(|| environment.number("IOTDA_OTA_MAX_ATTEMPTS", times, &mut problems));
        let mut unclear = Vec::new();
        let by_variable = !cli.in_process.emulator && environment.switch("IOTDA_OTA_EMULATOR", &mut unclear);
        if !unclear.is_empty() {
            // What else is needed depends on what was meant.
            return Err(Failure::invalid(unclear));
        }
        if cli.in_process.emulator || by_variable {
            if let Some(flag) = flags.places().first() {
                let switch = if by_variable { "IOTDA_OTA_EMULATOR" } else { "--emulator" };
                return Err(Failure::usage(
                    format!("{flag} cannot be used with {switch}: the emulator has its own"),
                    format!("leave one of them out; --bucket and --obs-region go with {switch}"),
                ));
            }
            let folder = emulator_dir(cli.in_process.emulator_dir.as_ref(), "--emulator-dir", environment)?;
            let no_profile = Profile::default();
            let mut sources = Sources::new(Environment(&|_| None), &no_profile);
            let bucket = sources.text("bucket", &flags.bucket, "");
            let obs_region = sources.text("obs_region", &flags.obs_region, "");
            let origins = sources.origins();
            let mut where_it_is = vec!["--emulator".to_owned()];
            if cli.in_process.emulator_dir.is_some() || environment.path("IOTDA_OTA_EMULATOR_DIR").is_some() {
                where_it_is.extend(["--emulator-dir".to_owned(), folder.display().to_string()]);
            }
            let state_dir = Some(folders::emulator_state_dir(&folder, environment));
            let place = Place::Emulator(folder);
            return Ok(Self {
                place,
                bucket,
                obs_region,
                timeout,
                max_attempts,
                state_dir,
                problems,
                origins,
                where_it_is,
            });
        }
        if cli.in_process.emulator_dir.is_some() {
            return Err(Failure::usage("--emulator-dir cannot be used without --emulator", "add --emulator"));
        }
        let by_variable = || environment.text("IOTDA_OTA_PROFILE").map(|name| ("IOTDA_OTA_PROFILE", name));
        let name = flags.profile.clone().map(|name| ("--profile", name)).or_else(by_variable);
        let profile = match &name {
            Some((origin, name)) => Profile::read(origin, name, &mut problems),
            None => Some(Profile::default()),
        };
        // Without it most settings are missing, and to say so would only mislead.
        let Some(profile) = profile else { return Err(Failure::invalid(problems)) };
        let by_flag = flags.signing.map(|signing| (signing, origin::flag_of("signing")));
        let by_variable = || {
            let name = "IOTDA_OTA_SIGNING";
            environment.choice(name, &mut problems).map(|signing| (signing, name.to_owned()))
        };
        let given = by_flag.or_else(by_variable);
        let given_signing = given.as_ref().and_then(|(signing, _)| signing.to_possible_value());
        let signing = given.or_else(|| {
            let (text, origin) = profile.text("signing")?;
            choice(&origin, Some(text), &mut problems).map(|signing| (signing, origin))
        });
        let (signing, signing_origin) = signing.unzip();
        let mut sources = Sources::new(environment, &profile);
        sources.note("signing", signing_origin);
        if let Some((_, name)) = &name {
            sources.give("profile", name);
        }
        if let Some(signing) = given_signing {
            sources.give("signing", signing.get_name());
        }
        let ca_file = sources.path("ca_file", &flags.ca_file, "IOTDA_OTA_CA_FILE");
        let region = sources.text("region", &flags.region, "IOTDA_OTA_REGION");
        let endpoint = sources.text("endpoint", &flags.endpoint, "IOTDA_OTA_ENDPOINT");
        let service = Service {
            endpoint: endpoint.or_else(|| sources.endpoint_of_region(region.as_deref()?)),
            region,
            obs_endpoint: sources.text("obs_endpoint", &flags.obs_endpoint, "IOTDA_OTA_OBS_ENDPOINT"),
            iam_endpoint: sources.text("iam_endpoint", &flags.iam_endpoint, "HUAWEICLOUD_SDK_IAM_ENDPOINT"),
            project_id: sources.text("project_id", &flags.project_id, "HUAWEICLOUD_SDK_PROJECT_ID"),
            instance_id: sources.text("instance_id", &flags.instance_id, "IOTDA_OTA_INSTANCE_ID"),
            signing: signing.unwrap_or_default(),
            ca_certificates: ca_file.and_then(|file| certificates(&file, &mut problems)),
            plain_http: flags.plain_http,
            credentials: credentials.then(|| Credentials {
                obs_key: credentials::obs_key(environment, &mut problems),
                login_file: login_file(environment),
            }),
        };
        let mut where_it_is = sources.where_it_is();
        if flags.plain_http {
            where_it_is.push("--plain-http".to_owned());
        }
        Ok(Self {
            place: Place::Service(Box::new(service)),
            bucket: sources.text("bucket", &flags.bucket, "IOTDA_OTA_BUCKET"),
            obs_region: sources.text("obs_region", &flags.obs_region, "IOTDA_OTA_OBS_REGION"),
            timeout,
            max_attempts,
            state_dir: folders::state_dir(environment),
            problems,
            origins: sources.origins(),
            where_it_is,
        })
    }
}

/// A value out of a few; `field` says where it comes from.
fn choice<T: ValueEnum>(field: &str, text: Option<String>, problems: &mut Vec<Problem>) -> Option<T> {
    let text = text?;
    let found = T::from_str(&text, false).ok();
    if found.is_none() {
        let names: Vec<_> = T::value_variants().iter().filter_map(T::to_possible_value).collect();
        let names: Vec<_> = names.iter().map(|value| value.get_name()).collect();
        problems.push(Problem::new(field, format!("one of {}", names.join(", ")), &text, "change it or unset it"));
    }
    found
}

fn certificates(file: &Path, problems: &mut Vec<Problem>) -> Option<Vec<u8>> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    let (rule, help) = match std::fs::read(file) {
        Ok(pem) if pem.windows(BEGIN.len()).any(|part| part == BEGIN) => return Some(pem),
        Ok(_) => {
            ("a PEM file with certificates", "give a file that holds -----BEGIN CERTIFICATE----- lines".to_owned())
        }
        Err(error) => ("a readable file", format!("check the path; the system says: {error}")),
    };
    problems.push(Problem::new("ca_file", rule, &file.display().to_string(), help));
    None
}

/// How to speak to the caller.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Appearance {
    pub(crate) format: Format,
    pub(crate) progress: ProgressMode,
    pub(crate) color: ColorMode,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

impl Appearance {
    /// Reads flags and environment; variables with unknown values are left out and reported.
    pub(crate) fn read(flags: &OutputFlags, environment: Environment<'_>) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let format = flags.format.or_else(|| environment.choice("IOTDA_OTA_FORMAT", &mut problems));
        let progress = flags.progress.or_else(|| environment.choice("IOTDA_OTA_PROGRESS", &mut problems));
        let appearance = Self {
            format: format.unwrap_or_default(),
            progress: progress.unwrap_or_default(),
            color: flags.color.unwrap_or_default(),
            quiet: flags.quiet,
            verbose: flags.verbose,
        };
        (appearance, problems)
    }
}

#[cfg(test)]
mod tests;
