//! How far a command is that may create a package, and what stopping it there means.

use iotda_ota::{PackageId, Sought};
use tokio::sync::watch;

use crate::failure::Failure;
use crate::signals::Signal;

/// How far a command is that may create a package.
#[derive(Clone, Debug, Default)]
pub(in crate::commands) enum Stage {
    /// Nothing is created.
    #[default]
    Before,
    /// A package may be in the middle of being created, so that stopping leaves the outcome open; with what to look for,
    /// if that is known.
    Creating(Option<Sought>),
    /// These were deleted, or are being deleted, to make room for one that is not created yet, as far as is known.
    Replacing(Vec<PackageId>),
    /// This one is created.
    Created(PackageId),
    /// This one is created, is not what it should be, and is being deleted again; after that those come back that made room.
    Withdrawing(PackageId, Vec<PackageId>),
}

impl Stage {
    /// Why it is better not to stop here: a version may be left without a package, or with a wrong one.
    pub(super) fn unfinished(&self) -> Option<String> {
        match self {
            Self::Replacing(ids) => Some(format!("package {} makes room for the new one", listed(ids))),
            Self::Withdrawing(id, _) => {
                Some(format!("package {id} is not what was to be published and is being deleted again"))
            }
            Self::Before | Self::Creating(_) | Self::Created(_) => None,
        }
    }

    /// The failure of a command that is stopped here; `hint` says how to go on.
    pub(super) fn interrupted(self, signal: Signal, hint: &str) -> Failure {
        let message = match self {
            Self::Before => return Failure::interrupted(signal, hint),
            Self::Creating(sought) => return Failure::interrupted_while_creating(sought, hint),
            Self::Created(id) => {
                let message = format!("interrupted; package {id} was created");
                return Failure::interrupted(signal, hint).with_message(&message);
            }
            Self::Replacing(ids) => format!(
                "interrupted while package {} was being replaced: it may be deleted, and the new one may exist or not",
                listed(&ids)
            ),
            Self::Withdrawing(id, replaced) => {
                let replaced = match &replaced[..] {
                    [] => String::new(),
                    ids => format!(", and package {}, which made room for it, is not created again", listed(ids)),
                };
                format!(
                    "interrupted while package {id}, which is not what was to be published, was being deleted again: it \
                     may exist or not{replaced}"
                )
            }
        };
        Failure::interrupted_while_creating(None, hint).with_message(&message)
    }
}

fn listed(ids: &[PackageId]) -> String {
    ids.iter().map(PackageId::as_str).collect::<Vec<_>>().join(", ")
}

/// What a command has done so far, shared with whoever may have to stop it.
#[derive(Clone, Debug, Default)]
pub(in crate::commands) struct Creating(watch::Sender<Done>);

#[derive(Debug, Default)]
struct Done {
    last: Last,
    /// What makes room, as long as nothing is known to be in its place.
    makes_room: Vec<PackageId>,
}

/// What was heard last of the package that is to be created.
#[derive(Debug, Default)]
enum Last {
    #[default]
    Nothing,
    Begins(Option<Sought>),
    Created(PackageId),
    Withdraws(PackageId),
}

impl Done {
    fn stage(&self) -> Stage {
        match &self.last {
            Last::Created(id) => Stage::Created(id.clone()),
            Last::Withdraws(id) => Stage::Withdrawing(id.clone(), self.makes_room.clone()),
            _ if !self.makes_room.is_empty() => Stage::Replacing(self.makes_room.clone()),
            Last::Begins(sought) => Stage::Creating(sought.clone()),
            Last::Nothing => Stage::Before,
        }
    }
}

impl Creating {
    /// A request to create a package goes out.
    pub(in crate::commands) fn begins(&self, sought: Option<Sought>) {
        self.0.send_modify(|done| done.last = Last::Begins(sought));
    }

    /// A package is created.
    pub(in crate::commands) fn created(&self, id: PackageId) {
        self.0.send_modify(|done| done.last = Last::Created(id));
    }

    /// A package is about to be deleted for the new one, which was refused before.
    pub(in crate::commands) fn makes_room(&self, id: PackageId) {
        self.0.send_modify(|done| {
            done.last = Last::Nothing;
            done.makes_room.push(id);
        });
    }

    /// The created package is about to be deleted again.
    pub(in crate::commands) fn withdraws(&self, id: PackageId) {
        self.0.send_modify(|done| done.last = Last::Withdraws(id));
    }

    /// The version of a package that made room has one again.
    pub(in crate::commands) fn restored(&self, id: &PackageId) {
        self.0.send_modify(|done| {
            done.last = Last::Nothing;
            done.makes_room.retain(|gone| gone != id);
        });
    }

    pub(super) fn stage(&self) -> Stage {
        self.0.borrow().stage()
    }

    /// Waits until nothing unfinished would be left by stopping.
    pub(super) async fn may_stop(&self) {
        // It cannot fail: who waits here could change it itself.
        let _ = self.0.subscribe().wait_for(|done| done.stage().unfinished().is_none()).await;
    }
}
