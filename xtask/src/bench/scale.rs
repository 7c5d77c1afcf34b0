//! `scale`: a page and a create however many packages there are, and one process with more and more callers.

use std::process::Command;

use super::emulator::{ANY_PORTS, create_body};
use super::figures::{Figure, Goal, Row, Section, Unit};
use super::process::{Server, pinned, run as run_program};
use super::{Bench, call};
use crate::Failure;

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "scale",
        "The emulator with more and more packages, each cost beside that at the smallest number; and the library, with \
         more and more callers in one process.",
    );
    packages(bench, &mut section)?;
    callers(bench, &mut section)?;
    Ok(section)
}

/// One process of the library with more and more callers, which share a connection pool and a session.
fn callers(bench: &Bench, section: &mut Section) -> Result<(), Failure> {
    let server = Server::start(&mut Command::new(bench.program("canned_server")))?;
    let mut alone = Vec::new();
    for callers in [1, 2, 4, 8, 16, 32, 64] {
        let seen = call::library_seconds(bench, server.value("URL")?, callers)?;
        let what = format!("library, seconds for each create, {callers} callers");
        if callers == 1 {
            section.rows.push(Row::alone(what, Figure::of(&seen, Unit::Seconds)));
            alone = seen;
        } else {
            let row = Row::beside(what, Unit::Seconds, &seen, "1 caller", &alone);
            section.rows.push(row.goal(Goal::AtMost(1.5)));
        }
    }
    Ok(())
}

fn packages(bench: &Bench, section: &mut Section) -> Result<(), Failure> {
    let folder = bench.folder("scale")?;
    let mut command = pinned(0, bench.program("iotda-ota"));
    command.args(["emulator", "--no-object-check", "--data-dir"]).arg(folder).args(ANY_PORTS);
    let server = Server::start(&mut command)?;
    let mut first: Option<(Vec<f64>, Vec<f64>)> = None;
    let mut stored = 0;
    for size in bench.pick(vec![1_000, 100_000, 1_000_000], vec![1_000, 10_000]) {
        create(bench, &server, stored, size - stored)?;
        stored = size;
        let (mut lists, mut creates) = (Vec::new(), Vec::new());
        for _ in 0..bench.pick(5, 1) {
            lists.push(list(bench, &server)?);
            let count = bench.pick(5_000, 500);
            creates.push(create(bench, &server, stored, count)?);
            stored += count;
        }
        let name = "10^3 packages";
        match &first {
            None => {
                section.rows.push(Row::alone(format!("list page, {name}"), Figure::of(&lists, Unit::Seconds)));
                section.rows.push(Row::alone(format!("create, {name}"), Figure::of(&creates, Unit::Seconds)));
                first = Some((lists, creates));
            }
            Some((few_lists, few_creates)) => {
                for (what, many, few) in [("list page", &lists, few_lists), ("create", &creates, few_creates)] {
                    let what = format!("{what}, {size} packages");
                    section.rows.push(Row::beside(what, Unit::Seconds, many, name, few).goal(Goal::AtMost(1.5)));
                }
            }
        }
    }
    Ok(())
}

/// Seconds for each page of ten.
fn list(bench: &Bench, server: &Server) -> Result<f64, Failure> {
    let requests = bench.pick(20_000, 500);
    let mut command = load(bench, server, requests)?;
    command.args(["--path", &format!("{}?package_type=firmwarePackage&limit=10", path(server)?)]);
    let used = run_program(&mut command)?;
    right(&used)?;
    Ok(used.seconds / f64::from(requests))
}

/// Seconds for each create.
fn create(bench: &Bench, server: &Server, first: u32, count: u32) -> Result<f64, Failure> {
    let mut command = load(bench, server, count)?;
    command.args(["--path", &path(server)?, "--method", "POST", "--status", "201", "--body", &create_body()]);
    command.args(["--first", &first.to_string()]);
    let used = run_program(&mut command)?;
    right(&used)?;
    Ok(used.seconds / f64::from(count))
}

fn load(bench: &Bench, server: &Server, requests: u32) -> Result<Command, Failure> {
    let mut command = pinned(1, bench.program("load"));
    command.args([server.value("IOTDA_OTA_ENDPOINT")?, "--connections", "64"]);
    command.args(["--header", &format!("x-auth-token: {}", server.value("IOTDA_OTA_TOKEN")?)]);
    command.args(["--requests", &requests.to_string()]);
    Ok(command)
}

fn path(server: &Server) -> Result<String, Failure> {
    Ok(format!("/v5/iot/{}/ota-upgrades/packages", server.value("HUAWEICLOUD_SDK_PROJECT_ID")?))
}

fn right(used: &super::process::Used) -> Result<(), Failure> {
    if used.own("wrong") > 0.0 {
        return Err(format!("{} answers of the emulator are wrong", used.own("wrong")).into());
    }
    Ok(())
}
