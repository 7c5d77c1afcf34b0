//! `call`: signed create and list, beside a hand-written client without a signature, and the official Python SDK.

use super::Bench;
use super::figures::{Goal, Row, Section, Unit};
use super::process::{Side, run as run_program};
use super::rounds::{Contestant, alternate};
use super::server::Server;
use crate::Failure;

/// Callers at once, and the least share of the hand-written client's calls per second.
const CALLERS: [(u32, f64); 2] = [(1, 0.90), (32, 0.70)];

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "call",
        "Calls against a trivial local server on one core, callers on the other: the library with request signing; a \
         reqwest client with a ready body and no signing; the official Python SDK with signing.",
    );
    bench.note_cores(&mut section);
    let server = Server::start(&mut bench.on(Side::Server, bench.program("canned_server")))?;
    let url = server.value("URL")?;
    if let Err(reason) = &bench.peers.python {
        section.left_out("the official Python SDK", reason);
    }
    for operation in ["create", "list"] {
        for (callers, least) in CALLERS {
            let ours = |by: &'static str| {
                move |_| {
                    let mut command = bench.on(Side::Caller, bench.program("call"));
                    command.args([url, "--by", by, "--operation", operation, "--callers", &callers.to_string()]);
                    run_program(command.args(["--calls", bench.pick("60000", "3000")]))
                }
            };
            let mut contestants = vec![
                Contestant::ours("library", ours("library")),
                Contestant::ours("hand-written", ours("handwritten")),
            ];
            contestants.push(match &bench.peers.python {
                Ok(python) => Contestant::peer("Python SDK", move |_| {
                    let mut command = bench.on(Side::Caller, python);
                    command.arg(bench.root.join("tests/bench/python/call.py")).args([url, operation]);
                    run_program(command.args([callers.to_string().as_str(), bench.pick("3000", "300")]))
                }),
                Err(_) => Contestant::missing("Python SDK"),
            });
            section.notes.extend(alternate(bench.pick(7, 2), &mut contestants)?);
            rows(&mut section, operation, callers, least, &contestants);
        }
    }
    Ok(section)
}

fn rows(section: &mut Section, operation: &str, callers: u32, least: f64, contestants: &[Contestant<'_>]) {
    let rate = |contestant: &Contestant<'_>| contestant.each(|used| used.rate("calls"));
    let cpu = |contestant: &Contestant<'_>| contestant.each(|used| used.cpu_each("calls"));
    let peak = |contestant: &Contestant<'_>| contestant.each(|used| used.peak_bytes);
    let [ours, others @ ..] = contestants else { return };
    let what = format!("{operation}, {callers} at once");
    for other in others {
        let is_python = other.name == "Python SDK";
        let row = Row::beside(&what, Unit::PerSecond, &rate(ours), other.name, &rate(other));
        match (is_python, callers) {
            (false, _) => section.judge(row, Goal::AtLeast(least)),
            (true, 1) => section.judge(row, Goal::AtLeast(8.0)),
            (true, _) => section.add(row),
        }
        let what = format!("{operation}, {callers} at once: CPU per call");
        section.add(Row::beside(what, Unit::Seconds, &cpu(ours), other.name, &cpu(other)));
        let what = format!("{operation}, {callers} at once: peak memory");
        let row = Row::beside(what, Unit::Bytes, &peak(ours), other.name, &peak(other));
        if is_python { section.judge(row, Goal::AtMost(0.1)) } else { section.add(row) }
    }
}
