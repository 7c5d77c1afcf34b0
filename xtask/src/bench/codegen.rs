//! `codegen`: the client anew from the document, once everything is built.

use std::process::Command;
use std::time::Instant;

use super::Bench;
use super::figures::{Figure, Goal, Row, Section, Unit};
use crate::Failure;

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new("codegen", "`cargo xtask codegen --check`, with nothing to compile.");
    let mut seen = Vec::new();
    for round in 0..=bench.pick(5, 2) {
        let started = Instant::now();
        let status =
            Command::new(env!("CARGO")).args(["xtask", "codegen", "--check"]).current_dir(&bench.root).status()?;
        if !status.success() {
            return Err("the generated code is not that of the document".into());
        }
        if round > 0 {
            seen.push(started.elapsed().as_secs_f64());
        }
    }
    section.rows.push(Row::alone("through cargo", Figure::of(&seen, Unit::Seconds)).goal(Goal::AtMost(1.0)));
    Ok(section)
}
