//! Commands that are killed or interrupted in the middle of publishing, and run again.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::emulator::Server;
use crate::harness::{Home, PACKAGE, Run, assert_picture, large, sample};
use crate::relay::Relay;
use crate::store;

type Variables = BTreeMap<String, String>;

fn publish(file: &str) -> Vec<&str> {
    [&["package", "publish", file, "--progress", "json", "--format", "json"], &PACKAGE[..]].concat()
}

/// A number below `most` that nobody can foresee.
fn random(most: u64) -> u64 {
    RandomState::new().hash_one(0) % most
}

/// Starts a command whose output goes into files, and kills it after this time unless it has ended by itself.
fn killed_after(home: &Home, arguments: &[&str], variables: &Variables, time: Duration) -> Option<Run> {
    let [stdout, stderr] = ["stdout", "stderr"].map(|name| home.path(name));
    let mut command = home.command(arguments);
    command.envs(variables).stdout(fs::File::create(&stdout).unwrap()).stderr(fs::File::create(&stderr).unwrap());
    let mut child = command.spawn().unwrap();
    let begin = Instant::now();
    while begin.elapsed() < time {
        if let Some(status) = child.try_wait().unwrap() {
            let (stdout, stderr) = (fs::read(stdout).unwrap(), fs::read(stderr).unwrap());
            return Some(Run::new(&Output { status, stdout, stderr }, &home.path(".")));
        }
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Runs a command until it ends by itself, and kills it again and again before that, at any moment of a run that takes
/// `whole` when nobody kills it. Answers how often it was killed, too; when it was not, it takes less.
fn killed_until_done(home: &Home, arguments: &[&str], variables: &Variables, whole: &mut Duration) -> (Run, u64) {
    let mut kills = 0;
    loop {
        // The later, the longer: it has to end some time.
        let most = whole.as_micros() as u64 * (4 + kills) / 4;
        let begin = Instant::now();
        match killed_after(home, arguments, variables, Duration::from_micros(random(most))) {
            Some(run) => {
                if kills == 0 {
                    *whole = begin.elapsed();
                }
                return (run, kills);
            }
            None => kills += 1,
        }
    }
}

/// One package, one object, the right bytes, and nothing left behind.
pub(crate) fn assert_published_once(home: &Home, server: &Server, file: &str) {
    let list = ["package", "list", "--type", "firmware", "--all", "--format", "json"];
    let listed = server.run(home, &list).succeeded().json();
    let packages = listed["packages"].as_array().unwrap();
    assert_eq!(packages.len(), 1, "{packages:#?}");
    let id = packages[0]["package_id"].as_str().unwrap();
    server.run(home, &["package", "verify", id, file]).succeeded();
    let key = format!("ota/my-app/my-product/firmwarePackage/2.0/{}", Path::new(file).file_name().unwrap().display());
    assert_eq!(store::objects(&server.variables), [key]);
    assert_eq!(store::uploads(&server.variables), [""; 0]);
    assert_eq!(journals(home), 0);
}

/// What makes an emulator slow where a kill is dangerous: parts before they arrive, and everything that changes something
/// after it did, when the answer is on its way.
pub(crate) const SLOW: [&str; 8] = [
    "--fault",
    "upload_part:delay:for=30ms",
    "--fault",
    "initiate_multipart_upload:stall:for=30ms",
    "--fault",
    "complete_multipart_upload:stall:for=30ms",
    "--fault",
    "create_ota_package:stall:for=30ms",
];

/// A round: a new home, and a file to publish there until that succeeds. Answers how often it was killed.
fn round(number: u64, wholes: &mut [Duration; 4]) -> u64 {
    let home = Home::new();
    let (alone, small) = (number.is_multiple_of(2), number % 5 == 4);
    let file = if small { sample() } else { large(&home, 3) };
    let whole = &mut wholes[usize::from(!alone) + 2 * usize::from(small)];
    // The emulator lives on, or is killed with the command that it is in.
    if alone {
        let server = Server::start(&home, &[&["--data-dir", "data"], &SLOW[..]].concat());
        let (run, kills) = killed_until_done(&home, &publish(&file), &server.variables, whole);
        assert!(["created", "verified"].contains(&run.succeeded().json()["outcome"].as_str().unwrap()));
        assert_published_once(&home, &server, &file);
        kills
    } else {
        let (run, kills) = killed_until_done(&home, &emulated(&file), &Variables::new(), whole);
        run.succeeded();
        assert_published_once(&home, &Server::start(&home, &["--data-dir", "data"]), &file);
        kills
    }
}

fn emulated(file: &str) -> Vec<&str> {
    [&["--emulator", "--emulator-dir", "data"], &publish(file)[..]].concat()
}

/// How long a publish takes that nobody kills: of a large and a small file, each with an emulator of its own and with the
/// one inside the process.
fn wholes() -> [Duration; 4] {
    let home = Home::new();
    let (large, small) = (large(&home, 3), sample());
    let server = Server::start(&home, &[&["--in-memory"], &SLOW[..]].concat());
    let mut number = 0;
    [&large, &large, &small, &small].map(|file| {
        number += 1;
        let mut arguments = if number % 2 == 1 { publish(file) } else { emulated(file) };
        // Each is another package.
        let version = number.to_string();
        arguments.iter_mut().filter(|argument| **argument == "2.0").for_each(|argument| *argument = &version);
        let variables = if number % 2 == 1 { server.variables.clone() } else { Variables::new() };
        let begin = Instant::now();
        killed_after(&home, &arguments, &variables, Duration::from_secs(60)).unwrap().succeeded();
        begin.elapsed()
    })
}

/// `IOTDA_OTA_KILL_ROUNDS=50 cargo test -p iotda-ota-cli --test cli killed -- --nocapture` takes its time and shows figures.
#[test]
fn a_publish_that_is_killed_at_any_moment_and_run_again_publishes_once() {
    let rounds = std::env::var("IOTDA_OTA_KILL_ROUNDS").map_or(5, |rounds| rounds.parse().unwrap());
    let mut wholes = wholes();
    println!("a publish takes {wholes:?}");
    let (mut kills, mut idle) = (0, 0);
    for number in 0..rounds {
        // A round without a kill shows nothing.
        kills += loop {
            let kills = round(number, &mut wholes);
            if kills > 0 {
                break kills;
            }
            idle += 1;
            assert!(idle < 20 + rounds, "the kills come too late, with {wholes:?}");
        };
    }
    println!("{rounds} rounds with {kills} kills, besides {idle} without one");
}

/// Starts a publish, waits until the relay holds it back, and sends a signal.
fn interrupted(home: &Home, server: &Server, relay: (&str, &Relay), signal: &str, arguments: &[&str]) -> Run {
    let (variable, relay) = relay;
    let mut command = home.command(arguments);
    command.envs(&server.variables).env(variable, &relay.endpoint);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    relay.held.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let begin = Instant::now();
    let run = Run::new(&child.wait_with_output().unwrap(), &home.path("."));
    // It takes no time; this only tells a command that ends from one that waits for whatever is held back.
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    run
}

#[test]
fn a_publish_that_is_interrupted_after_the_package_was_created_says_so() {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory"]);
    let relay = Relay::holding(&server.variables["IOTDA_OTA_ENDPOINT"], |_, bytes| {
        let request = bytes.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        // The package itself is shown, and no list.
        bytes.starts_with(b"GET ") && !request.contains(&b'?')
    });
    let file = sample();
    let publish = [&["package", "publish", &file], &PACKAGE[..]].concat();
    let run = interrupted(&home, &server, ("IOTDA_OTA_ENDPOINT", &relay), "-INT", &publish).failed(130);
    assert_picture!("interrupted_publish_after_creating", run);
    server.run(&home, &publish).succeeded();
    assert_published_once(&home, &server, &file);
}

/// How many journals there are; none where the folder for state is elsewhere or was not needed.
fn journals(home: &Home) -> usize {
    let files = fs::read_dir(home.path(".local/state/iotda-ota/uploads")).into_iter().flatten();
    files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|is| is == "journal")).count()
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_upload_goes_on_when_the_command_is_run_again() {
    let home = Home::new();
    let file = large(&home, 5);
    let publish = [&["package", "publish", &file], &PACKAGE[..]].concat();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let server = Server::start(&home, &["--in-memory"]);
        // Four parts are on their way at the same time, so with more than these one of five has arrived.
        let relay = Relay::holding(&server.variables["IOTDA_OTA_OBS_ENDPOINT"], |before, _| before > 33 << 20);
        let run = interrupted(&home, &server, ("IOTDA_OTA_OBS_ENDPOINT", &relay), signal, &publish).failed(code);
        assert_picture!(format!("interrupted_upload_{code}"), run);
        assert_eq!(journals(&home), 1);
        assert_eq!(store::objects(&server.variables), [""; 0]);

        relay.open();
        relay.take_count();
        let mut command = home.command(&publish);
        command.envs(&server.variables).env("IOTDA_OTA_OBS_ENDPOINT", &relay.endpoint);
        Run::new(&command.output().unwrap(), &home.path(".")).succeeded();
        // At least one part was there already.
        let sent = relay.take_count();
        assert!(sent < 4 * (8 << 20) + (1 << 20), "{sent}");
        assert_eq!(journals(&home), 0);
        assert_published_once(&home, &server, &file);
    }
}

