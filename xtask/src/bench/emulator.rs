//! `emulator`: ready, idle memory, list, show and durable create, beside Prism and WireMock with the same answers.
//!
//! Servers are on one core, the load on the other. Right answers are counted too: a server that answers quickly what
//! nobody asked is no peer, so rows tell how many of five simple expectations each of them meets.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Bench;
use super::figures::{Goal, Row, Section, Seen, Unit};
use super::process::{Side, Used, run as run_program};
use super::rounds::{Contestant, alternate};
use crate::Failure;

pub(super) mod subjects;

use subjects::{Answers, PACKAGES, Subject};

/// What is asked for, with the goal beside Prism.
const LOADS: [(&str, f64); 3] = [("show", 10.0), ("list", 1.0), ("create", 1.0)];

/// What the emulator has to do with 64 connections: shows and lists in each second of one core, creates in each second on
/// all cores, which is how people run it.
const ALONE: [(&str, f64); 3] = [("show", 50_000.0), ("list", 20_000.0), ("create", 15_000.0)];

/// The memory that it may have when idle.
const IDLE: f64 = 25.0 * 1024.0 * 1024.0;

/// How far the sizes of what is listed may be apart, so that it is the same work.
const ALIKE: std::ops::RangeInclusive<f64> = 0.9..=1.1;

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "emulator",
        "Servers on one core, 16 connections from the other; ten packages on each page, and the answers of the others are \
         those of ours. `create` is durable in ours, and is not stored at all by the peers.",
    );
    bench.note_cores(&mut section);
    // Before any server runs that stays: each fresh one has the core for itself.
    starts(bench, &mut section)?;
    let ours = subjects::ours(bench, "emulator", true)?;
    let mut right = vec![("ours", correctness(bench, &ours)?)];
    let answers = answers_of(bench, &ours)?;
    let mut others = Vec::new();
    for (name, subject) in [
        ("Prism", subjects::prism(bench, "prism", &answers)),
        ("WireMock", subjects::wiremock(bench, "wiremock", &answers)),
    ] {
        match subject.and_then(|subject| Ok((correctness(bench, &subject)?, subject))) {
            Ok((met, subject)) => {
                right.push((name, met));
                others.push((name, Some(subject)));
            }
            Err(error) => {
                section.left_out(name, &error);
                others.push((name, None));
            }
        }
    }
    right_answers(&mut section, &right);
    section.details =
        json!({ "right": right.into_iter().map(|(name, met)| (name.to_owned(), met.into())).collect::<Map<_, _>>() });
    let subjects = Subjects { ours, others };
    for (what, least) in LOADS {
        loads(bench, &mut section, &subjects, &answers, what, least)?;
    }
    alone(bench, &mut section, &subjects.ours, &answers)?;
    drop(subjects);
    for folder in subjects::FOLDERS {
        bench.folder(folder)?;
    }
    Ok(section)
}

/// Which simple expectations a server meets.
fn correctness(bench: &Bench, subject: &Subject) -> Result<Map<String, Value>, Failure> {
    let mut command = bench.command(bench.program("expectations"));
    let used = run_program(command.args([&subject.url, &subject.project, &subject.token]))?;
    Ok(used.own["met"].as_object().ok_or("expectations: nothing is said of what is met")?.clone())
}

/// What each server that is here answers rightly, ours first.
fn right_answers(section: &mut Section, right: &[(&str, Map<String, Value>)]) {
    let names = |met: &Map<String, Value>, wanted: bool| -> Vec<String> {
        met.iter().filter(|(_, met)| **met == wanted).map(|(what, _)| what.clone()).collect()
    };
    let count = |met: &Map<String, Value>| Some(vec![names(met, true).len() as f64]);
    let [(_, ours), others @ ..] = right else { return };
    let (what, goal) = ("right answers of five", Goal::AtLeast(5.0));
    for (name, met) in others {
        section.judge(Row::counted(what, Unit::Count, &count(ours), name, &count(met)), goal);
    }
    if others.is_empty() {
        section.judge(Row::alone(what, Unit::Count, &count(ours)), goal);
    }
    for (name, met) in right {
        let wrong = names(met, false).join(", ");
        if !wrong.is_empty() {
            section.notes.push(format!("Not as documented in {name}: {wrong}."));
        }
    }
}

