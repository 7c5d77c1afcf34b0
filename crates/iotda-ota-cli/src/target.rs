//! Whom a command speaks to: a service, or an emulator that lives as long as the command.

use iotda_ota::{AccessKey, Client, ClientBuilder, Violations};
use iotda_ota_emulator::Emulator;

use crate::commands::started;
use crate::config::{Place, Settings};
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
}

impl Target {
    /// Starts the emulator, if it is to be one. Without `keep` it works in a temporary folder and leaves nothing.
    pub(crate) async fn open(settings: Settings, keep: bool, output: &Output) -> Result<Self, Failure> {
        let Settings { place, bucket, obs_region, timeout, problems } = settings;
        let mut builder = Client::builder();
        if let Some(region) = obs_region {
            builder = builder.obs_region(region);
        }
        if let Some(timeout) = timeout {
            builder = builder.timeout(timeout);
        }
        match place {
            Place::Emulator(data_dir) => {
                let emulator = Emulator::builder();
                let emulator = if keep { emulator.data_dir(&data_dir) } else { emulator.in_memory() };
                let emulator = started(&emulator, keep.then_some(data_dir.as_path()), output).await?;
                let builder = builder
                    .no_proxy()
                    .region(emulator.region())
                    .endpoint(emulator.endpoint())
                    .obs_endpoint(emulator.obs_endpoint())
                    .project_id(emulator.project_id())
                    .token(emulator.token())
                    .access_key(AccessKey::new(emulator.access_key_id(), emulator.secret_access_key()));
                let bucket = bucket.unwrap_or_else(|| emulator.bucket().to_owned());
                let folder = Some(data_dir.display().to_string());
                Ok(Self { builder, emulator: Some(emulator), bucket, problems, folder })
            }
            Place::Service(service) => {
                let set = |builder: ClientBuilder, value, set: fn(ClientBuilder, String) -> ClientBuilder| match value {
                    Some(value) => set(builder, value),
                    None => builder,
                };
                builder = set(builder, service.region, ClientBuilder::region);
                builder = set(builder, service.endpoint, ClientBuilder::endpoint);
                builder = set(builder, service.obs_endpoint, ClientBuilder::obs_endpoint);
                builder = set(builder, service.project_id, ClientBuilder::project_id);
                builder = set(builder, service.instance_id, ClientBuilder::instance_id);
                builder = set(builder, service.token.map(|token| token.0), ClientBuilder::token);
                if let Some(key) = service.access_key {
                    builder = builder.access_key(key);
                }
                if let Some(pem) = service.ca_certificates {
                    builder = builder.ca_certificates(pem);
                }
                Ok(Self { builder, emulator: None, bucket: bucket.unwrap_or_default(), problems, folder: None })
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
        let mut problems = self.problems.clone();
        let client = match self.builder.clone().build() {
            // What is wrong with the request alone comes out when it is sent.
            Ok(client) if problems.is_empty() => return Ok(client),
            Ok(client) => Some(client),
            Err(error) if error.violations().is_empty() => return Err(error.into()),
            Err(error) => {
                problems.extend(Problem::of(error.violations()));
                // Rules of requests do not depend on where they go; this client never sends anything.
                let stand_in = Client::builder().endpoint("http://127.0.0.1:9").project_id("none").obs_region("none");
                stand_in.no_proxy().build().ok()
            }
        };
        if let Some(Err(violations)) = client.map(|client| check(&client)) {
            problems.extend(Problem::of(&violations));
        }
        Err(Failure::invalid(problems))
    }

    /// Says in a summary where it was done.
    pub(crate) fn describe(&self, client: &Client) -> String {
        if let Some(folder) = &self.folder {
            return format!("emulator ({folder})");
        }
        let mut text = format!("{} project {}", client.endpoint(), client.project_id());
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
