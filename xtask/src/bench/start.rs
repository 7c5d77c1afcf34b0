//! `start`: whole processes, from their start to their end.

use std::path::Path;
use std::process::Command;

use super::figures::{Goal, Row, Section, Unit};
use super::process::{Server, run as run_program};
use super::rounds::{Contestant, alternate};
use super::{Bench, peers};
use crate::Failure;

/// No process that only says hello or lists ten packages may take longer.
const LONGEST: f64 = 0.010;

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "start",
        "Whole processes: `--help`, and a list against a running emulator; beside it the same list as a script with the \
         official Python SDK.",
    );
    let emulator = Server::start(
        Command::new(bench.program("iotda-ota")).args(["emulator", "--in-memory"]).args(super::emulator::ANY_PORTS),
    )?;
    let spawn = |program: &Path, arguments: &[&str], times: u32| {
        let mut command = Command::new(bench.program("spawn"));
        command.arg(times.to_string()).arg(program).args(arguments);
        // Nothing else than the emulator may be asked for credentials.
        command.envs(&emulator.said).env("IOTDA_OTA_METADATA", "off");
        run_program(&mut command)
    };
    let ours = bench.program("iotda-ota");
    let script = bench.root.join("tests/bench/python/list_packages.py").to_string_lossy().into_owned();
    let times = bench.pick(20, 5);
    let mut contestants = vec![
        Contestant::new("--help", |_| spawn(&ours, &["--help"], times)),
        Contestant::new("package list", |_| spawn(&ours, &["package", "list", "--type", "firmware"], times)),
    ];
    match bench.peers.python.as_deref() {
        Some(python) => {
            let spawn = &spawn;
            contestants.push(Contestant::new("Python SDK", move |_| spawn(python, &[&script], 3)));
        }
        None => section.notes.push(peers::LEFT_OUT_SDK.to_owned()),
    }
    alternate(bench.pick(5, 2), &mut contestants)?;
    let each = |contestant: &Contestant<'_>| contestant.each(|used| used.seconds / used.own("runs"));
    let peak = |contestant: &Contestant<'_>| contestant.each(|used| used.peak_bytes);
    for contestant in &contestants[..2] {
        let figure = super::figures::Figure::of(&each(contestant), Unit::Seconds);
        section.rows.push(Row::alone(contestant.name, figure).goal(Goal::AtMost(LONGEST)));
    }
    if let [_, list, python] = contestants.as_slice() {
        // How many times faster, so that a larger number is better here as everywhere.
        let mut row =
            Row::beside("list, processes per second", Unit::PerSecond, &rate(list), python.name, &rate(python));
        row = row.goal(Goal::AtLeast(20.0));
        section.rows.push(row);
        section.rows.push(Row::beside("list: peak memory", Unit::Bytes, &peak(list), python.name, &peak(python)));
    }
    Ok(section)
}

fn rate(contestant: &Contestant<'_>) -> Vec<f64> {
    contestant.each(|used| used.own("runs") / used.seconds)
}
