//! Whom a command speaks to: a service, or an emulator that lives as long as the command.

use iotda_ota::{
    AccessKey, Chain, Client, ClientBuilder, CredentialsSource, ProjectId, RetryPolicy, SigningScheme, Variables,
    Violations,
};
use iotda_ota_emulator::Emulator;

use crate::args::Signing;
use crate::commands::started;
use crate::config::{self, Origins, Place, Service, Settings};
use crate::credentials::{Explored, Findings, Notices, Watched};
use crate::failure::{Failure, Problem};
use crate::output::Output;

/// A client in the making, and the emulator behind it if there is one.
#[derive(Debug)]
pub(crate) struct Target {
    builder: ClientBuilder,
    emulator: Option<Emulator>,
    bucket: String,
    problems: Vec<Problem>,
    folder: Option<String>,
    /// An access key for OBS alone, beside a token.
    obs_key: Option<AccessKey>,
    /// The sources of credentials, unless they are an emulator's own or none are to be used.
    sources: Option<config::Credentials>,
    notices: Notices,
    origins: Origins,
}

impl Target {
    /// Starts the emulator, if it is to be one. Without `keep` it works in a temporary folder and leaves nothing.
    pub(crate) async fn open(settings: Settings, keep: bool, output: &Output) -> Result<Self, Failure> {
        let Settings { place, bucket, obs_region, timeout, max_attempts, state_dir, problems, origins, where_it_is: _ } =
            settings;
        let mut builder = Client::builder();
        if let Some(region) = obs_region {
            builder = builder.obs_region(region);
        }
        if let Some(timeout) = timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(attempts) = max_attempts {
            builder = builder.retry(RetryPolicy::default().max_attempts(attempts));
        }
        if let Some(folder) = state_dir.filter(|_| keep) {
            builder = builder.state_dir(folder);
        }
        match place {
            Place::Emulator(data_dir) => {
                let emulator = Emulator::builder();
                let emulator = if keep { emulator.data_dir(&data_dir) } else { emulator.in_memory() };
                let emulator = started(&emulator, keep.then_some(data_dir.as_path()), output).await?;
                let key = AccessKey::new(emulator.access_key_id(), emulator.secret_access_key());
                // Its ports are others each time, but its data are the same.
                let name = data_dir.canonicalize().unwrap_or_else(|_| data_dir.clone());
                let builder = builder
                    .no_proxy()
                    .state_name(format!("emulator {}", name.display()))
                    .region(emulator.region())
                    .endpoint(emulator.endpoint())
                    .obs_endpoint(emulator.obs_endpoint())
                    .iam_endpoint(emulator.iam_endpoint())
                    .project_id(emulator.project_id())
                    .token(emulator.token())
                    .access_key(key.clone());
                let bucket = bucket.unwrap_or_else(|| emulator.bucket().to_owned());
                let folder = Some(data_dir.display().to_string());
                let (emulator, obs_key, notices) = (Some(emulator), Some(key), Notices::default());
                Ok(Self { builder, emulator, bucket, problems, folder, obs_key, sources: None, notices, origins })
            }
            Place::Service(service) => {
                let sources = service.credentials.clone();
                let mut target = Self {
                    builder: configured(builder, *service),
                    emulator: None,
                    bucket: bucket.unwrap_or_default(),
                    problems,
                    folder: None,
                    obs_key: sources.as_ref().and_then(|credentials| credentials.obs_key.clone()),
                    sources,
                    notices: Notices::default(),
                    origins,
                };
                if let Some(key) = &target.obs_key {
                    target.builder = target.builder.access_key(key.clone());
                }
                if let Some(chain) = target.chain() {
                    target.builder = target.builder.credentials(Watched::new(chain, target.notices.clone()));
                }
                Ok(target)
            }
        }
    }

    /// The bucket; empty if none was given, which the library reports.
    pub(crate) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Makes the client. If the settings do not allow that, `check` tells what is wrong with the request as well, so
    /// that everything is reported at once.
    pub(crate) fn client(&self, check: impl Fn(&Client) -> Result<(), Violations>) -> Result<Client, Failure> {
        self.client_unless(&[], check)
    }

