//! A virtual router as a member of a sync group, which an [`Engine`](crate::Engine) looks after.

use core::net::IpAddr;

use lvs_proto::Instant;
use lvs_proto::vrrp::Peer;

use super::Router;
use super::role::Role;
use crate::actions::Step;
use crate::{Reason, Work};

/// What a sync group does to a router.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Membership {
    /// Whether it asks the group before it becomes Active.
    pub(super) member: bool,
    /// Whether a member cannot run.
    pub(super) fault: bool,
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>, const SENDERS: usize> Router<A, P, SENDERS> {
    pub(crate) fn is_member(&self) -> bool {
        self.membership.member
    }

    pub(crate) fn enter_group(&mut self) {
        self.membership.member = true;
    }

    pub(crate) fn leave_group(&mut self, now: Instant) {
        self.membership.member = false;
        self.set_group_fault(now, false);
    }

    /// The moment of the last input.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// Whether it was started and cannot run, for reasons of its own.
    pub(crate) fn has_fault(&self) -> bool {
        self.started && (self.fault || !self.interface_up)
    }

    /// A member cannot run, or all can again \[X-60\].
    pub(crate) fn set_group_fault(&mut self, now: Instant, fault: bool) {
        let now = self.advance(now);
        self.membership.fault = fault;
        if fault {
            self.stop(now, Reason::Group);
        } else {
            self.recover(now);
        }
    }

    /// Whether it waits for the others to become Active as well \[X-58\].
    pub(crate) fn wants_active(&self) -> bool {
        matches!(self.role, Role::Backup(backup) if backup.wants_active)
    }

    /// Becomes Active, if it wants to: the group agrees.
    pub(crate) fn take_over(&mut self, now: Instant) {
        let now = self.advance(now);
        match self.role {
            Role::Backup(backup) if backup.wants_active => {
                self.become_active(now, backup.takeover);
            }
            _ => {}
        }
    }

    /// An Active member resigns, for another one has lost to an advert \[X-59\].
    pub(crate) fn give_way(&mut self, now: Instant) {
        let now = self.advance(now);
        if let Role::Active(_) = self.role {
            self.leave_active();
            self.pending.add(Step::Resign);
            self.become_backup(now, Reason::Group);
        }
    }

    /// What it wants done.
    pub(crate) fn work(&self) -> Work {
        match self.pending.first() {
            None => Work::Nothing,
            Some(Step::Advertise | Step::Resign) => Work::Advert,
            Some(_) => Work::Other,
        }
    }
}
