//! The figures of a report: a median with its spread, rows that set two beside each other, and sections of rows.

use serde_json::{Value, json};

/// What each counted round saw; nothing where a peer failed or the system does not tell.
pub(super) type Seen = Option<Vec<f64>>;

/// A median and the range that was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) unit: Unit,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    PerSecond,
    Bytes,
    Count,
    /// A ratio.
    Times,
}

/// What has to hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// One line: ours, beside it a peer's, and the ratio; or one figure alone.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) what: String,
    pub(super) ours: Figure,
    pub(super) beside: Option<(String, Figure)>,
    pub(super) ratio: Option<Figure>,
    /// Judged by the ratio, or by our figure if there is none.
    pub(super) goal: Option<Goal>,
}

/// A row, or what is missing.
pub(super) type Measured = Result<Row, Missing>;

/// What was not measured, because a figure is not known or a peer is not here.
#[derive(Debug)]
pub(super) struct Missing {
    pub(super) what: String,
    pub(super) peer: Option<String>,
    /// Of what a goal bounds.
    unit: Unit,
}

/// One benchmark's rows, and what has to be said with them.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) rows: Vec<Row>,
    /// The goals of what is missing.
    pub(super) unmeasured: Vec<(Missing, Goal)>,
    pub(super) notes: Vec<String>,
    /// What programs may want to know besides.
    pub(super) details: Value,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Seconds if value < 1e-3 => format!("{:.1} µs", value * 1e6),
            Self::Seconds if value < 1.0 => format!("{:.1} ms", value * 1e3),
            Self::Seconds => format!("{value:.2} s"),
            Self::PerSecond => format!("{value:.0} /s"),
            Self::Bytes if value < 1e5 => format!("{value:.0} B"),
            Self::Bytes => format!("{:.1} MB", value / 1e6),
            Self::Count => format!("{value:.0}"),
            Self::Times => format!("{value:.2}"),
        }
    }
}

impl Figure {
    /// From what was seen in each round.
    pub(super) fn of(seen: &[f64], unit: Unit) -> Self {
        let mut sorted: Vec<f64> = seen.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = match sorted.len() {
            0 => f64::NAN,
            length if length % 2 == 1 => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        };
        let edge = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
        Self { median, low: edge(sorted.first()), high: edge(sorted.last()), unit }
    }

    /// The ratio of two contestants within each round.
    pub(super) fn ratio(ours: &[f64], theirs: &[f64]) -> Self {
        let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
        Self::of(&ratios, Unit::Times)
    }

    fn json(self) -> Value {
        json!({ "median": self.median, "low": self.low, "high": self.high, "unit": format!("{:?}", self.unit) })
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.unit.show(self.median))?;
        if self.low < self.high {
            write!(f, " ({}–{})", self.unit.show(self.low), self.unit.show(self.high))?;
        }
        Ok(())
    }
}

impl Goal {
    /// The goal in the unit of what it bounds.
    fn show(self, unit: Unit) -> String {
        let (sign, bound) = match self {
            Self::AtLeast(bound) => ('≥', bound),
            Self::AtMost(bound) => ('≤', bound),
        };
        format!("{sign} {}", unit.show(bound))
    }

    fn json(self) -> Value {
        match self {
            Self::AtLeast(bound) => json!({ "at_least": bound }),
            Self::AtMost(bound) => json!({ "at_most": bound }),
        }
    }
}

impl Missing {
    /// The goal for people, in the unit of what is missing.
    pub(super) fn goal_shown(&self, goal: Goal) -> String {
        goal.show(self.unit)
    }

    fn json(&self, goal: Goal) -> Value {
        json!({ "what": self.what, "beside": self.peer, "goal": goal.json() })
    }
}

impl Row {
    /// A figure alone, if it is known.
    pub(super) fn alone(what: impl Into<String>, unit: Unit, ours: &Seen) -> Measured {
        let what = what.into();
        match ours {
            Some(ours) => Ok(Self { what, ours: Figure::of(ours, unit), beside: None, ratio: None, goal: None }),
            None => Err(Missing { what, peer: None, unit }),
        }
    }

    /// Ours and a peer's, round by round, if both are known.
    pub(super) fn beside(what: impl Into<String>, unit: Unit, ours: &Seen, peer: &str, theirs: &Seen) -> Measured {
        let row = Self::counted(what, unit, ours, peer, theirs);
        match ours.as_ref().zip(theirs.as_ref()) {
            Some((ours, theirs)) => row.map(|row| Self { ratio: Some(Figure::ratio(ours, theirs)), ..row }),
            None => row.map_err(|missing| Missing { unit: Unit::Times, ..missing }),
        }
    }

    /// Ours and a peer's where a ratio says nothing; a goal is ours alone.
    pub(super) fn counted(what: impl Into<String>, unit: Unit, ours: &Seen, peer: &str, theirs: &Seen) -> Measured {
        let what = what.into();
        match theirs {
            Some(theirs) => {
                let beside = Some((peer.to_owned(), Figure::of(theirs, unit)));
                Self::alone(what, unit, ours).map(|row| Self { beside, ..row })
            }
            None => Err(Missing { what, peer: Some(peer.to_owned()), unit }),
        }
    }

    /// What the goal bounds.
    fn judged(&self) -> Figure {
        self.ratio.unwrap_or(self.ours)
    }

    /// The goal for people; nothing without one.
    pub(super) fn goal_shown(&self) -> Option<String> {
        self.goal.map(|goal| goal.show(self.judged().unit))
    }

