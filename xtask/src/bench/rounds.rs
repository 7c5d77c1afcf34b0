//! The method: contestants take turns in every round, and the first round is thrown away.

use super::figures::Seen;
use super::process::Used;
use crate::Failure;

/// One way to do the work, run once for each round.
pub(super) struct Contestant<'a> {
    pub(super) name: &'a str,
    run: Box<dyn FnMut(usize) -> Result<Used, Failure> + 'a>,
    /// Whether it may fail without ending the benchmark.
    is_peer: bool,
    /// It has no figures.
    is_out: bool,
    /// What each counted round used.
    used: Vec<Used>,
}

impl<'a> Contestant<'a> {
    /// What has to work.
    pub(super) fn ours(name: &'a str, run: impl FnMut(usize) -> Result<Used, Failure> + 'a) -> Self {
        Self { name, run: Box::new(run), is_peer: false, is_out: false, used: Vec::new() }
    }

    /// What others made: when it fails, it is left out.
    pub(super) fn peer(name: &'a str, run: impl FnMut(usize) -> Result<Used, Failure> + 'a) -> Self {
        Self { is_peer: true, ..Self::ours(name, run) }
    }

    /// What others made and is not here. It takes no turn; it is there so that its rows are.
    pub(super) fn missing(name: &'a str) -> Self {
        Self { is_out: true, ..Self::peer(name, |_| Err("it is not here".into())) }
    }

    /// One number of each counted round, unless it is not here, failed, or one of them is not known.
    pub(super) fn each(&self, read: impl Fn(&Used) -> Option<f64>) -> Seen {
        if self.is_out { None } else { self.used.iter().map(read).collect() }
    }

    pub(super) fn seconds(&self) -> Seen {
        self.each(|used| Some(used.seconds))
    }
}

/// Lets the contestants take turns for one round that is thrown away and then as many as asked for. Returns what has to be
/// said of peers that failed.
pub(super) fn alternate(rounds: usize, contestants: &mut [Contestant<'_>]) -> Result<Vec<String>, Failure> {
    turns(0..=rounds, contestants)
}

/// The same without a round that is thrown away.
pub(super) fn alternate_cold(rounds: usize, contestants: &mut [Contestant<'_>]) -> Result<Vec<String>, Failure> {
    turns(1..=rounds, contestants)
}

/// Who begins changes from round to round, so that no one always follows the same. Round 0 does not count.
fn turns(rounds: std::ops::RangeInclusive<usize>, contestants: &mut [Contestant<'_>]) -> Result<Vec<String>, Failure> {
    let count = contestants.len();
    let mut notes = Vec::new();
    for round in rounds {
        for turn in 0..count {
            let contestant = &mut contestants[(round + turn) % count];
            if contestant.is_out {
                continue;
            }
            match (contestant.run)(round) {
                Ok(used) if round > 0 => contestant.used.push(used),
                Ok(_) => {}
                Err(error) if contestant.is_peer => {
                    notes.push(format!("Left out: {}. It failed in round {round}: {error}", contestant.name));
                    contestant.is_out = true;
                }
                Err(error) => return Err(format!("{}: {error}", contestant.name).into()),
            }
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn contestants_take_turns_and_the_first_round_does_not_count() {
        let order = RefCell::new(String::new());
        let contestant = |name: &'static str| {
            let order = &order;
            Contestant::ours(name, move |round| {
                order.borrow_mut().push_str(name);
                Ok(Used { seconds: round as f64, ..Used::default() })
            })
        };
        let mut both = [contestant("a"), contestant("b")];
        assert!(alternate(3, &mut both).unwrap().is_empty());
        assert_eq!(both[0].seconds(), Some(vec![1.0, 2.0, 3.0]));
        drop(both);
        assert_eq!(order.into_inner(), "abbaabba");
    }

    #[test]
    fn a_peer_that_fails_is_left_out_with_its_reason_and_ours_ends_the_benchmark() {
        let works = |_| Ok(Used::default());
        let fails = |round| if round == 2 { Err("it broke".into()) } else { Ok(Used::default()) };
        let mut both = [Contestant::ours("ours", works), Contestant::peer("peer", fails)];
        let notes = alternate_cold(3, &mut both).unwrap();
        assert_eq!(notes, ["Left out: peer. It failed in round 2: it broke"]);
        assert_eq!((both[0].seconds().map(|seen| seen.len()), both[1].seconds()), (Some(3), None));
        let mut both = [Contestant::ours("ours", works), Contestant::missing("peer")];
        assert!(alternate(3, &mut both).unwrap().is_empty(), "why it is missing is said by who looked for it");
        assert_eq!((both[0].seconds().map(|seen| seen.len()), both[1].seconds()), (Some(3), None));
        let error = alternate(3, &mut [Contestant::ours("ours", fails)]).unwrap_err();
        assert_eq!(error.to_string(), "ours: it broke");
    }

    #[test]
    fn what_is_not_known_of_a_round_is_no_figure() {
        let mut one =
            [Contestant::ours("ours", |round| Ok(Used { cpu_seconds: (round > 1).then_some(1.0), ..Used::default() }))];
        alternate(2, &mut one).unwrap();
        assert_eq!(one[0].each(|used| used.cpu_seconds), None);
    }
}
