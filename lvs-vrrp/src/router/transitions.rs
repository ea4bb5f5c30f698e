//! The tables of RFC 9568 sections 6.4.1 to 6.4.3 (RFC 3768 the same), row by row.

use core::net::IpAddr;

use lvs_proto::Instant;
use lvs_proto::vrrp::{Advert, AdvertInterval, Peer, Priority};

use super::Router;
use crate::actions::Step;
use crate::{Event, LosingAdvert, NewActiveReason, Reason, timers};

/// The state with the variables that exist in it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Initialize,
    Backup(Backup),
    Active(Active),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backup {
    /// When Active_Down_Timer fires.
    pub(super) active_down: Instant,
    /// Why this router would become Active, by the last advert heard \[RX-8\].
    takeover: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Active {
    /// When Adver_Timer fires.
    adver: Instant,
    /// From when on an advert of another router may be answered \[FSM-15\].
    reply_from: Instant,
    /// The answer that has to wait until then.
    owed: Option<Reply>,
}

/// What an answer does to Adver_Timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    Keep,
    Rearm,
}

impl Active {
    pub(super) fn deadline(&self) -> Instant {
        match self.owed {
            Some(_) => self.adver.min(self.reply_from),
            None => self.adver,
        }
    }

    /// Whether an advert of another router is answered now; if not, it is owed, and one answer
    /// will do for all \[FSM-15\].
    fn reply(&mut self, now: Instant, reply: Reply, interval: AdvertInterval) -> bool {
        if now < self.reply_from {
            if self.owed != Some(Reply::Rearm) {
                self.owed = Some(reply);
            }
            return false;
        }
        self.owed = None;
        self.reply_from = now + timers::reply_gap(interval);
        if reply == Reply::Rearm {
            self.adver = now + interval.duration();
        }
        true
    }

    /// Whether an advert is due. A regular one answers what is owed as well.
    fn expire(&mut self, now: Instant, interval: AdvertInterval) -> bool {
        if self.adver <= now {
            self.owed = None;
            self.adver = timers::next_advert(self.adver, now, interval);
            return true;
        }
        self.owed.is_some_and(|owed| self.reply(now, owed, interval))
    }
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>> Router<A, P> {
    /// Initialize: Startup, if all conditions hold.
    pub(super) fn start(&mut self, now: Instant) {
        if self.role != Role::Initialize || !self.started || !self.interface_up {
            return;
        }
        self.active_interval = self.config.interval;
        self.last_active = None;
        if self.config.is_owner() {
            self.become_active(now, Reason::Startup);
        } else {
            self.become_backup(now, Reason::Startup);
        }
    }

    /// Backup and Active: Shutdown, or the interface is gone.
    pub(super) fn stop(&mut self, now: Instant, reason: Reason) {
        match self.role {
            Role::Initialize => return,
            Role::Backup(_) => {}
            Role::Active(_) => {
                self.leave_active();
                self.pending.add(Step::Resign);
            }
        }
        self.change(now, Role::Initialize, reason);
    }

    /// Backup and Active: a timer fires, if it is due.
    pub(super) fn expire(&mut self, now: Instant) {
        match &mut self.role {
            Role::Backup(backup) if backup.active_down <= now => {
                let takeover = backup.takeover;
                self.become_active(now, takeover);
            }
            Role::Active(active) => {
                if active.expire(now, self.config.interval) {
                    self.pending.add(Step::Advertise);
                }
            }
            Role::Initialize | Role::Backup(_) => {}
        }
    }

    /// An advert that passed all checks.
    pub(super) fn heard(&mut self, now: Instant, advert: &Advert<'_>, sender: IpAddr) {
        match self.role {
            Role::Initialize => {}
            Role::Backup(backup) => self.heard_in_backup(now, backup, advert, sender),
            Role::Active(active) => self.heard_in_active(now, active, advert, sender),
        }
    }

    fn heard_in_backup(
        &mut self,
        now: Instant,
        backup: Backup,
        advert: &Advert<'_>,
        sender: IpAddr,
    ) {
        let preempts = self.config.preempt || self.config.is_owner();
        if advert.priority == Priority::RESIGN {
            let active_down = now + self.skew();
            self.role = Role::Backup(Backup { active_down, takeover: Reason::Resigned });
        } else if preempts && advert.priority < self.priority {
            self.role = Role::Backup(Backup { takeover: Reason::Preempted, ..backup });
        } else {
            self.follow(advert, sender);
            self.role = self.waiting(now);
        }
    }

    fn heard_in_active(
        &mut self,
        now: Instant,
        mut active: Active,
        advert: &Advert<'_>,
        sender: IpAddr,
    ) {
        let reply = if advert.priority == Priority::RESIGN {
            Reply::Rearm
        } else if (advert.priority, sender) > (self.priority, self.source) {
            // The source addresses decide between equals, as unsigned numbers [FSM-16].
            self.leave_active();
            self.follow(advert, sender);
            self.become_backup(now, Reason::BetterAdvert);
            return;
        } else {
            match self.config.losing_advert {
                LosingAdvert::Ignore => return,
                LosingAdvert::Reply => Reply::Keep,
                LosingAdvert::ReplyAndRearm => Reply::Rearm,
            }
        };
        if active.reply(now, reply, self.config.interval) {
            self.pending.add(Step::Advertise);
        }
        self.role = Role::Active(active);
    }

    /// Takes the sender of `advert` for the Active router and learns its interval.
    fn follow(&mut self, advert: &Advert<'_>, sender: IpAddr) {
        self.active_interval = advert.interval;
        self.last_active = Some((sender, advert.priority));
    }

    fn become_active(&mut self, now: Instant, reason: Reason) {
        self.active_interval = self.config.interval;
        self.pending.become_active();
        self.counters.become_active += 1;
        self.counters.new_active_reason = match reason {
            Reason::Resigned => NewActiveReason::Priority,
            Reason::NoResponse => NewActiveReason::NoResponse,
            _ => NewActiveReason::Preempted,
        };
        let adver = now + self.config.interval.duration();
        self.change(now, Role::Active(Active { adver, reply_from: now, owed: None }), reason);
    }

    fn become_backup(&mut self, now: Instant, reason: Reason) {
        let role = self.waiting(now);
        self.change(now, role, reason);
    }

    /// Backup with a full Active_Down_Interval ahead.
    fn waiting(&self, now: Instant) -> Role {
        let active_down = now + self.active_down_interval();
        Role::Backup(Backup { active_down, takeover: Reason::NoResponse })
    }

    fn leave_active(&mut self) {
        self.pending.leave_active();
        self.counters.release_active += 1;
    }

    fn change(&mut self, now: Instant, role: Role, reason: Reason) {
        let from = self.state();
        self.role = role;
        let sequence = self.last_event.map_or(1, |event| event.sequence + 1);
        self.last_event = Some(Event { sequence, at: now, from, to: self.state(), reason });
        self.pending.add(Step::Notify);
    }
}
