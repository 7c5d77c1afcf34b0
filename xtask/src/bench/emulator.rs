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
    let ours = subjects::ours(bench, "emulator", true)?;
    let mut right = Map::new();
    right.insert(ours.name.to_owned(), Value::Object(correctness(bench, &ours)?));
    let answers = subjects::seed(bench, &ours.url, &ours.project, &ours.token)?;
    let mut subjects = vec![ours];
    for (name, subject) in
        [("Prism", subjects::prism(bench, &answers)), ("WireMock", subjects::wiremock(bench, &answers))]
    {
        match subject.and_then(|subject| Ok((correctness(bench, &subject)?, subject))) {
            Ok((met, subject)) => {
                right.insert(name.to_owned(), Value::Object(met));
                subjects.push(subject);
            }
            Err(error) => section.left_out(name, &error),
        }
    }
    right_answers(&mut section, &subjects, &right);
    section.details = json!({ "right": right });
    starts(bench, &mut section, &subjects, &answers)?;
    for (what, least) in LOADS {
        loads(bench, &mut section, &subjects, &answers, what, least)?;
    }
    alone(bench, &mut section, &subjects[0], &answers)?;
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

fn right_answers(section: &mut Section, subjects: &[Subject], right: &Map<String, Value>) {
    let met = |name: &str, wanted: bool| -> Vec<String> {
        let met = right.get(name).and_then(Value::as_object).into_iter().flatten();
        met.filter(|(_, met)| **met == wanted).map(|(what, _)| what.clone()).collect()
    };
    let count = |name: &str| Some(vec![met(name, true).len() as f64]);
    let [ours, others @ ..] = subjects else { return };
    let (what, goal) = ("right answers of five", Goal::AtLeast(5.0));
    for other in others {
        section.judge(Row::counted(what, Unit::Count, &count(ours.name), other.name, &count(other.name)), goal);
    }
    if others.is_empty() {
        section.judge(Row::alone(what, Unit::Count, &count(ours.name)), goal);
    }
    for subject in subjects {
        let wrong = met(subject.name, false).join(", ");
        if !wrong.is_empty() {
            section.notes.push(format!("Not as documented in {}: {wrong}.", subject.name));
        }
    }
}

/// One contestant for each subject.
fn contestants<'a>(
    subjects: &'a [Subject],
    measure: &'a dyn Fn(&Subject) -> Result<Used, Failure>,
) -> Vec<Contestant<'a>> {
    let contestant = |subject: &'a Subject| match subject.name {
        "ours" => Contestant::ours(subject.name, move |_| measure(subject)),
        name => Contestant::peer(name, move |_| measure(subject)),
    };
    subjects.iter().map(contestant).collect()
}

/// Ours beside each other, or alone if there is none.
fn beside(what: &str, unit: Unit, contestants: &[Contestant<'_>], read: impl Fn(&Used) -> Option<f64>) -> Vec<Row> {
    let [ours, others @ ..] = contestants else { return Vec::new() };
    let seen = ours.each(&read);
    match others {
        [] => Row::alone(what, unit, &seen).into_iter().collect(),
        _ => others.iter().filter_map(|other| Row::beside(what, unit, &seen, other.name, &other.each(&read))).collect(),
    }
}

/// Adds rows beside others with the goal beside Prism and the one beside any other; a ratio alone is judged.
fn judge(section: &mut Section, rows: Vec<Row>, prism: Goal, other: Goal) {
    for row in rows {
        match row.beside.as_ref().map(|(name, _)| name.as_str()) {
            Some("Prism") => section.judge(Some(row), prism),
            Some(_) => section.judge(Some(row), other),
            None => section.add(Some(row)),
        }
    }
}

/// Fresh servers: until they answer, and what they keep in memory after a while of nothing.
fn starts(bench: &Bench, section: &mut Section, subjects: &[Subject], answers: &Answers) -> Result<(), Failure> {
    let measure = |subject: &Subject| {
        let again = match subject.name {
            "Prism" => subjects::prism(bench, answers)?,
            "WireMock" => subjects::wiremock(bench, answers)?,
            _ => subjects::ours(bench, "emulator-again", true)?,
        };
        std::thread::sleep(Duration::from_millis(bench.pick(2_000, 200)));
        let idle = again.server.resident_bytes();
        Ok(Used { seconds: again.server.ready.as_secs_f64(), own: json!({ "idle": idle }), ..Used::default() })
    };
    let mut contestants = contestants(subjects, &measure);
    section.notes.extend(alternate(bench.pick(5, 1), &mut contestants)?);
    let ready = beside("ready", Unit::Seconds, &contestants, |used| Some(used.seconds));
    judge(section, ready, Goal::AtMost(0.1), Goal::AtMost(1.0));
    let idle = |used: &Used| used.own("idle");
    judge(section, beside("idle memory", Unit::Bytes, &contestants, idle), Goal::AtMost(0.1), Goal::AtMost(1.0));
    let idle: Seen = contestants[0].each(idle);
    section.judge(Row::alone("idle memory, alone", Unit::Bytes, &idle), Goal::AtMost(IDLE));
    Ok(())
}

/// One kind of request, by 16 connections.
fn loads(
    bench: &Bench,
    section: &mut Section,
    subjects: &[Subject],
    answers: &Answers,
    what: &str,
    least: f64,
) -> Result<(), Failure> {
    let measure = |subject: &Subject| load(bench, subject, answers, what, 16);
    let mut contestants = contestants(subjects, &measure);
    section.notes.extend(alternate(bench.pick(5, 1), &mut contestants)?);
    let rates = beside(what, Unit::PerSecond, &contestants, |used| used.rate("requests"));
    judge(section, rates, Goal::AtLeast(least), Goal::AtLeast(1.0));
    for row in beside(&format!("{what}: CPU of the server per request"), Unit::Seconds, &contestants, server_cpu_each) {
        section.add(Some(row));
    }
    if what == "list" {
        for row in beside("list: size of the answer", Unit::Bytes, &contestants, |used| used.own("body_bytes")) {
            if let (Some((name, _)), Some(ratio)) = (&row.beside, row.ratio)
                && !ALIKE.contains(&ratio.median)
            {
                section.notes.push(format!("Not the same work: the page of {name} is of another size than ours."));
            }
            section.add(Some(row));
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
