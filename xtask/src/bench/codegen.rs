//! `codegen`: the client anew from the document, once everything is built.

use super::Bench;
use super::figures::{Goal, Row, Section, Unit};
use super::process::{plain_cargo, run as run_program, through};
use super::rounds::{Contestant, alternate};
use crate::Failure;

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "codegen",
        "`cargo xtask codegen --check`, with nothing to compile: everything that `cargo xtask codegen` does but to write \
         the files, which it compares instead.",
    );
    let mut contestants = [Contestant::ours("codegen", |_| {
        let mut cargo = plain_cargo();
        cargo.args(["xtask", "codegen", "--check"]).current_dir(&bench.root);
        run_program(&mut through(bench.program("spawn"), &cargo))
            .map_err(|error| format!("{error}; if the generated code is out of date, run `cargo xtask codegen`").into())
    })];
    alternate(bench.pick(7, 2), &mut contestants)?;
    let [codegen] = &contestants;
    section.judge(Row::alone("through cargo", Unit::Seconds, &codegen.seconds()), Goal::AtMost(1.0));
    section.add(Row::alone("through cargo: CPU", Unit::Seconds, &codegen.each(|used| used.cpu_seconds)));
    Ok(section)
}
