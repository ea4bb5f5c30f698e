//! What is told of a sync group: its state, once all members have moved \[X-51\], \[X-57\].

use std::fmt;

use lvs_vrrp::{Event, Reason, RouterId, State};

/// A state as keepalived would show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownState {
    /// Shut down.
    Init,
    /// It cannot run.
    Fault,
    /// It listens.
    Backup,
    /// It serves.
    Master,
}

impl ShownState {
    /// What a virtual router shows after that event.
    #[must_use]
    pub const fn after(event: &Event) -> Self {
        match (event.to, event.reason) {
            (State::Active, _) => Self::Master,
            (State::Backup, _) => Self::Backup,
            (State::Initialize, Reason::Shutdown) => Self::Init,
            (State::Initialize, _) => Self::Fault,
        }
    }
}

impl fmt::Display for ShownState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Init => "INIT",
            Self::Fault => "FAULT",
            Self::Backup => "BACKUP",
            Self::Master => "MASTER",
        })
    }
}

/// A sync group has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEvent {
    /// What the group is called.
    pub group: String,
    /// 1 for its first change, then one more each.
    pub sequence: u64,
    /// Where all members are now.
    pub state: ShownState,
}

/// A group by its members.
#[derive(Debug)]
pub(crate) struct SyncGroup {
    name: String,
    members: Vec<RouterId>,
    /// What was told last.
    shown: Option<ShownState>,
    /// How often something was told.
    sequence: u64,
}

impl SyncGroup {
    pub(crate) fn new(name: &str, members: Vec<RouterId>) -> Self {
        Self { name: name.to_owned(), members, shown: None, sequence: 0 }
    }

    /// What is to be told, given what each member shows.
    pub(crate) fn poll(
        &mut self,
        shown: impl Fn(&RouterId) -> Option<ShownState>,
    ) -> Option<GroupEvent> {
        let state = shown(self.members.first()?)?;
        let agree = self.members.iter().all(|member| shown(member) == Some(state));
        if !agree || self.shown == Some(state) {
            return None;
        }
        self.shown = Some(state);
        self.sequence += 1;
        Some(GroupEvent { group: self.name.clone(), sequence: self.sequence, state })
    }
}
