//! `iotda-ota auth status`: which credentials are used, and whether the service accepts them.

use std::io::{self, Write};

use iotda_ota::{AccessKey, Client, Credentials, Error, ErrorKind, Finding, PackageType, Secret, SourceError};
use serde::Serialize;

use crate::config::Origins;
use crate::credentials::Findings;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::text::Fields;
use crate::target::Target;

/// What is printed.
#[derive(Serialize)]
struct Status {
    /// Nothing if the service could not be asked.
    authenticated: Option<bool>,
    source: Option<String>,
    credentials: Option<String>,
    expires_at: Option<String>,
    /// The scheme of request signing; nothing with a token, which is sent as it is.
    signing: Option<&'static str>,
    obs_credentials: Option<String>,
    region: Option<String>,
    endpoint: String,
    iam_endpoint: String,
    project_id: Option<String>,
    /// The flag, variable or line of a profile that named it, else in words.
    project_from: Option<String>,
    instance_id: Option<String>,
    clock_difference_seconds: Option<i64>,
    /// The sources that were asked, in this order; the last one ended the search.
    sources: Vec<Asked>,
    /// The flag, variable or line of a profile that each setting came from.
    origins: Origins,
}

/// What one source said.
#[derive(Serialize)]
struct Asked {
    source: String,
    result: &'static str,
    message: String,
}

pub(super) async fn run(target: &Target, output: &Output) -> Result<(), Failure> {
    let client = target.client(|_| Ok(()))?;
    let mut status = Status::new(&client, target.origins().clone());
    let findings = Findings::default();
    let client = match target.explored(&findings) {
        // The emulator's own.
        None => client,
        Some(source) => target.client_with(source)?,
    };
    let credentials = client.current_credentials().await;
    status.sources = findings.all().iter().map(Asked::from).collect();
    let credentials = match credentials {
        Ok(credentials) => credentials,
        Err(error) => {
            // Of an answer that is no use nobody knows whether it is one of IAM.
            let is_known = !error.is_retryable() && error.kind() != ErrorKind::Unintelligible;
            status.authenticated = is_known.then_some(false);
            status.print(output)?;
            return Err(status.without_credentials(error));
        }
    };
    status.source = status.sources.last().map_or(Some("emulator".to_owned()), |last| Some(last.source.clone()));
    status.describe(&credentials, &client, target.obs_key());
    let result = status.ask(&credentials, &client).await;
    status.print(output)?;
    result.map_err(Failure::from)
}

impl Status {
    /// What is known before anybody is asked.
    fn new(client: &Client, origins: Origins) -> Self {
        Self {
            authenticated: None,
            source: None,
            credentials: None,
            expires_at: None,
            signing: None,
            obs_credentials: None,
            region: client.source_http().region.clone(),
            endpoint: client.endpoint().to_string(),
            iam_endpoint: client.iam_endpoint().to_string(),
            project_id: client.project_id().map(ToString::to_string),
            project_from: client.project_id().map(|_| origins.of("project_id").unwrap_or("configured").to_owned()),
            instance_id: client.instance_id().map(ToString::to_string),
            clock_difference_seconds: None,
            sources: Vec::new(),
            origins,
        }
    }

    fn describe(&mut self, credentials: &Credentials, client: &Client, obs_key: Option<&AccessKey>) {
        self.credentials = Some(credentials.secret().masked());
        self.obs_credentials = Some(match (obs_key, credentials.secret()) {
            (Some(key), _) => Secret::AccessKey(key.clone()).masked(),
            (None, Secret::Token(_)) => "access key that IAM gives for the token".to_owned(),
            (None, secret) => secret.masked(),
        });
        self.expires_at = credentials.expires_at().map(|end| end.to_string());
        self.signing = matches!(credentials.secret(), Secret::AccessKey(_)).then(|| client.signing_scheme());
        // An address that the client was given goes first.
        if let (None, Some(endpoint)) = (&client.source_http().iam_endpoint, credentials.iam_endpoint()) {
            endpoint.clone_into(&mut self.iam_endpoint);
        }
    }

