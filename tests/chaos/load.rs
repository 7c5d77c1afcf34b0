//! Many callers at once, each doing what a release tool does: create or publish, look, list, delete.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use iotda_ota::{Client, Error, ObsLocation, PackageId, PackageType, RetryPolicy};
use tokio::time::timeout;

use crate::faults;
use crate::model::{Differences, Told, compare};

/// An operation that takes longer than this hangs; the policy ends each of its calls far earlier.
pub(crate) const HANGS: Duration = Duration::from_secs(300);

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) creates: usize,
    pub(crate) callers: usize,
    pub(crate) seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    load: Option<Load>,
    acknowledged: usize,
    found: usize,
    repeated: usize,
    not_done: usize,
    unknown: usize,
    deleted: usize,
    delete_unknown: usize,
    looked: usize,
    hung: usize,
    wrong: Vec<String>,
    differences: Differences,
    requests: u64,
    struck: u64,
    /// Faults that were to strike once and did not.
    idle: Vec<String>,
    elapsed: Duration,
}

/// What callers share.
struct Shared {
    load: Load,
    client: Client,
    location: ObsLocation,
    bucket: String,
    file: PathBuf,
    next: AtomicUsize,
}

impl Load {
    /// Runs it, then compares.
    pub(crate) async fn run(self) -> Figures {
        let target = support::target().await;
        let folder = tempfile::tempdir().expect("there is room for a file");
        let file = folder.path().join("upgrade.bin");
        std::fs::write(&file, b"fake firmware").expect("the file can be written");
        let location = target.upload("upgrade.bin", &file).await;
        let once = faults::switch_on(target.faults(), self.seed);

        // A user, so that IAM takes part: it is asked for tokens and for temporary access keys.
        let policy =
            RetryPolicy::default().max_attempts(20).delays(Duration::from_millis(5), Duration::from_millis(200));
        let client = target.addresses().credentials(target.user()).retry(policy);
        let limit = Duration::from_secs(3);
        let client = client.timeout(limit).idle_timeout(limit).build();
        let client = client.expect("the settings are valid");
        let bucket = target.bucket().to_owned();
        let shared = Shared { load: self, client, location, bucket, file, next: AtomicUsize::new(0) };
        let shared = Arc::new(shared);
        let started = Instant::now();
        let callers: Vec<_> = (0..self.callers).map(|_| tokio::spawn(Arc::clone(&shared).caller())).collect();
        let mut figures = Figures { load: Some(self), ..Figures::default() };
        let mut told = BTreeMap::new();
        for caller in callers {
            let (one, versions) = caller.await.expect("no caller panics");
            figures.add(one);
            told.extend(versions);
        }
        figures.elapsed = started.elapsed();
        // Each service asks the first of its faults about every request.
        let mut requests = BTreeMap::new();
        for fault in target.faults().list() {
            let text = fault.fault.to_string();
            let scope = text.split(':').next().unwrap_or_default();
            if ["iam", "iotda", "obs"].contains(&scope) {
                let most: &mut u64 = requests.entry(scope.to_owned()).or_default();
                *most = fault.matched.max(*most);
            }
            figures.struck += fault.hits;
            if fault.hits == 0 && once.contains(&fault.id) {
                figures.idle.push(text);
            }
        }
        figures.requests = requests.values().sum();
        target.faults().clear();
        let all = target.client().packages().list(PackageType::Firmware).stream();
        let found: Vec<_> = all.try_collect().await.expect("without faults everything is listed");
        figures.differences = compare(&told, &found);
        figures
    }
}

