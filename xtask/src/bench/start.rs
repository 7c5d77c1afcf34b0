//! `start`: whole processes, from their start to their end.

use std::path::Path;

use super::emulator::subjects;
use super::figures::{Goal, Row, Section, Unit};
use super::process::run as run_program;
use super::rounds::{Contestant, alternate};
use super::{Bench, NO_OBJECTS};
use crate::Failure;

/// No process that only says hello or lists ten packages may take longer.
const LONGEST: f64 = 0.010;

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "start",
        "Whole processes: `--help`, and a signed list of ten packages from a running emulator; beside it the same list as \
         a script with the official Python SDK.",
    );
    let emulator = bench.emulator(bench.command(bench.program("iotda-ota")), None, NO_OBJECTS)?;
    subjects::seed(
        bench,
        emulator.value("IOTDA_OTA_ENDPOINT")?,
        emulator.value("HUAWEICLOUD_SDK_PROJECT_ID")?,
        emulator.value("IOTDA_OTA_TOKEN")?,
    )?;
    // The small program in between keeps account of what it starts.
    let spawn = |program: &Path, arguments: &[&str], times: u32| {
        let mut command = bench.client(&emulator, bench.program("spawn"));
        run_program(command.arg(times.to_string()).arg(program).args(arguments))
    };
    let ours = bench.program("iotda-ota");
    let script = bench.root.join("tests/bench/python/list_packages.py").to_string_lossy().into_owned();
    let times = bench.pick(50, 5);
    let mut contestants = vec![
        Contestant::ours("--help", |_| spawn(&ours, &["--help"], times)),
        Contestant::ours("package list", |_| spawn(&ours, &["package", "list", "--type", "firmware"], times)),
    ];
    contestants.push(match &bench.peers.python {
        Ok(python) => Contestant::peer("Python SDK", |_| spawn(python, &[&script], bench.pick(5, 3))),
        Err(reason) => {
            section.left_out("the official Python SDK", reason);
            Contestant::missing("Python SDK")
        }
    });
    section.notes.extend(alternate(bench.pick(7, 2), &mut contestants)?);
    let rate = |contestant: &Contestant<'_>| contestant.each(|used| used.rate("runs"));
    let each = |contestant: &Contestant<'_>| contestant.each(|used| Some(used.seconds / used.own("runs")?));
    let cpu = |contestant: &Contestant<'_>| contestant.each(|used| used.cpu_each("runs"));
    let peak = |contestant: &Contestant<'_>| contestant.each(|used| used.peak_bytes);
    for contestant in &contestants[..2] {
        let name = contestant.name;
        section.judge(Row::alone(name, Unit::Seconds, &each(contestant)), Goal::AtMost(LONGEST));
        section.add(Row::alone(format!("{name}: CPU"), Unit::Seconds, &cpu(contestant)));
        section.add(Row::alone(format!("{name}: peak memory"), Unit::Bytes, &peak(contestant)));
    }
    if let [_, list, python] = contestants.as_slice() {
        // How many times faster, so that a larger number is better here as everywhere.
        let what = "list, processes per second";
        let row = Row::beside(what, Unit::PerSecond, &rate(list), python.name, &rate(python));
        section.judge(row, Goal::AtLeast(20.0));
        section.add(Row::beside("list: CPU", Unit::Seconds, &cpu(list), python.name, &cpu(python)));
        section.add(Row::beside("list: peak memory", Unit::Bytes, &peak(list), python.name, &peak(python)));
    }
    Ok(section)
}