    /// Makes the client unless there are problems, which are reported together with everything else.
    pub(crate) fn client_unless(
        &self,
        problems: &[Problem],
        check: impl Fn(&Client) -> Result<(), Violations>,
    ) -> Result<Client, Failure> {
        let mut problems = [&self.problems, problems].concat();
        let client = match self.builder.clone().build() {
            // What is wrong with the request alone comes out when it is sent.
            Ok(client) if problems.is_empty() => return Ok(client),
            Ok(client) => Some(client),
            Err(error) if error.violations().is_empty() => return Err(error.into()),
            Err(error) => {
                problems.extend(Problem::of(error.violations()));
                stand_in().ok()
            }
        };
        if let Some(Err(violations)) = client.map(|client| check(&client)) {
            problems.extend(Problem::of(&violations));
        }
        Err(Failure::invalid(problems))
    }

    /// Makes a client with other credentials.
    pub(crate) fn client_with(&self, source: impl CredentialsSource) -> Result<Client, Failure> {
        Ok(self.builder.clone().credentials(source).build()?)
    }

    /// The sources of credentials, which keep what each of them said; nothing for an emulator.
    pub(crate) fn explored(&self, findings: &Findings) -> Option<Explored> {
        Some(Explored::new(self.chain()?, findings.clone(), self.notices.clone()))
    }

    /// The sources of credentials; nothing for an emulator.
    fn chain(&self) -> Option<Chain> {
        let sources = self.sources.as_ref()?;
        Some(Chain::standard(Variables::process(), sources.login_file.clone()))
    }

    /// The access key for OBS, if it is another than that for IoTDA.
    pub(crate) fn obs_key(&self) -> Option<&AccessKey> {
        self.obs_key.as_ref()
    }

    /// Where the settings came from.
    pub(crate) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// What the user should know about the credentials that were used.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.notices.all()
    }

    /// Says in a summary where it was done. The project was needed for that, so asking for it sends nothing more.
    pub(crate) async fn describe(&self, client: &Client) -> String {
        let project_id = client.find_project_id().await.ok();
        self.named(client, project_id.as_ref())
    }

    /// Says where it would be done, without asking anybody.
    pub(crate) fn describe_unasked(&self, client: &Client) -> String {
        self.named(client, client.project_id())
    }

    fn named(&self, client: &Client, project_id: Option<&ProjectId>) -> String {
        if let Some(folder) = &self.folder {
            return format!("emulator ({folder})");
        }
        let mut text = client.endpoint().to_string();
        if let Some(project_id) = project_id {
            text.push_str(&format!(" project {project_id}"));
        }
        if let Some(instance) = client.instance_id() {
            text.push_str(&format!(" instance {instance}"));
        }
        text
    }

    /// Stops the emulator, after which its data is complete on disk.
    pub(crate) async fn close(self) {
        if let Some(emulator) = self.emulator {
            emulator.shutdown().await;
        }
    }
}

/// A client that judges requests and never sends any: their rules do not depend on where they go.
pub(crate) fn stand_in() -> Result<Client, iotda_ota::Error> {
    Client::builder().endpoint("http://127.0.0.1:9").project_id("none").obs_region("none").no_proxy().build()
}

/// A builder with everything that is known about a service but its credentials.
fn configured(mut builder: ClientBuilder, service: Service) -> ClientBuilder {
    let set =
        |builder: ClientBuilder, value: Option<String>, set: fn(ClientBuilder, String) -> ClientBuilder| match value {
            Some(value) => set(builder, value),
            None => builder,
        };
    builder = set(builder, service.region, ClientBuilder::region);
    builder = set(builder, service.endpoint, ClientBuilder::endpoint);
    builder = set(builder, service.obs_endpoint, ClientBuilder::obs_endpoint);
    builder = set(builder, service.iam_endpoint, ClientBuilder::iam_endpoint);
    builder = set(builder, service.project_id, ClientBuilder::project_id);
    builder = set(builder, service.instance_id, ClientBuilder::instance_id);
    if let Some(pem) = service.ca_certificates {
        builder = builder.ca_certificates(pem);
    }
    if service.plain_http {
        builder = builder.allow_plain_http();
    }
    builder.signing_scheme(match service.signing {
        Signing::Auto => SigningScheme::Auto,
        Signing::Plain => SigningScheme::Plain,
        Signing::Derived => SigningScheme::Derived,
    })
}
