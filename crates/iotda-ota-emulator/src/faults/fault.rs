//! One fault: for which requests, what happens, and how often.

use super::kind::FaultKind;
use crate::operation::{Scope, Service};

/// A rule by which requests go wrong.
///
/// Of the requests that its [`Scope`] covers it strikes every one, unless it is told to [skip](Self::skip) the first ones,
/// to strike only [every](Self::every) few, with a [probability](Self::probability), or only some [times](Self::times). All
/// these can be combined, and are heeded in this order.
///
/// It has a readable form, `OPERATION:KIND[:NAME=VALUE,…]`, which the README describes:
///
/// ```
/// use iotda_ota_emulator::{Fault, FaultKind, Operation};
///
/// let text = "create_ota_package:close-after-commit:probability=0.2,seed=7";
/// let fault: Fault = text.parse()?;
/// let same = Fault::new(Operation::CreateOtaPackage, FaultKind::CloseAfterCommit { reset: false });
/// assert_eq!(fault, same.probability(0.2).seed(7));
/// assert_eq!(fault.to_string(), text);
/// # Ok::<(), iotda_ota_emulator::FaultError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub(super) scope: Scope,
    pub(super) kind: FaultKind,
    pub(super) skip: u64,
    pub(super) every: u64,
    pub(super) probability: f64,
    pub(super) seed: Option<u64>,
    pub(super) times: Option<u64>,
}

/// What is wrong with a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct FaultError {
    problem: String,
}

impl FaultError {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into() }
    }
}

impl Fault {
    /// A fault that strikes every request that the scope covers.
    pub fn new(scope: impl Into<Scope>, kind: FaultKind) -> Self {
        Self { scope: scope.into(), kind, skip: 0, every: 1, probability: 1.0, seed: None, times: None }
    }

    /// Which requests it is for.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// What happens.
    pub fn kind(&self) -> &FaultKind {
        &self.kind
    }

    /// Spares the first requests.
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Strikes the first of every so many requests.
    pub fn every(mut self, every: u64) -> Self {
        self.every = every;
        self
    }

    /// Strikes each request with this probability, from 0 to 1.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// Where its sequence of chances begins. The same seed gives the same sequence; without one it depends on how many
    /// faults were added before.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Strikes so many times and then no more.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Whether every setting is in its range and goes with the others.
    pub(super) fn check(&self) -> Result<(), FaultError> {
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(FaultError::new(format!("probability must be from 0 to 1, not {}", self.probability)));
        }
        if self.every == 0 {
            return Err(FaultError::new("every must be at least 1, which means each request"));
        }
        match &self.kind {
            FaultKind::Refuse
                if !matches!(self.scope, Scope::Everything | Scope::Service(Service::Iotda | Service::Obs)) =>
            {
                Err(FaultError::new(format!(
                    "refuse closes connections before there is a request, so it is for *, iotda or obs, not for {}; \
                     close-before is for single operations",
                    self.scope
                )))
            }
            FaultKind::Status { status, .. } if !(400..600).contains(status) => {
                Err(FaultError::new(format!("status must be from 400 to 599, not {status}")))
            }
            FaultKind::Throttle { status, .. } if !matches!(status, 403 | 429 | 503) => {
                Err(FaultError::new(format!("status of throttle must be 429, 403 or 503, not {status}")))
            }
            FaultKind::Status { code: Some(text), .. } | FaultKind::Throttle { retry_after: Some(text), .. }
                if !is_plain(text) =>
            {
                Err(FaultError::new(format!(
                    "{text:?} must be printable ASCII without commas and without blanks around it, and not empty"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Whether the request with this index is struck, as long as `times` allows it; `id` is the fault's own.
    pub(super) fn is_chosen(&self, index: u64, id: u64) -> bool {
        let Some(index) = index.checked_sub(self.skip) else { return false };
        index.is_multiple_of(self.every)
            && (self.probability >= 1.0 || chance(self.seed.unwrap_or(id), index) < self.probability)
    }
}

/// Text that the readable form can hold.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b',')
}

/// A number from 0 up to 1 that looks random, by the SplitMix64 generator.
fn chance(seed: u64, index: u64) -> f64 {
    let mut state = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^= state >> 31;
    // As many bits as a double holds exactly.
    (state >> 11) as f64 / (1_u64 << 53) as f64
}
