//! `scale`: a page and a create however many packages there are, and one process with more and more callers.

use std::path::PathBuf;

use super::emulator::{CREATE, create_body, right};
use super::figures::{Goal, Row, Section, Unit};
use super::process::{Side, Used, run as run_program};
use super::rounds::{Contestant, alternate};
use super::server::Server;
use super::{Bench, NO_OBJECTS, progress};
use crate::Failure;

/// How much more each may cost than at the smallest number.
const MOST: f64 = 1.5;

const CALLERS: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "scale",
        "The emulator with more and more packages, one emulator for each number, each cost beside that at the smallest; \
         and the library, with more and more callers in one process. In each round 500 packages are created and, after \
         the measurement, deleted again.",
    );
    bench.note_cores(&mut section);
    packages(bench, &mut section)?;
    callers(bench, &mut section)?;
    Ok(section)
}

/// One process of the library with more and more callers, which share a connection pool and a session.
fn callers(bench: &Bench, section: &mut Section) -> Result<(), Failure> {
    let server = Server::start(&mut bench.command(bench.program("canned_server")))?;
    let url = server.value("URL")?;
    let names = CALLERS.map(|callers| if callers == 1 { "1 caller".to_owned() } else { format!("{callers} callers") });
    let mut contestants = Vec::new();
    for (name, callers) in names.iter().zip(CALLERS) {
        contestants.push(Contestant::ours(name, move |_| {
            let mut command = bench.command(bench.program("call"));
            command.args([url, "--by", "library", "--operation", "create", "--threads", "2"]);
            command.args(["--callers", &callers.to_string(), "--calls", bench.pick("60000", "1000")]);
            run_program(&mut command)
        }));
    }
    alternate(bench.pick(5, 1), &mut contestants)?;
    rows(section, "library, seconds for each create", &contestants, |used| used.own("calls"));
    Ok(())
}

/// The first alone, each other beside it.
fn rows(section: &mut Section, what: &str, contestants: &[Contestant<'_>], count: impl Fn(&Used) -> Option<f64>) {
    let each = |contestant: &Contestant<'_>| contestant.each(|used| Some(used.seconds / count(used)?));
    let [first, others @ ..] = contestants else { return };
    section.add(Row::alone(format!("{what}, {}", first.name), Unit::Seconds, &each(first)));
    for other in others {
        let what = format!("{what}, {}", other.name);
        let row = Row::beside(what, Unit::Seconds, &each(other), first.name, &each(first));
        section.judge(row, Goal::AtMost(MOST));
    }
}

/// Where a page begins.
#[derive(Clone, Copy)]
enum Place {
    First,
    Offset,
    /// After the package in the middle of all.
    Middle,
}

/// An emulator that holds a number of packages.
struct Store {
    title: &'static str,
    size: u32,
    server: Server,
    folder: PathBuf,
}

fn packages(bench: &Bench, section: &mut Section) -> Result<(), Failure> {
    let all = [("10^3 packages", 1_000), ("10^5 packages", 100_000), ("10^6 packages", 1_000_000)];
    let some = [("10^3 packages", 1_000), ("10^4 packages", 10_000)];
    let sizes: &[(&'static str, u32)] = bench.pick(&all, &some);
    let mut stores = Vec::new();
    for (title, size) in sizes {
        progress(&format!("scale: {title}"));
        stores.push(Store::filled(bench, title, *size)?);
    }
    measure(bench, section, &stores)?;
    for Store { server, folder, .. } in stores {
        drop(server);
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// All pages first, because creates change how many packages there are.
fn measure(bench: &Bench, section: &mut Section, stores: &[Store]) -> Result<(), Failure> {
    for (what, place) in [
        ("list page", Place::First),
        ("list page after an offset of 500", Place::Offset),
        ("list page after a marker in the middle", Place::Middle),
    ] {
        let mut contestants: Vec<_> =
            stores.iter().map(|store| Contestant::ours(store.title, move |_| store.list(bench, place))).collect();
        alternate(bench.pick(7, 1), &mut contestants)?;
        rows(section, what, &contestants, |used| used.own("requests"));
    }
    let mut contestants: Vec<_> =
        stores.iter().map(|store| Contestant::ours(store.title, move |_| store.create(bench))).collect();
    alternate(bench.pick(15, 1), &mut contestants)?;
    rows(section, "create", &contestants, |used| used.own("requests"));
    Ok(())
}

impl Store {
    fn filled(bench: &Bench, title: &'static str, size: u32) -> Result<Self, Failure> {
        let folder = bench.folder(&format!("scale-{size}"))?;
        let server = bench.emulator(bench.on(Side::Server, bench.program("iotda-ota")), Some(&folder), NO_OBJECTS)?;
        let store = Self { title, size, server, folder };
        store.load(bench, &["--requests", &size.to_string(), "--body", &create_body()], &CREATE, "")?;
        Ok(store)
    }

    /// Pages of ten.
    fn list(&self, bench: &Bench, place: Place) -> Result<Used, Failure> {
        let asked = ["--seconds", bench.pick("2", "0.2"), "--packages", "10"];
        let (query, middle) = ("?package_type=firmwarePackage&limit=10", format!("v{}", self.size / 2));
        match place {
            Place::First => self.load(bench, &asked, &[], query),
            Place::Offset => self.load(bench, &asked, &[], &format!("{query}&offset=500")),
            Place::Middle => self.load(bench, &asked, &["--after", &middle], query),
        }
    }

    fn create(&self, bench: &Bench) -> Result<Used, Failure> {
        let first = self.size.to_string();
        let asked = ["--requests", "500", "--undo", "--first", &first, "--body", &create_body()];
        self.load(bench, &asked, &CREATE, "")
    }

    fn load(&self, bench: &Bench, asked: &[&str], more: &[&str], query: &str) -> Result<Used, Failure> {
        let mut command = bench.on(Side::Caller, bench.program("load"));
        command.args([self.server.value("IOTDA_OTA_ENDPOINT")?, "--connections", "64"]);
        command.args(["--header", &format!("x-auth-token: {}", self.server.value("IOTDA_OTA_TOKEN")?)]);
        let project = self.server.value("HUAWEICLOUD_SDK_PROJECT_ID")?;
        command.args(["--path", &format!("/v5/iot/{project}/ota-upgrades/packages{query}")]);
        let used = run_program(command.args(asked).args(more))?;
        right(&used)?;
        Ok(used)
    }
}