    /// Whether the goal is met; nothing without one. What is not a number meets none.
    pub(super) fn is_met(&self) -> Option<bool> {
        let judged = self.judged().median;
        self.goal.map(|goal| match goal {
            Goal::AtLeast(bound) => judged >= bound,
            Goal::AtMost(bound) => judged <= bound,
        })
    }

    /// The row for programs.
    pub(super) fn json(&self) -> Value {
        json!({
            "what": self.what,
            "ours": self.ours.json(),
            "beside": self.beside.as_ref().map(|(name, figure)| json!({ "name": name, "figure": figure.json() })),
            "ratio": self.ratio.map(Figure::json),
            "goal": self.goal.map(Goal::json),
            "met": self.is_met(),
        })
    }
}

impl Section {
    pub(super) fn new(name: &'static str, about: &'static str) -> Self {
        Self { name, about, rows: Vec::new(), unmeasured: Vec::new(), notes: Vec::new(), details: Value::Null }
    }

    /// Adds a row, if it is known.
    pub(super) fn add(&mut self, row: Measured) {
        self.rows.extend(row);
    }

    /// Adds a row with what has to hold, or says that it is not known whether it does.
    pub(super) fn judge(&mut self, row: Measured, goal: Goal) {
        match row {
            Ok(row) => self.rows.push(Row { goal: Some(goal), ..row }),
            Err(missing) => self.unmeasured.push((missing, goal)),
        }
    }

    /// Says that a peer is missing.
    pub(super) fn left_out(&mut self, peer: &str, reason: &impl std::fmt::Display) {
        self.notes.push(format!("Left out: {peer}. {reason}"));
    }

    /// Whether every goal was measured and met.
    pub(super) fn is_met(&self) -> bool {
        self.unmeasured.is_empty() && self.rows.iter().all(|row| row.is_met() != Some(false))
    }

    /// The section for programs.
    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "about": self.about,
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "unmeasured": self.unmeasured.iter().map(|(missing, goal)| missing.json(*goal)).collect::<Vec<_>>(),
            "notes": self.notes,
            "details": self.details,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_has_its_spread_and_a_ratio_is_taken_within_each_round() {
        let figure = Figure::of(&[3.0, 1.0, 2.0], Unit::Seconds);
        assert_eq!((figure.median, figure.low, figure.high), (2.0, 1.0, 3.0));
        assert_eq!(figure.to_string(), "2.00 s (1.00 s–3.00 s)");
        assert_eq!(Figure::of(&[1.0, 2.0], Unit::Count).median, 1.5);
        let ratio = Figure::ratio(&[2.0, 8.0, 3.0], &[1.0, 2.0, 3.0]);
        assert_eq!((ratio.median, ratio.low, ratio.high), (2.0, 1.0, 4.0));
    }

    #[test]
    fn a_goal_is_judged_by_the_ratio_and_without_one_by_the_figure() {
        let mut section = Section::new("x", "y");
        section.add(Row::beside("x", Unit::PerSecond, &Some(vec![9.0]), "peer", &Some(vec![10.0])));
        section.judge(Row::beside("x", Unit::PerSecond, &Some(vec![9.0]), "p", &Some(vec![10.0])), Goal::AtLeast(0.9));
        section.judge(Row::counted("x", Unit::Count, &Some(vec![5.0]), "p", &Some(vec![2.0])), Goal::AtLeast(5.0));
        assert!(section.is_met());
        section.judge(Row::alone("x", Unit::Seconds, &Some(vec![0.5])), Goal::AtMost(0.4));
        assert!(!section.is_met());
        let met: Vec<_> = section.rows.iter().map(Row::is_met).collect();
        assert_eq!(met, [None, Some(true), Some(true), Some(false)]);
        assert_eq!(section.rows[3].goal_shown().as_deref(), Some("≤ 400.0 ms"));
        assert_eq!(section.rows[3].json()["goal"], json!({ "at_most": 0.4 }));
    }

    #[test]
    fn what_is_not_known_has_no_row_but_its_goal_stays() {
        let mut section = Section::new("x", "y");
        section.add(Row::alone("x", Unit::Bytes, &None));
        assert!(section.rows.is_empty() && section.is_met());
        section.judge(Row::alone("memory", Unit::Bytes, &None), Goal::AtMost(10.0));
        section.judge(Row::beside("x", Unit::Bytes, &Some(vec![1.0]), "peer", &None), Goal::AtMost(0.5));
        section.judge(Row::counted("x", Unit::Count, &Some(vec![1.0]), "peer", &None), Goal::AtLeast(5.0));
        assert!(section.rows.is_empty() && !section.is_met());
        let goals: Vec<_> = section.unmeasured.iter().map(|(missing, goal)| missing.goal_shown(*goal)).collect();
        assert_eq!(goals, ["≤ 10 B", "≤ 0.50", "≥ 5"]);
        let unmeasured = &section.json()["unmeasured"];
        assert_eq!(unmeasured[0], json!({ "what": "memory", "beside": null, "goal": { "at_most": 10.0 } }));
        assert_eq!(unmeasured[1]["beside"], "peer");
    }

    #[test]
    fn what_is_no_number_meets_no_goal() {
        let mut section = Section::new("x", "y");
        section.judge(Row::alone("x", Unit::Bytes, &Some(Vec::new())), Goal::AtMost(1.0));
        assert_eq!(section.rows[0].is_met(), Some(false));
    }
}