    /// Asks for the project if need be, and the service for as little as possible.
    async fn ask(&mut self, credentials: &Credentials, client: &Client) -> Result<(), Error> {
        let answer = async {
            let project_id = client.find_project_id().await?;
            self.project_id = Some(project_id.to_string());
            self.project_from.get_or_insert_with(|| match credentials.project_id() {
                Some(_) => "credentials".to_owned(),
                None => "looked up".to_owned(),
            });
            client.packages().list(PackageType::Firmware).limit(1).send().await
        };
        match answer.await {
            Ok(page) => {
                self.authenticated = Some(true);
                self.clock_difference_seconds = page.clock_difference().map(|difference| difference.as_secs());
                Ok(())
            }
            Err(error) => {
                self.clock_difference_seconds = error.clock_difference().map(|difference| difference.as_secs());
                self.authenticated = match error.kind() {
                    ErrorKind::Unauthenticated => Some(false),
                    ErrorKind::Denied => Some(true),
                    _ => None,
                };
                Err(error)
            }
        }
    }

    fn print(&self, output: &Output) -> Result<(), Failure> {
        output.document(self, |out| self.write(out))
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut fields = Fields::default();
        fields.add(
            "authenticated",
            match self.authenticated {
                Some(true) => "yes",
                Some(false) => "no",
                None => "not known",
            },
        );
        let mut add = |name, value: &Option<String>| {
            if let Some(value) = value {
                fields.add(name, value);
            }
        };
        let from = |key: &str, value: &str| match self.origins.of(key) {
            Some(origin) => format!("{value} ({origin})"),
            None => value.to_owned(),
        };
        add("source", &self.source);
        add("credentials", &self.credentials);
        add("valid until", &self.expires_at);
        add("request signing", &self.signing.map(|signing| from("signing", signing)));
        add("OBS credentials", &self.obs_credentials);
        add("region", &self.region.as_ref().map(|region| from("region", region)));
        add("endpoint", &Some(from("endpoint", &self.endpoint)));
        add("IAM endpoint", &Some(from("iam_endpoint", &self.iam_endpoint)));
        let project_from = self.project_from.as_deref().unwrap_or_default();
        add("project_id", &self.project_id.as_ref().map(|id| format!("{id} ({project_from})")));
        add("instance_id", &self.instance_id.as_ref().map(|id| from("instance_id", id)));
        add("clock difference", &self.clock_difference_seconds.map(|seconds| format!("{seconds:+} s")));
        let mut name = "sources";
        for Asked { source, result, message } in &self.sources {
            fields.add(std::mem::take(&mut name), format!("{source}: {result}{message}", message = after(message)));
        }
        fields.write(out)
    }

    /// The failure of a search that found nothing. What is known about a source is told as any other command tells it.
    fn without_credentials(&self, error: Error) -> Failure {
        if self.sources.iter().any(|asked| asked.result != ABSENT) {
            return error.into();
        }
        let hint = "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK, or log in with iotda-ota auth login; iotda-ota auth \
                    status --help names all sources";
        Failure::of_kind(ErrorKind::Unauthenticated, "no source has credentials", hint)
    }
}

const ABSENT: &str = "absent";

impl From<&Finding> for Asked {
    fn from(finding: &Finding) -> Self {
        let (result, message) = match &finding.result {
            Ok(_) => ("used", String::new()),
            Err(error) => {
                let result = match error {
                    SourceError::Absent(_) => ABSENT,
                    SourceError::Broken(_) => "broken",
                    SourceError::Refused(_) => "refused",
                    SourceError::Unintelligible(_) => "unintelligible",
                    _ => "unavailable",
                };
                (result, error.to_string())
            }
        };
        Self { source: finding.source.clone(), result, message }
    }
}

fn after(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(", {message}") }
}