impl Shared {
    async fn caller(self: Arc<Self>) -> (Figures, BTreeMap<String, Told>) {
        let (mut figures, mut told) = (Figures::default(), BTreeMap::new());
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.load.creates {
                return (figures, told);
            }
            let version = format!("{number}.0");
            let outcome = match timeout(HANGS, self.one(number, &version, &mut figures)).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    figures.hung += 1;
                    Told::Unknown
                }
            };
            told.insert(version, outcome);
        }
    }

    /// What one caller does with one version.
    async fn one(&self, number: usize, version: &str, figures: &mut Figures) -> Told {
        let mut random = fastrand::Rng::with_seed(self.load.seed.wrapping_add(number as u64));
        let made = match random.u8(..20) {
            0 => self.publish(version, figures).await,
            _ => self.create(version, figures).await,
        };
        let id = match made {
            Ok(id) => id,
            Err(error) if error.is_outcome_unknown() => {
                figures.unknown += 1;
                return Told::Unknown;
            }
            Err(error) => {
                figures.not_done += 1;
                if !error.is_retryable() {
                    figures.wrong.push(format!("{version}: no refusal is to be expected: {error}"));
                }
                return Told::Nothing;
            }
        };
        figures.acknowledged += 1;
        if random.u8(..4) == 0 {
            self.look(version, &id, figures).await;
        }
        if random.u8(..4) != 0 {
            return Told::Exists(id);
        }
        match self.client.packages().delete(&id).send().await {
            Ok(_) => {
                figures.deleted += 1;
                Told::Nothing
            }
            // A delete may be repeated, so nobody has to know which attempt did it.
            Err(error) if error.is_retryable() || error.is_outcome_unknown() => {
                figures.delete_unknown += 1;
                Told::Unknown
            }
            Err(error) => {
                figures.wrong.push(format!("{version}: {id} was not deleted: {error}"));
                Told::Exists(id)
            }
        }
    }

    async fn create(&self, version: &str, figures: &mut Figures) -> Result<PackageId, Error> {
        let packages = self.client.packages();
        let create = packages.create("my-app", "my-product", PackageType::Firmware, version, self.location.clone());
        let package = create.send().await?;
        figures.found += usize::from(package.is_found());
        figures.repeated += usize::from(package.attempts() > 1);
        for warning in package.warnings() {
            figures.wrong.push(format!("{version}: {warning}"));
        }
        if package.version != version {
            figures.wrong.push(format!("{version}: created as {}", package.version));
        }
        Ok(package.into_inner().package_id)
    }

    async fn publish(&self, version: &str, figures: &mut Figures) -> Result<PackageId, Error> {
        let publish = self.client.publish(&self.file, "my-app", "my-product", PackageType::Firmware, version);
        let key = format!("{version}/upgrade.bin");
        let package = publish.bucket(&self.bucket).object_key(&key).send().await?.package;
        // What was uploaded has to be what was published, if there is an answer at all.
        let stored = self.client.obs()?.checksum(&self.bucket, &key).await;
        match (stored, &self.location.sign) {
            (Ok(stored), Some(sign)) if sign.matches(&stored) => {}
            (Err(error), _) if error.is_retryable() => {}
            (stored, _) => figures.wrong.push(format!("{version}: {key} is stored as {stored:?}")),
        }
        Ok(package.package_id)
    }

    /// What is shown and listed has to be what was created, if there is an answer at all.
    async fn look(&self, version: &str, id: &PackageId, figures: &mut Figures) {
        figures.looked += 2;
        match self.client.packages().show(id).send().await {
            Ok(shown) if shown.package_id == *id && shown.version == version => {}
            Err(error) if error.is_retryable() => {}
            other => figures.wrong.push(format!("{version}: {id} is shown as {other:?}")),
        }
        match self.client.packages().list(PackageType::Firmware).version(version).send().await {
            Ok(page) if page.packages.len() == 1 && page.packages[0].package_id == *id => {}
            Err(error) if error.is_retryable() => {}
            other => figures.wrong.push(format!("{version}: {id} is listed as {other:?}")),
        }
    }
}

impl Figures {
    fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.found += other.found;
        self.repeated += other.repeated;
        self.not_done += other.not_done;
        self.unknown += other.unknown;
        self.deleted += other.deleted;
        self.delete_unknown += other.delete_unknown;
        self.looked += other.looked;
        self.hung += other.hung;
        self.wrong.extend(other.wrong);
    }

    /// Panics unless every outcome was reported rightly.
    pub(crate) fn assert_right(&self) {
        let Differences { duplicates, lost, wrong } = &self.differences;
        assert!(duplicates.is_empty() && lost.is_empty() && wrong.is_empty(), "{self:#?}");
        assert!(self.wrong.is_empty() && self.hung == 0, "{self:#?}");
        // The service answers all the time, if badly, so everything can be found out.
        assert_eq!((self.unknown, self.delete_unknown), (0, 0), "{self:#?}");
        assert!(self.struck > 0 && self.found > 0 && self.repeated > 0, "the faults strike: {self:#?}");
        assert!(self.idle.is_empty(), "each service meets each fault: {self:#?}");
    }

    #[expect(clippy::print_stdout, reason = "the figures are what the full run is for")]
    pub(crate) fn print(&self) {
        let load = self.load.expect("a run has a load");
        println!("creates             {} by {} callers, seed {}", load.creates, load.callers, load.seed);
        println!("faults              {} in about {} requests", self.struck, self.requests);
        println!("acknowledged        {}", self.acknowledged);
        println!("  found by look-up  {}", self.found);
        println!("  repeated          {}", self.repeated);
        println!("not done            {}", self.not_done);
        println!("outcome unknown     {}", self.unknown);
        println!("deleted             {}", self.deleted);
        println!("  outcome unknown   {}", self.delete_unknown);
        println!("shown and listed    {}", self.looked);
        println!("duplicates          {}", self.differences.duplicates.len());
        println!("lost                {}", self.differences.lost.len());
        println!("reported wrongly    {}", self.differences.wrong.len() + self.wrong.len());
        println!("hung                {}", self.hung);
        println!("time                {:.1} s", self.elapsed.as_secs_f64());
    }
}
