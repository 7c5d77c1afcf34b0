//! Creates whose connection breaks and that are carried out only then: soon, between two looks of the call, or after all
//! of them. What the library can cope with it has to; what it cannot is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use iotda_ota::{Client, ObsLocation, PackageType, RetryPolicy};
use support::{Target, target_that_remembers};
use tokio::time::{sleep, timeout};

use crate::faults::{self, LATE, MOMENT};
use crate::load::HANGS;
use crate::model::{Differences, Told, compare};

/// How often each create is tried, so that some of them end with an unknown outcome.
const ATTEMPTS: u32 = 3;

/// How many creates are made before their requests are looked at. The emulator remembers some thousand requests, and a
/// create has forty at most, all look-ups counted.
const PORTION: usize = 128;
const REQUESTS: usize = 40;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LateLoad {
    pub(crate) creates: usize,
    pub(crate) callers: usize,
    pub(crate) seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    creates: usize,
    struck: [usize; 3],
    acknowledged: usize,
    found: usize,
    unknown: usize,
    /// Versions whose caller was told of another package that is the same.
    warned: BTreeSet<String>,
    hung: usize,
    wrong: Vec<String>,
    /// What the documented window explains.
    window: Differences,
    /// What nothing explains.
    differences: Differences,
}

/// How often each fault struck, by version.
type Strikes = BTreeMap<String, [usize; 3]>;

/// What a caller was told about one create.
struct One {
    told: Told,
    found: bool,
    warned: bool,
    hung: bool,
    wrong: Option<String>,
}

impl LateLoad {
    /// Runs it portion by portion, waits for the last late one, then compares.
    pub(crate) async fn run(self) -> Figures {
        let target = target_that_remembers(PORTION * REQUESTS).await;
        let folder = tempfile::tempdir().expect("there is room for a file");
        let file = folder.path().join("upgrade.bin");
        std::fs::write(&file, b"fake firmware").expect("the file can be written");
        let location = target.upload("upgrade.bin", &file).await;
        let ids = faults::switch_late_on(target.faults(), self.seed);
        // The delays of the faults are made for this moment.
        let policy = RetryPolicy::default().max_attempts(ATTEMPTS).delays(MOMENT, Duration::from_secs(20));
        let client = target.builder().retry(policy).build().expect("the settings are valid");

        let next = Arc::<AtomicUsize>::default();
        let mut figures = Figures { creates: self.creates, ..Figures::default() };
        let (mut told, mut struck, mut last) = (BTreeMap::new(), BTreeMap::new(), 0);
        for first in (0..self.creates).step_by(PORTION) {
            let end = self.creates.min(first + PORTION);
            next.store(first, Ordering::Relaxed);
            let callers: Vec<_> = (0..self.callers)
                .map(|_| tokio::spawn(caller(client.clone(), location.clone(), Arc::clone(&next), end)))
                .collect();
            for caller in callers {
                for (version, one) in caller.await.expect("no caller panics") {
                    figures.add(version, one, &mut told);
                }
            }
            last = count_strikes(&target, ids, last, &mut struck);
        }
        let longest = LATE.map(|late| late.delay).into_iter().max().unwrap_or_default();
        sleep(longest + Duration::from_millis(500)).await;
        assert_all_counted(&target, ids, &struck);
        target.faults().clear();
        let all = target.client().packages().list(PackageType::Firmware).stream();
        let found: Vec<_> = all.try_collect().await.expect("everything is listed");
        figures.account(compare(&told, &found), &told, &struck);
        figures
    }
}

async fn caller(client: Client, location: ObsLocation, next: Arc<AtomicUsize>, end: usize) -> Vec<(String, One)> {
    let mut all = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return all;
        }
        let version = format!("{number}.0");
        let create =
            client.packages().create("my-app", "my-product", PackageType::Firmware, &*version, location.clone());
        let mut one = One { told: Told::Unknown, found: false, warned: false, hung: false, wrong: None };
        match timeout(HANGS, create.send()).await {
            Err(_) => one.hung = true,
            Ok(Ok(package)) => {
                one.found = package.is_found();
                one.warned = !package.warnings().is_empty();
                one.told = Told::Exists(package.into_inner().package_id);
            }
            Ok(Err(error)) if error.is_outcome_unknown() && error.sought().is_some() => {}
            Ok(Err(error)) => one.wrong = Some(format!("nothing was refused: {error}")),
        }
        all.push((version, one));
    }
}

