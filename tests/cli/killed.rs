//! Commands that are killed or interrupted in the middle of publishing, and run again.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::emulator::Server;
use crate::harness::{Home, PACKAGE, Run, assert_picture, sample};
use crate::relay::Relay;
use crate::store;

/// A file of several parts, no two of which are alike.
fn large(home: &Home, parts: usize) -> String {
    let mut state = 1_u32;
    let mut content = Vec::with_capacity(parts << 23);
    while content.len() < (parts << 23) - 1000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        content.extend_from_slice(&state.to_le_bytes());
    }
    home.file("large.bin", content).display().to_string()
}

fn publish(file: &str) -> Vec<&str> {
    [&["package", "publish", file, "--progress", "json", "--format", "json"], &PACKAGE[..]].concat()
}

/// A number below `most` that nobody can foresee.
fn random(most: u64) -> u64 {
    RandomState::new().hash_one(0) % most
}

/// Runs a command until it ends by itself, and kills it again and again before that.
fn killed_until_done(home: &Home, arguments: &[&str], variables: &BTreeMap<String, String>) -> Run {
    let mut kills = 0;
    loop {
        let errors = home.path("stderr");
        let mut command = home.command(arguments);
        command.envs(variables).stdout(fs::File::create(home.path("stdout")).unwrap());
        let mut child = command.stderr(fs::File::create(&errors).unwrap()).spawn().unwrap();
        // The later, the longer: it has to end some time.
        let pauses = random(40 + 10 * kills);
        for _ in 0..pauses {
            sleep(Duration::from_millis(10));
            if let Some(status) = child.try_wait().unwrap() {
                let (stdout, stderr) = (fs::read(home.path("stdout")).unwrap(), fs::read(&errors).unwrap());
                return Run::new(&std::process::Output { status, stdout, stderr }, &home.path("."));
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
}

/// One package, one object, the right bytes, and nothing left behind.
fn assert_published_once(home: &Home, server: &Server, file: &str) {
    let list = ["package", "list", "--type", "firmware", "--all", "--format", "json"];
    let listed = server.run(home, &list).succeeded().json();
    let packages = listed["packages"].as_array().unwrap();
    assert_eq!(packages.len(), 1, "{packages:#?}");
    let id = packages[0]["package_id"].as_str().unwrap();
    server.run(home, &["package", "verify", id, file]).succeeded();
    let key = format!("ota/my-app/my-product/firmwarePackage/2.0/{}", Path::new(file).file_name().unwrap().display());
    assert_eq!(store::objects(&server.variables), [key]);
    assert_eq!(store::uploads(&server.variables), [""; 0]);
}

/// `IOTDA_OTA_KILL_ROUNDS=50 cargo test -p iotda-ota-cli --test cli killed` takes its time.
#[test]
fn a_publish_that_is_killed_at_any_moment_and_run_again_publishes_once() {
    let rounds = std::env::var("IOTDA_OTA_KILL_ROUNDS").map_or(5, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        let home = Home::new();
        let file = if round % 5 == 4 { sample() } else { large(&home, 3) };
        // The emulator lives on, or is killed with the command that it is in.
        if round % 2 == 0 {
            let server = Server::start(&home, &["--data-dir", "data"]);
            let run = killed_until_done(&home, &publish(&file), &server.variables).succeeded();
            assert!(["created", "verified"].contains(&run.json()["outcome"].as_str().unwrap()));
            assert_published_once(&home, &server, &file);
        } else {
            let emulated = [&["--emulator", "--emulator-dir", "data"], &publish(&file)[..]].concat();
            killed_until_done(&home, &emulated, &BTreeMap::new()).succeeded();
            assert_published_once(&home, &Server::start(&home, &["--data-dir", "data"]), &file);
        }
    }
}

/// Starts a publish, waits until the relay holds it back, and sends a signal.
fn interrupted(home: &Home, server: &Server, relay: (&str, &Relay), signal: &str, arguments: &[&str]) -> Run {
    let (variable, relay) = relay;
    let mut command = home.command(arguments);
    command.envs(&server.variables).env(variable, &relay.endpoint);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    relay.held.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    Run::new(&child.wait_with_output().unwrap(), &home.path("."))
}

fn journals(home: &Home) -> usize {
    let files = fs::read_dir(home.path(".local/state/iotda-ota/uploads")).unwrap();
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
