//! `publish`: check, hash, upload and register, beside its parts alone and beside the scripts of today.
//!
//! Every contestant uploads the same file to the same emulator, which is durable; the file is in the page cache. Objects
//! are deleted between the rounds, outside the measured time.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use super::figures::{Goal, Row, Section, Seen, Unit};
use super::process::{Used, run as run_program};
use super::rounds::{Contestant, alternate};
use super::server::Server;
use super::{Bench, progress};
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
        "`package publish` of one file, with an access key, to a durable emulator in another process. The bound is the largest of: the SHA-256 \
         of the file alone; the same upload without the digest of the whole; the processor seconds of both processes \
         divided by the cores.",
    );
    if let Err(reason) = &bench.peers.python {
        section.left_out("the official OBS SDK", reason);
    }
    if let Err(reason) = &bench.peers.shell {
        section.left_out("sha256sum and curl", reason);
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
    let emulator = bench.emulator(bench.command(bench.program("iotda-ota")), Some(&data), &[])?;
    let shop = Shop { bench, emulator: &emulator, file };
    let path = |name: &str| bench.root.join("tests/bench").join(name).to_string_lossy().into_owned();
    let scripts = [path("sha256sum_and_curl.sh"), path("python/hash_and_put.py")];
    let mut contestants = vec![
        Contestant::ours("publish", |round| shop.publish(name, round)),
        Contestant::ours("hash alone", |_| shop.run(&bench.program("hash"), &[], &[])),
        Contestant::ours("upload alone", |_| shop.upload(&bench.program("upload_alone"), &[], "alone.bin")),
    ];
    contestants.push(match &bench.peers.shell {
        Ok(()) => Contestant::peer("sha256sum, curl", |_| shop.upload(Path::new("sh"), &[&scripts[0]], "curl.bin")),
        Err(_) => Contestant::missing("sha256sum, curl"),
    });
    contestants.push(match &bench.peers.python {
        Ok(python) => Contestant::peer("hashlib, OBS SDK", |_| shop.upload(python, &[&scripts[1]], "sdk.bin")),
        Err(_) => Contestant::missing("hashlib, OBS SDK"),
    });
    section.notes.extend(alternate(bench.pick(5, 1), &mut contestants)?);
    rows(section, name, &contestants);
    let peak = emulator.peak_bytes().map(|bytes| vec![bytes]);
    let row = Row::alone(format!("{name}: peak memory of the emulator"), Unit::Bytes, &peak);
    section.judge(row, Goal::AtMost(MOST_BYTES[1]));
    drop(contestants);
    drop(emulator);
    fs::remove_dir_all(data)?;
    Ok(())
}

fn rows(section: &mut Section, name: &str, contestants: &[Contestant<'_>]) {
    let [publish, hash, upload, scripts @ ..] = contestants else { return };
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let shares = publish.each(|used| Some((used.cpu_seconds? + used.own("emulator_cpu_seconds")?) / cores));
    let (ours, bounds) = (publish.seconds(), [hash.seconds(), upload.seconds(), shares]);
    for (title, seen) in ["hash alone", "upload alone", "CPU seconds over cores"].iter().zip(&bounds) {
        section.add(Row::beside(name, Unit::Seconds, &ours, title, seen));
    }
    let row = Row::beside(name, Unit::Seconds, &ours, "the largest of these", &largest(&bounds));
    section.judge(row, Goal::AtMost(MOST));
    for script in scripts {
        let row = Row::beside(name, Unit::Seconds, &ours, script.name, &script.seconds());
        section.judge(row, Goal::AtMost(1.0));
        let cpu = |contestant: &Contestant<'_>| contestant.each(|used| used.cpu_seconds);
        let what = format!("{name}: CPU");
        section.add(Row::beside(what, Unit::Seconds, &cpu(publish), script.name, &cpu(script)));
    }
    let peak = publish.each(|used| used.peak_bytes);
    let row = Row::alone(format!("{name}: peak memory of the command"), Unit::Bytes, &peak);
    section.judge(row, Goal::AtMost(MOST_BYTES[0]));
}

/// The largest of each round; nothing if one of them is not known.
fn largest(bounds: &[Seen]) -> Seen {
    let bounds: Vec<&Vec<f64>> = bounds.iter().map(Option::as_ref).collect::<Option<_>>()?;
    let rounds = bounds.iter().map(|seen| seen.len()).min()?;
    Some((0..rounds).map(|round| bounds.iter().map(|seen| seen[round]).fold(f64::MIN, f64::max)).collect())
}

/// Runs what is measured against one emulator with one file.
struct Shop<'a> {
    bench: &'a Bench,
    emulator: &'a Server,
    file: &'a Path,
}

impl Shop<'_> {
    /// Runs a program with the file as its first argument after `before`.
    fn run(&self, program: &Path, before: &[&str], after: &[&str]) -> Result<Used, Failure> {
        let mut command = self.bench.client(self.emulator, self.bench.program("spawn"));
        command.env("IOTDA_OTA_STATE_DIR", self.bench.home.join("state"));
        run_program(command.arg("1").arg(program).args(before).arg(self.file).args(after))
    }

    /// An upload to a key, which is deleted afterwards.
    fn upload(&self, program: &Path, before: &[&str], key: &str) -> Result<Used, Failure> {
        let used = self.run(program, before, &[key])?;
        self.delete(key)?;
        Ok(used)
    }

    fn publish(&self, size: &str, round: usize) -> Result<Used, Failure> {
        let version = format!("{}-{round}", size.replace(' ', ""));
        let key = format!("{version}/upgrade.bin");
        let mut after = vec!["--app-id", "bench-app", "--product-id", "bench-product", "--type", "firmware"];
        after.extend(["--version", &version, "--object-key", &key, "--progress", "none"]);
        let before = self.emulator.clock();
        let mut used = self.run(&self.bench.program("iotda-ota"), &["package", "publish"], &after)?;
        let cpu = self.emulator.clock().zip(before).map(|(now, before)| now.since(&before));
        used.own["emulator_cpu_seconds"] = cpu.into();
        self.delete(&key)?;
        Ok(used)
    }

    fn delete(&self, key: &str) -> Result<(), Failure> {
        self.run(&self.bench.program("upload_alone"), &[], &[key, "--delete"])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::largest;

    #[test]
    fn a_bound_is_the_largest_of_each_round_and_unknown_if_a_part_of_it_is() {
        let (one, other) = (Some(vec![1.0, 4.0]), Some(vec![2.0, 3.0]));
        assert_eq!(largest(&[one.clone(), other]), Some(vec![2.0, 4.0]));
        assert_eq!(largest(&[one, None]), None);
    }
}