#[test]
fn a_publish_that_is_interrupted_while_the_package_is_created_has_an_unknown_outcome() {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory"]);
    let relay = Relay::holding(&server.variables["IOTDA_OTA_ENDPOINT"], |_, bytes| bytes.starts_with(b"POST "));
    let file = sample();
    let publish = [&["package", "publish", &file], &PACKAGE[..]].concat();
    let run = interrupted(&home, &server, ("IOTDA_OTA_ENDPOINT", &relay), "-INT", &publish).failed(8);
    assert_picture!("interrupted_publish_while_creating", run);
    server.run(&home, &publish).succeeded();
    assert_published_once(&home, &server, &file);
}

/// A publish that replaces, at a service that takes one package of a version, and that got a signal when the old package was
/// gone and the new one not there yet. Another one follows, or what held it up goes on.
fn interrupted_while_replacing(again: bool) -> (Home, Server, Run) {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory", "--strict"]);
    let file = |content| home.file("firmware.bin", content).display().to_string();
    server.run(&home, &[&["package", "publish", &file("one")], &PACKAGE[..]].concat()).succeeded();
    let creates = AtomicU64::new(0);
    let relay = Relay::holding(&server.variables["IOTDA_OTA_ENDPOINT"], move |_, bytes| {
        // The first one is refused, because there still is the old package.
        bytes.starts_with(b"POST ") && creates.fetch_add(1, Ordering::SeqCst) > 0
    });
    let file = file("two");
    let mut command = home.command(&[&["package", "publish", &file, "--if-exists", "replace"], &PACKAGE[..]].concat());
    command.envs(&server.variables).env("IOTDA_OTA_ENDPOINT", &relay.endpoint);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let interrupt = || assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    relay.held.recv_timeout(Duration::from_secs(60)).unwrap();
    interrupt();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    stderr.read_line(&mut told).unwrap();
    if again {
        interrupt();
    } else {
        relay.open();
    }
    stderr.read_to_string(&mut told).unwrap();
    let output = child.wait_with_output().unwrap();
    let run = Run::new(&Output { stderr: told.into_bytes(), ..output }, &home.path("."));
    (home, server, run)
}

#[test]
fn a_replace_that_is_interrupted_when_the_old_package_is_gone_ends_when_there_is_a_new_one() {
    let (home, server, run) = interrupted_while_replacing(false);
    assert_picture!("interrupted_replace", run.failed(130));
    let publish = ["package", "publish", "firmware.bin", "--format", "json"];
    let again = server.run(&home, &[&publish, &PACKAGE[..]].concat()).succeeded();
    assert_eq!(again.json()["outcome"], "verified");
}

#[test]
fn a_replace_that_is_interrupted_twice_tells_which_package_made_room() {
    let (home, server, run) = interrupted_while_replacing(true);
    assert_picture!("interrupted_replace_twice", run.failed(8));
    let publish = ["package", "publish", "firmware.bin", "--if-exists", "replace", "--format", "json"];
    let again = server.run(&home, &[&publish, &PACKAGE[..]].concat()).succeeded();
    assert_eq!(again.json()["outcome"], "created");
}
