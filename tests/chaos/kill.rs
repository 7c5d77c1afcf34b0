//! The emulator, killed again and again under load. What it acknowledged has to be there when it opens again.
//!
//! The cli suite includes this file, too: it knows where the command is.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::TryStreamExt;
use iotda_ota::{AccessKey, Client, LocalFile, ObsLocation, PackageType, RetryPolicy};
use tokio::task::JoinSet;

/// How many create at once.
const CALLERS: usize = 16;

/// What came of the rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) acknowledged: usize,
    pub(crate) lost: usize,
}

/// A running emulator, and a client that makes one attempt of each call.
pub(crate) struct Running {
    process: Child,
    client: Client,
    bucket: String,
}

impl Running {
    /// Starts the command and waits until it is ready.
    pub(crate) fn start(binary: &Path, folder: &Path) -> Self {
        let mut process = Command::new(binary)
            .args(["emulator", "--listen", "127.0.0.1:0", "--obs-listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        let output = process.stdout.take().expect("its output is piped");
        let lines: Vec<_> =
            BufReader::new(output).lines().map_while(Result::ok).take_while(|line| line != "ready").collect();
        let value = |name: &str| {
            let start = format!("export {name}='");
            let found = lines.iter().find_map(|line| line.strip_prefix(&start)?.strip_suffix('\''));
            found.unwrap_or_else(|| panic!("the emulator opens again: {lines:?}")).to_owned()
        };
        let policy = RetryPolicy::none().delays(Duration::from_millis(1), Duration::from_millis(1));
        let key = AccessKey::new(value("HUAWEICLOUD_SDK_AK"), value("HUAWEICLOUD_SDK_SK"));
        let builder = Client::builder().region(value("IOTDA_OTA_REGION")).endpoint(value("IOTDA_OTA_ENDPOINT"));
        let builder = builder.obs_endpoint(value("IOTDA_OTA_OBS_ENDPOINT")).no_proxy().retry(policy);
        let builder = builder.project_id(value("HUAWEICLOUD_SDK_PROJECT_ID")).token(value("IOTDA_OTA_TOKEN"));
        let client = builder.access_key(key).build().expect("the settings are valid");
        Self { process, client, bucket: value("IOTDA_OTA_BUCKET") }
    }

    /// Everything that exists.
    async fn versions(&self) -> BTreeSet<String> {
        let packages = self.client.packages().list(PackageType::Firmware).stream();
        let packages: Vec<_> = packages.try_collect().await.expect("the emulator lists");
        packages.into_iter().map(|package| package.version.into()).collect()
    }

    /// Creates until the emulator was killed, which is after so many creates; answers what was acknowledged.
    ///
    /// # Panics
    ///
    /// If creates fail before that.
    pub(crate) async fn load(&mut self, round: usize, location: &ObsLocation, kill_after: usize) -> BTreeSet<String> {
        let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let (client, location, sender) = (self.client.clone(), location.clone(), sender.clone());
            callers.spawn(async move {
                for number in 0.. {
                    let version = format!("{round}.{caller}.{number}");
                    let packages = client.packages();
                    let create =
                        packages.create("my-app", "my-product", PackageType::Firmware, &*version, location.clone());
                    // The first that fails has met the end.
                    if create.send().await.is_err() || sender.send(version).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut acknowledged = BTreeSet::new();
        while let Some(version) = told.recv().await {
            acknowledged.insert(version);
            if acknowledged.len() == kill_after {
                self.process.kill().expect("the emulator can be killed");
            }
        }
        while callers.join_next().await.is_some() {}
        let count = acknowledged.len();
        assert!(count >= kill_after, "creates fail before the emulator is killed: {count} of {kill_after} were made");
        self.process.wait().expect("the emulator has ended");
        acknowledged
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already after a round, and not after the last look or when a test fails.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Kills the emulator so many times, and looks each time whether everything is there.
pub(crate) async fn rounds(binary: &Path, folder: &Path, rounds: usize) -> Figures {
    let file = folder.join("upgrade.bin");
    std::fs::write(&file, b"fake firmware").expect("there is room for a file");
    let mut figures = Figures::default();
    let mut acknowledged = BTreeSet::new();
    let mut location = None;
    for round in 0..=rounds {
        let mut running = Running::start(binary, folder);
        let exists = running.versions().await;
        figures.lost += acknowledged.difference(&exists).count();
        if round == rounds {
            break;
        }
        if location.is_none() {
            location = Some(upload(&running, &file).await);
        }
        let location = location.as_ref().expect("the object was stored in the first round");
        // Not always at the same point.
        let kill_after = 20 + (round * 37) % 200;
        acknowledged.extend(running.load(round, location, kill_after).await);
    }
    figures.acknowledged = acknowledged.len();
    figures
}

/// The object of all packages.
async fn upload(running: &Running, file: &Path) -> ObsLocation {
    let obs = running.client.obs().expect("the emulator has OBS");
    obs.upload(&running.bucket, "upgrade.bin", file).send().await.expect("the upload succeeds");
    let file = LocalFile::read(file).await.expect("the file can be read");
    let region = running.client.obs_region().expect("the emulator has a region");
    ObsLocation::new(region, &running.bucket, "upgrade.bin").sign(file.checksum().clone())
}
