//! `call`: signed create and list, beside a hand-written client without a signature, and the official Python SDK.

use std::process::Command;

use super::figures::{Goal, Row, Section, Unit};
use super::process::{Server, Used, pinned, run as run_program};
use super::rounds::{Contestant, alternate};
use super::{Bench, peers};
use crate::Failure;

/// Callers at once, and the least share of the hand-written client's calls per second.
const CALLERS: [(u32, f64); 2] = [(1, 0.90), (32, 0.70)];

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "call",
        "Calls against a trivial local server on one core, callers on the other: the library with request signing; a \
         reqwest client with a ready body and no signing; the official Python SDK with signing.",
    );
    let server = Server::start(&mut pinned(0, bench.program("canned_server")))?;
    let url = server.value("URL")?;
    let python = bench.peers.python.as_deref();
    if python.is_none() {
        section.notes.push(peers::LEFT_OUT_SDK.to_owned());
    }
    for operation in ["create", "list"] {
        for (callers, least) in CALLERS {
            let ours = |by: &'static str, calls: u32| {
                move |_| {
                    let mut command = pinned(1, bench.program("call"));
                    command.args([url, "--by", by, "--operation", operation]);
                    command.args(["--callers", &callers.to_string(), "--calls", &calls.to_string()]);
                    run_program(&mut command)
                }
            };
            let calls = bench.pick(30_000, 3_000);
            let mut contestants = vec![
                Contestant::new("library", ours("library", calls)),
                Contestant::new("hand-written", ours("handwritten", calls)),
            ];
            if let Some(python) = python {
                let script = bench.root.join("tests/bench/python/call.py");
                let calls = bench.pick(2_000, 300);
                contestants.push(Contestant::new("Python SDK", move |_| {
                    let mut command = pinned(1, python);
                    command.arg(&script).args([url, operation, &callers.to_string(), &calls.to_string()]);
                    run_program(&mut command)
                }));
            }
            alternate(bench.pick(7, 2), &mut contestants)?;
            rows(&mut section, operation, callers, least, &contestants);
        }
    }
    Ok(section)
}

fn rows(section: &mut Section, operation: &str, callers: u32, least: f64, contestants: &[Contestant<'_>]) {
    let per_second = |contestant: &Contestant<'_>| contestant.each(|used| used.own("calls") / used.seconds);
    let cpu = |contestant: &Contestant<'_>| contestant.each(|used: &Used| used.cpu_seconds / used.own("calls"));
    let (ours, bare) = (&contestants[0], &contestants[1]);
    let what = format!("{operation}, {callers} at once");
    section.rows.push(
        Row::beside(&what, Unit::PerSecond, &per_second(ours), bare.name, &per_second(bare)).goal(Goal::AtLeast(least)),
    );
    section.rows.push(Row::beside(format!("{what}: CPU per call"), Unit::Seconds, &cpu(ours), bare.name, &cpu(bare)));
    let Some(python) = contestants.get(2) else { return };
    let row = Row::beside(&what, Unit::PerSecond, &per_second(ours), python.name, &per_second(python));
    section.rows.push(if callers == 1 { row.goal(Goal::AtLeast(8.0)) } else { row });
    let peak = |contestant: &Contestant<'_>| contestant.each(|used| used.peak_bytes);
    section.rows.push(
        Row::beside(format!("{what}: peak memory"), Unit::Bytes, &peak(ours), python.name, &peak(python))
            .goal(Goal::AtMost(0.1)),
    );
}

/// Seconds for each create of the library alone, for `scale`.
pub(super) fn library_seconds(bench: &Bench, url: &str, callers: u32) -> Result<Vec<f64>, Failure> {
    let calls = bench.pick(20_000, 1_000);
    let mut seen = Vec::new();
    for round in 0..=bench.pick(3, 1) {
        let mut command = Command::new(bench.program("call"));
        command.args([url, "--by", "library", "--operation", "create", "--threads", "2"]);
        command.args(["--callers", &callers.to_string(), "--calls", &calls.to_string()]);
        let used = run_program(&mut command)?;
        if round > 0 {
            seen.push(used.seconds / used.own("calls"));
        }
    }
    Ok(seen)
}
