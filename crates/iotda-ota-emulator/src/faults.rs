//! Faults: what goes wrong on purpose, for which requests, and how often.
//!
//! - [`Fault`] is one rule: a [`Scope`], a [`FaultKind`] and when it strikes ([`fault`], [`kind`]);
//! - [`settings`] is its readable form, the same on the command line and in the control call;
//! - [`Faults`] are those of a running emulator, which asks them about every request. Making them happen is the work of
//!   `http/front.rs`.

mod fault;
mod kind;
pub(crate) mod settings;

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

pub use self::fault::{Fault, FaultError};
pub use self::kind::{ErrorShape, FaultKind};
use crate::operation::{Call, Port, Scope, Service};

/// The faults of a running emulator, from [`Emulator::faults`](crate::Emulator::faults); cheap to clone.
///
/// The rules are asked in the order in which they were added. Delays add up; of all other kinds the first that strikes is
/// the only one, and the rules after it are not asked and count nothing.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use iotda_ota_emulator::{Emulator, Fault, FaultKind, Operation};
///
/// let emulator = Emulator::builder().start().await?;
/// // Every fifth list is slow, and the first create is done but never answered.
/// emulator.faults().add("list_ota_packages:delay:for=200ms,every=5".parse()?)?;
/// let close = FaultKind::CloseAfterCommit { reset: false };
/// let id = emulator.faults().add(Fault::new(Operation::CreateOtaPackage, close).times(1))?;
/// // … run what is to be tested …
/// let hits = emulator.faults().list().into_iter().find(|active| active.id == id).map(|active| active.hits);
/// assert_eq!(hits, Some(0), "nothing was created yet");
/// emulator.faults().clear();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Faults {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    rules: RwLock<Vec<Arc<Rule>>>,
    /// How many there are, so that an emulator without faults takes no lock.
    count: AtomicUsize,
    last_id: AtomicU64,
}

struct Rule {
    id: u64,
    fault: Fault,
    matched: AtomicU64,
    hits: AtomicU64,
}

/// A fault of a running emulator.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ActiveFault {
    /// Its number, from one, never used again.
    pub id: u64,
    /// The rule.
    pub fault: Fault,
    /// How many requests, or connections for a [`FaultKind::Refuse`], it was asked about.
    pub matched: u64,
    /// How many of them it struck.
    pub hits: u64,
}

/// What is to happen to one request.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Decision {
    pub(crate) delay: Duration,
    /// Never a delay or a refusal of a connection.
    pub(crate) kind: Option<FaultKind>,
    /// The ids of the faults that struck.
    pub(crate) ids: Vec<u64>,
}

impl Faults {
    /// Adds a fault, which strikes from now on, and returns its id.
    ///
    /// # Errors
    ///
    /// A [`FaultError`] when a setting is out of its range, or does not go with another.
    pub fn add(&self, fault: Fault) -> Result<u64, FaultError> {
        Ok(self.add_all(vec![fault])?.iter().map(|active| active.id).next().unwrap_or_default())
    }

    /// Adds all faults, or none of them.
    pub(crate) fn add_all(&self, faults: Vec<Fault>) -> Result<Vec<ActiveFault>, FaultError> {
        for fault in &faults {
            fault.check()?;
        }
        let mut rules = self.inner.rules.write().unwrap_or_else(PoisonError::into_inner);
        let new = faults.into_iter().map(|fault| {
            let id = self.inner.last_id.fetch_add(1, Ordering::Relaxed) + 1;
            Arc::new(Rule { id, fault, matched: AtomicU64::new(0), hits: AtomicU64::new(0) })
        });
        let before = rules.len();
        rules.extend(new);
        self.inner.count.store(rules.len(), Ordering::Release);
        Ok(rules[before..].iter().map(|rule| rule.active()).collect())
    }

    /// Removes one fault; false when there is none with this id.
    pub fn remove(&self, id: u64) -> bool {
        self.retain(|rule| rule.id != id)
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.retain(|_| false);
    }

    /// The faults in the order in which they were added, with how often they struck.
    pub fn list(&self) -> Vec<ActiveFault> {
        let rules = self.inner.rules.read().unwrap_or_else(PoisonError::into_inner);
        rules.iter().map(|rule| rule.active()).collect()
    }

    fn retain(&self, keep: impl Fn(&Rule) -> bool) -> bool {
        let mut rules = self.inner.rules.write().unwrap_or_else(PoisonError::into_inner);
        let before = rules.len();
        rules.retain(|rule| keep(rule));
        self.inner.count.store(rules.len(), Ordering::Release);
        rules.len() < before
    }

    /// What is to happen to a request, if anything.
    ///
    /// `can_expire` says whether its credentials are of a kind that ends; one of any other kind is not asked for.
    pub(crate) fn decide(&self, call: Call, can_expire: impl Fn() -> bool) -> Option<Decision> {
        if self.inner.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let rules = self.inner.rules.read().unwrap_or_else(PoisonError::into_inner);
        let mut decision = Decision::default();
        for rule in rules.iter().filter(|rule| rule.fault.scope.covers(call)) {
            let applies = match rule.fault.kind {
                FaultKind::Refuse => false,
                FaultKind::Expire => can_expire(),
                _ => true,
            };
            if !applies || !rule.strikes() {
                continue;
            }
            decision.ids.push(rule.id);
            match &rule.fault.kind {
                FaultKind::Delay(delay) => decision.delay = decision.delay.saturating_add(*delay),
                kind => {
                    decision.kind = Some(kind.clone());
                    break;
                }
            }
        }
        (!decision.ids.is_empty()).then_some(decision)
    }

    /// Whether a connection is to be refused.
    pub(crate) fn refuses(&self, port: Port) -> bool {
        if self.inner.count.load(Ordering::Acquire) == 0 {
            return false;
        }
        let service = match port {
            Port::Iotda => Service::Iotda,
            Port::Obs => Service::Obs,
        };
        let is_here = |scope: Scope| scope.covers(Call { service, operation: None });
        let rules = self.inner.rules.read().unwrap_or_else(PoisonError::into_inner);
        let mut refusals = rules.iter().filter(|rule| rule.fault.kind == FaultKind::Refuse);
        refusals.any(|rule| is_here(rule.fault.scope) && rule.strikes())
    }
}

impl Rule {
    /// Counts one request and says whether it is struck.
    fn strikes(&self) -> bool {
        let index = self.matched.fetch_add(1, Ordering::Relaxed);
        if !self.fault.is_chosen(index, self.id) {
            return false;
        }
        let times = self.fault.times.unwrap_or(u64::MAX);
        let one_more = |hits: u64| (hits < times).then_some(hits + 1);
        self.hits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    fn active(&self) -> ActiveFault {
        ActiveFault {
            id: self.id,
            fault: self.fault.clone(),
            matched: self.matched.load(Ordering::Relaxed),
            hits: self.hits.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

#[cfg(test)]
mod tests;