/// What the others are given to say: what ours says of ten packages.
fn answers_of(bench: &Bench, ours: &Subject) -> Result<Answers, Failure> {
    subjects::seed(bench, &ours.url, &ours.project, &ours.token)
}

/// The servers that stay; those of others as far as they are here.
struct Subjects {
    ours: Subject,
    others: Vec<(&'static str, Option<Subject>)>,
}

/// One contestant for each server.
fn contestants<'a>(
    subjects: &'a Subjects,
    measure: &'a dyn Fn(&Subject) -> Result<Used, Failure>,
) -> Vec<Contestant<'a>> {
    let other = |(name, subject): &'a (&'static str, Option<Subject>)| match subject {
        Some(subject) => Contestant::peer(name, move |_| measure(subject)),
        None => Contestant::missing(name),
    };
    let ours = Contestant::ours("ours", move |_| measure(&subjects.ours));
    std::iter::once(ours).chain(subjects.others.iter().map(other)).collect()
}

/// Adds ours beside each other, with the goal beside it if there are goals; alone if no other is known.
fn beside(
    section: &mut Section,
    what: &str,
    unit: Unit,
    contestants: &[Contestant<'_>],
    read: impl Fn(&Used) -> Option<f64>,
    goals: Option<Goals>,
) {
    let [ours, others @ ..] = contestants else { return };
    let (seen, rows) = (ours.each(&read), section.rows.len());
    for other in others {
        let row = Row::beside(what, unit, &seen, other.name, &other.each(&read));
        match goals {
            Some(goals) => section.judge(row, if other.name == "Prism" { goals.prism } else { goals.other }),
            None => section.add(row),
        }
    }
    if section.rows.len() == rows {
        section.add(Row::alone(what, unit, &seen));
    }
}

/// What has to hold beside Prism, and beside any other.
#[derive(Clone, Copy)]
struct Goals {
    prism: Goal,
    other: Goal,
}

/// Fresh servers: until they answer, and what they keep in memory after a while of nothing.
fn starts(bench: &Bench, section: &mut Section) -> Result<(), Failure> {
    // It ends before anything is measured.
    let answers = answers_of(bench, &subjects::ours(bench, "emulator-again", true)?)?;
    let measure = |start: &dyn Fn() -> Result<Subject, Failure>| {
        let fresh = start()?;
        std::thread::sleep(Duration::from_millis(bench.pick(2_000, 200)));
        let idle = fresh.server.resident_bytes();
        Ok(Used { seconds: fresh.server.ready.as_secs_f64(), own: json!({ "idle": idle }), ..Used::default() })
    };
    let mut contestants =
        vec![Contestant::ours("ours", |_| measure(&|| subjects::ours(bench, "emulator-again", true)))];
    // Why one is missing is said where the servers that stay are started.
    contestants.push(match &bench.peers.prism {
        Ok(_) => Contestant::peer("Prism", |_| measure(&|| subjects::prism(bench, "prism-again", &answers))),
        Err(_) => Contestant::missing("Prism"),
    });
    contestants.push(match &bench.peers.wiremock {
        Ok(_) => Contestant::peer("WireMock", |_| measure(&|| subjects::wiremock(bench, "wiremock-again", &answers))),
        Err(_) => Contestant::missing("WireMock"),
    });
    section.notes.extend(alternate(bench.pick(5, 1), &mut contestants)?);
    let goals = Some(Goals { prism: Goal::AtMost(0.1), other: Goal::AtMost(1.0) });
    beside(section, "ready", Unit::Seconds, &contestants, |used| Some(used.seconds), goals);
    let idle = |used: &Used| used.own("idle");
    beside(section, "idle memory", Unit::Bytes, &contestants, idle, goals);
    let idle: Seen = contestants[0].each(idle);
    section.judge(Row::alone("idle memory, alone", Unit::Bytes, &idle), Goal::AtMost(IDLE));
    Ok(())
}

/// One kind of request, by 16 connections.
fn loads(
    bench: &Bench,
    section: &mut Section,
    subjects: &Subjects,
    answers: &Answers,
    what: &str,
    least: f64,
) -> Result<(), Failure> {
    let measure = |subject: &Subject| load(bench, subject, answers, what, 16);
    let mut contestants = contestants(subjects, &measure);
    section.notes.extend(alternate(bench.pick(5, 1), &mut contestants)?);
    let goals = Some(Goals { prism: Goal::AtLeast(least), other: Goal::AtLeast(1.0) });
    beside(section, what, Unit::PerSecond, &contestants, |used| used.rate("requests"), goals);
    let cpu = format!("{what}: CPU of the server per request");
    beside(section, &cpu, Unit::Seconds, &contestants, server_cpu_each, None);
    if what == "list" {
        let first = section.rows.len();
        beside(section, "list: size of the answer", Unit::Bytes, &contestants, |used| used.own("body_bytes"), None);
        for row in &section.rows[first..] {
            if let (Some((name, _)), Some(ratio)) = (&row.beside, row.ratio)
                && !ALIKE.contains(&ratio.median)
            {
                section.notes.push(format!("Not the same work: the page of {name} is of another size than ours."));
            }
        }
    }
    Ok(())
}

/// The emulator by itself, by 64 connections.
fn alone(bench: &Bench, section: &mut Section, ours: &Subject, answers: &Answers) -> Result<(), Failure> {
    let free = subjects::ours(bench, "emulator-again", false)?;
    for (what, least) in ALONE {
        let subject = if what == "create" { &free } else { ours };
        let mut contestants = [Contestant::ours(what, |_| load(bench, subject, answers, what, 64))];
        alternate(bench.pick(5, 1), &mut contestants)?;
        let rate = contestants[0].each(|used| used.rate("requests"));
        let of_core = contestants[0].each(|used| Some(1.0 / server_cpu_each(used)?));
        let what = format!("{what}, 64 connections");
        if subject.is_bound {
            section.judge(Row::alone(format!("{what}, of one core"), Unit::PerSecond, &of_core), Goal::AtLeast(least));
            section.add(Row::alone(what, Unit::PerSecond, &rate));
        } else {
            section.judge(Row::alone(format!("{what}, all cores"), Unit::PerSecond, &rate), Goal::AtLeast(least));
        }
    }
    Ok(())
}

/// Seconds of the server's processor time for each request.
fn server_cpu_each(used: &Used) -> Option<f64> {
    Some(used.own("server_cpu_seconds")? / used.own("requests")?)
}

/// Requests for some seconds, with the processor time of the server.
fn load(bench: &Bench, subject: &Subject, answers: &Answers, what: &str, connections: u32) -> Result<Used, Failure> {
    let packages = format!("/v5/iot/{}/ota-upgrades/packages", subject.project);
    let token = format!("x-auth-token: {}", subject.token);
    let program = bench.program("load");
    let mut command = if subject.is_bound { bench.on(Side::Caller, program) } else { bench.command(program) };
    command.args([&subject.url, "--header", &token, "--connections", &connections.to_string()]);
    command.args(["--seconds", bench.pick("3", "0.3"), "--path"]);
    match what {
        "show" => command.arg(format!("{packages}/{}", answers.package_id)).args(["--packages", "1"]),
        "list" => {
            let page = format!("{packages}?package_type=firmwarePackage&limit={PACKAGES}");
            command.arg(page).args(["--packages", &PACKAGES.to_string()])
        }
        _ => command.arg(&packages).args(CREATE).args(["--body", &create_body()]),
    };
    let before = subject.server.clock();
    let mut used = run_program(&mut command)?;
    let cpu = subject.server.clock().zip(before).map(|(now, before)| now.since(&before));
    used.own["server_cpu_seconds"] = cpu.into();
    right(&used)?;
    Ok(used)
}

/// What `load` is told of a create.
pub(super) const CREATE: [&str; 6] = ["--method", "POST", "--status", "201", "--packages", "1"];

/// A create whose version differs from request to request.
pub(super) fn create_body() -> String {
    json!({
        "app_id": "61bd7bdf06b54bb0a06b0d1b5a1b4c11",
        "product_id": "5ba24f5ebbe8f56f5a14f605",
        "package_type": "firmwarePackage",
        "version": "v{n}",
        "file_location": { "obs_location": {
            "region_name": "cn-north-4", "bucket_name": "firmware", "object_key": "sensors/upgrade.bin",
        } },
    })
    .to_string()
}

/// An error if a load got answers that it should not have got.
pub(super) fn right(used: &Used) -> Result<(), Failure> {
    match (used.own("wrong"), used.own("requests")) {
        (Some(0.0), Some(_)) => Ok(()),
        (Some(wrong), Some(all)) => Err(format!("{wrong} of {all} answers are wrong").into()),
        _ => Err("load: no count of wrong answers".into()),
    }
}
