//! `publish`: check, hash, upload and register, beside its parts alone and beside the scripts of today.
//!
//! Every contestant uploads the same file to the same emulator, which is durable; the file is in the page cache. Objects
//! are deleted between the rounds, outside the measured time.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::figures::{Figure, Goal, Row, Section, Unit};
use super::process::{Server, Used, run as run_program};
use super::rounds::{Contestant, alternate};
use super::{Bench, peers, progress};
use crate::Failure;

/// 1 MB, 64 MB, and just under 1 GB.
const SIZES: [(&str, u64); 3] = [("1 MB", 1_000_000), ("64 MB", 64_000_000), ("1 GB", 999_999_999)];

/// What `publish` may take, of the largest of its three bounds.
const MOST: f64 = 1.25;

/// Bounds on peak memory, of the command and of the emulator.
const MOST_BYTES: [f64; 2] = [64.0 * 1024.0 * 1024.0, 96.0 * 1024.0 * 1024.0];

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "publish",
        "`package publish` of one file to a durable emulator in another process. The bound is the largest of: the SHA-256 \
         of the file alone; the same upload without the digest of the whole; the processor seconds of both processes \
         divided by the cores.",
    );
    if bench.peers.python.is_none() {
        section.notes.push(peers::LEFT_OUT_SDK.to_owned());
    }
    let folder = bench.folder("publish")?;
    for (name, size) in SIZES.into_iter().take(bench.pick(3, 2)) {
        let file = folder.join("upgrade.bin");
        write_file(&file, size)?;
        one_size(bench, &mut section, name, &file)?;
    }
    fs::remove_dir_all(folder)?;
    Ok(section)
}

/// A file of noise that is the same every time.
fn write_file(path: &Path, size: u64) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut left = size;
    while left > 0 {
        // The xorshift generator of Marsaglia.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let bytes = state.to_le_bytes();
        let count = left.min(8);
        out.write_all(&bytes[..count as usize])?;
        left -= count;
    }
    out.flush()?;
    Ok(())
}

fn one_size(bench: &Bench, section: &mut Section, name: &str, file: &Path) -> Result<(), Failure> {
    progress(&format!("publish {name}"));
    let data = bench.folder("publish-data")?;
    let mut emulator = Command::new(bench.program("iotda-ota"));
    let emulator =
        Server::start(emulator.args(["emulator", "--data-dir"]).arg(&data).args(super::emulator::ANY_PORTS))?;
    let shop = Shop { bench, emulator: &emulator, file };
    let script = bench.root.join("tests/bench/python/hash_and_put.py").to_string_lossy().into_owned();
    let mut contestants = vec![
        Contestant::new("publish", |round| shop.publish(name, round)),
        Contestant::new("hash alone", |_| shop.spawn(bench.program("hash"), &[])),
        Contestant::new("upload alone", |_| shop.upload(bench.program("upload_alone"), &[], "alone.bin")),
        Contestant::new("sha256sum, curl", |_| {
            shop.upload(bench.root.join("tests/bench/sha256sum_and_curl.sh"), &[], "curl.bin")
        }),
    ];
    if let Some(python) = &bench.peers.python {
        contestants.push(Contestant::new("hashlib, OBS SDK", |_| {
            shop.upload(python.clone(), std::slice::from_ref(&script), "sdk.bin")
        }));
    }
    alternate(bench.pick(5, 1), &mut contestants)?;

    let ours = contestants[0].seconds();
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let shares: Vec<f64> = contestants[0].each(|used| (used.cpu_seconds + used.own("emulator_cpu_seconds")) / cores);
    for (title, seen) in [
        ("hash alone", contestants[1].seconds()),
        ("upload alone", contestants[2].seconds()),
        ("CPU seconds over cores", shares.clone()),
    ] {
        section.rows.push(Row::beside(name, Unit::Seconds, &ours, title, &seen));
    }
    let bound: Vec<f64> = (0..ours.len())
        .map(|round| {
            [&contestants[1], &contestants[2]].iter().fold(shares[round], |most, c| most.max(c.seconds()[round]))
        })
        .collect();
    section.rows.push(Row::beside(name, Unit::Seconds, &ours, "the largest of these", &bound).goal(Goal::AtMost(MOST)));
    for script in &contestants[3..] {
        let row = Row::beside(name, Unit::Seconds, &ours, script.name, &script.seconds());
        section.rows.push(row.goal(Goal::AtMost(1.0)));
    }
    let peak = Figure::of(&contestants[0].each(|used| used.peak_bytes), Unit::Bytes);
    section
        .rows
        .push(Row::alone(format!("{name}: peak memory of the command"), peak).goal(Goal::AtMost(MOST_BYTES[0])));
    let peak = Figure::of(&[emulator.peak_bytes()], Unit::Bytes);
    section
        .rows
        .push(Row::alone(format!("{name}: peak memory of the emulator"), peak).goal(Goal::AtMost(MOST_BYTES[1])));
    drop(contestants);
    drop(emulator);
    fs::remove_dir_all(data)?;
    Ok(())
}

/// Runs what is measured against one emulator with one file.
struct Shop<'a> {
    bench: &'a Bench,
    emulator: &'a Server,
    file: &'a Path,
}

impl Shop<'_> {
    /// A program with the file as its first argument after `before`.
    fn command(&self, program: PathBuf, before: &[String], after: &[&str]) -> Command {
        let mut command = Command::new(self.bench.program("spawn"));
        command.arg("1").arg(program).args(before).arg(self.file).args(after);
        command.envs(&self.emulator.said).env("IOTDA_OTA_METADATA", "off");
        command
    }

    fn spawn(&self, program: PathBuf, after: &[&str]) -> Result<Used, Failure> {
        run_program(&mut self.command(program, &[], after))
    }

    /// An upload to a key, which is deleted afterwards.
    fn upload(&self, program: PathBuf, before: &[String], key: &str) -> Result<Used, Failure> {
        let used = run_program(&mut self.command(program, before, &[key]))?;
        self.spawn(self.bench.program("upload_alone"), &[key, "--delete"])?;
        Ok(used)
    }

    fn publish(&self, size: &str, round: usize) -> Result<Used, Failure> {
        let version = format!("{}-{round}", size.replace(' ', ""));
        let key = format!("{version}/upgrade.bin");
        let before: Vec<String> = ["package", "publish"].map(str::to_owned).to_vec();
        let state = self.bench.root.join("target/bench/publish-data/state");
        let mut command = self.command(
            self.bench.program("iotda-ota"),
            &before,
            &[
                "--app-id",
                "bench-app",
                "--product-id",
                "bench-product",
                "--type",
                "firmware",
                "--version",
                &version,
                "--object-key",
                &key,
                "--progress",
                "none",
            ],
        );
        command.env("IOTDA_OTA_STATE_DIR", state);
        let cpu = self.emulator.cpu_seconds();
        let mut used = run_program(&mut command)?;
        used.own["emulator_cpu_seconds"] = (self.emulator.cpu_seconds() - cpu).into();
        self.spawn(self.bench.program("upload_alone"), &[&key, "--delete"])?;
        Ok(used)
    }
}
