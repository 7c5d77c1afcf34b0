//! The method: contestants take turns in every round, and the first round is thrown away.

use super::process::Used;
use crate::Failure;

/// One way to do the work, run once for each round.
pub(super) struct Contestant<'a> {
    pub(super) name: &'a str,
    pub(super) run: Box<dyn FnMut(usize) -> Result<Used, Failure> + 'a>,
    /// What each counted round used.
    pub(super) used: Vec<Used>,
}

impl<'a> Contestant<'a> {
    pub(super) fn new(name: &'a str, run: impl FnMut(usize) -> Result<Used, Failure> + 'a) -> Self {
        Self { name, run: Box::new(run), used: Vec::new() }
    }

    /// One number of each counted round.
    pub(super) fn each(&self, read: impl Fn(&Used) -> f64) -> Vec<f64> {
        self.used.iter().map(read).collect()
    }

    pub(super) fn seconds(&self) -> Vec<f64> {
        self.each(|used| used.seconds)
    }
}

/// Lets the contestants take turns. Who begins changes from round to round, so that no one always follows the same.
pub(super) fn alternate(rounds: usize, contestants: &mut [Contestant<'_>]) -> Result<(), Failure> {
    let count = contestants.len();
    for round in 0..=rounds {
        for turn in 0..count {
            let contestant = &mut contestants[(round + turn) % count];
            let used = (contestant.run)(round).map_err(|error| format!("{}: {error}", contestant.name))?;
            if round > 0 {
                contestant.used.push(used);
            }
        }
    }
    Ok(())
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
            Contestant::new(name, move |round| {
                order.borrow_mut().push_str(name);
                Ok(Used { seconds: round as f64, ..Used::default() })
            })
        };
        let mut both = [contestant("a"), contestant("b")];
        alternate(3, &mut both).unwrap();
        assert_eq!(both[0].seconds(), [1.0, 2.0, 3.0]);
        drop(both);
        assert_eq!(order.into_inner(), "abbaabba");
    }
}
