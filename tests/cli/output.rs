//! How results, messages and colors come out.

use std::process::Stdio;

use crate::harness::{Home, assert_picture, publish, sample};

#[test]
fn verbose_shows_one_line_for_every_call() {
    let home = Home::new();
    let sample = sample();
    let mut run = home.emulated(&publish(&sample, &["--verbose"])).succeeded();
    // The package and its object are looked at, at the end, at the same time.
    let mut lines: Vec<_> = run.stderr.lines().collect();
    lines[6..].sort_unstable();
    run.stderr = lines.join("\n") + "\n";
    assert_picture!("publish_verbose", run);
    let run = home.emulated(&publish(&sample, &["--verbose", "--format", "json"])).succeeded();
    let operations: Vec<_> = run.lines().iter().map(|line| line["operation"].as_str().unwrap().to_owned()).collect();
    assert_eq!(operations, ["list_ota_packages", "show_ota_package", "obs_head_object"]);
    assert!(run.lines().iter().all(|line| line["type"] == "call"));
}

#[test]
fn colors_come_when_they_are_asked_for() {
    let home = Home::new();
    let show = ["package", "show", "no id", "--region", "cn-north-4", "--project-id", "p"];
    let plain = home.run(&show).failed(2).stderr;
    assert!(!plain.contains('\u{1b}'));
    let colored = home.run(&[&show[..], &["--color", "always"]].concat()).failed(2).stderr;
    assert!(colored.contains("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m"), "{colored:?}");
    let wrong = home.run(&["package", "wrong", "--color=always"]).failed(2).stderr;
    assert!(wrong.contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::new();
    // The script of completions does not fit into a pipe, so that writing it has to notice.
    let mut child =
        home.command(&["completions", "zsh"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
#[cfg(target_os = "linux")]
fn a_standard_output_that_is_full_is_an_error() {
    let home = Home::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = home.command(&["completions", "bash"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: standard output cannot be written"));
}