/// Counts how often each fault struck a create of each version, in all requests after that number; answers the last one's.
fn count_strikes(target: &Target, ids: [u64; 3], after: u64, struck: &mut Strikes) -> u64 {
    let mut last = after;
    for request in target.requests().into_iter().filter(|request| request.number > after) {
        last = request.number;
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let Some(version) = body["version"].as_str() else { continue };
        for (index, id) in ids.iter().enumerate() {
            struck.entry(version.to_owned()).or_default()[index] += usize::from(request.faults.contains(id));
        }
    }
    last
}

/// Panics if a fault struck more often than was counted: the emulator forgot a request before it was looked at, and what it
/// explains would be taken for wrong.
fn assert_all_counted(target: &Target, ids: [u64; 3], struck: &Strikes) {
    let hits = |id: u64| target.faults().list().iter().find(|fault| fault.id == id).map_or(0, |fault| fault.hits);
    let counted = [0, 1, 2].map(|index| struck.values().map(|counts| counts[index] as u64).sum::<u64>());
    assert_eq!(counted, ids.map(hits), "the emulator has forgotten requests: not all strikes are counted");
}

/// The version that a line of differences begins with.
fn version_of(line: &str) -> &str {
    line.split(':').next().unwrap_or_default()
}

impl Figures {
    fn add(&mut self, version: String, one: One, told: &mut BTreeMap<String, Told>) {
        match &one.told {
            Told::Unknown => self.unknown += 1,
            _ => self.acknowledged += 1,
        }
        self.found += usize::from(one.found);
        if one.warned {
            self.warned.insert(version.clone());
        }
        self.hung += usize::from(one.hung);
        self.wrong.extend(one.wrong.map(|wrong| format!("{version}: {wrong}")));
        told.insert(version, one.told);
    }

    /// Separates what the documented window explains from what nothing does.
    fn account(&mut self, differences: Differences, told: &BTreeMap<String, Told>, struck: &Strikes) {
        let of = |version: &str| struck.get(version).copied().unwrap_or_default();
        for (index, count) in self.struck.iter_mut().enumerate() {
            *count = struck.values().map(|counts| counts[index]).sum();
        }
        for (version, told) in told {
            // Nobody may say that it is unknown before the policy is exhausted.
            if matches!(told, Told::Unknown) && of(version).iter().sum::<usize>() < ATTEMPTS as usize {
                self.wrong.push(format!("{version}: unknown after {:?}", of(version)));
            }
        }
        let is_explained = |line: &String| {
            let (version, struck) = (version_of(line), of(version_of(line)));
            let too_late = struck.into_iter().zip(LATE).any(|(count, late)| count > late.copes_with);
            // Of two attempts that are carried out between two looks both stay, and the caller is told.
            let told = self.warned.contains(version) && struck.iter().sum::<usize>() > 1;
            too_late || told
        };
        let with_strikes = |line: String| {
            let struck = of(version_of(&line));
            format!("{line}, struck {struck:?}")
        };
        let (window, duplicates) = differences.duplicates.into_iter().map(with_strikes).partition(is_explained);
        // What a caller was told to exist exists, whatever comes later.
        let Differences { lost, wrong, .. } = differences;
        self.window.duplicates = window;
        self.differences = Differences { duplicates, lost, wrong };
    }

    /// Panics unless everything was reported rightly that can be.
    pub(crate) fn assert_right(&self) {
        let Differences { duplicates, lost, wrong } = &self.differences;
        assert!(duplicates.is_empty() && lost.is_empty() && wrong.is_empty(), "{self:#?}");
        assert!(self.wrong.is_empty() && self.hung == 0, "{self:#?}");
        assert!(self.struck.iter().all(|struck| *struck > 0) && self.found > 0, "the faults strike: {self:#?}");
    }

    #[expect(clippy::print_stdout, reason = "the figures are what the full run is for")]
    pub(crate) fn print(&self) {
        println!("creates             {}", self.creates);
        for (late, struck) in LATE.iter().zip(self.struck) {
            println!(
                "carried out late    {struck} attempts, {} ms after their connection broke",
                late.delay.as_millis()
            );
        }
        println!("acknowledged        {}", self.acknowledged);
        println!("  found by look-up  {}", self.found);
        println!("  with a warning    {}", self.warned.len());
        println!("outcome unknown     {}, each after {ATTEMPTS} attempts", self.unknown);
        println!("in the window       {} duplicates", self.window.duplicates.len());
        println!("other duplicates    {}", self.differences.duplicates.len());
        println!("lost                {}", self.differences.lost.len());
        println!("reported wrongly    {}", self.differences.wrong.len() + self.wrong.len());
        println!("hung                {}", self.hung);
    }
}
