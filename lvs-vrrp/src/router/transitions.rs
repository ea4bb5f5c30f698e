//! The tables of RFC 9568 sections 6.4.1 to 6.4.3 (RFC 3768 the same), row by row.

use core::net::IpAddr;
use core::time::Duration;

use lvs_proto::Instant;
use lvs_proto::vrrp::{Advert, Peer, Priority, Version};

use super::Router;
use super::role::{Active, Backup, Lateness, Reply, Role};
use crate::actions::Step;
use crate::announcements::Schedule;
use crate::{
    DuplicateSource, Event, LateActive, LateBackup, LosingAdvert, NewActiveReason, Reason, State,
    lateness, timers,
};

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>, const SENDERS: usize> Router<A, P, SENDERS> {
    /// Initialize: Startup, if all conditions hold \[V3-INI-1\] to \[V3-INI-5\], \[V2-INI-1\],
    /// \[V2-INI-2\].
    pub(super) fn start(&mut self, now: Instant) {
        self.keep_up(now, Reason::Startup);
        if self.role != Role::Initialize || !self.may_run() {
            return;
        }
        self.active_interval = self.config.interval;
        if !self.config.is_owner() {
            self.become_backup(now, Reason::Startup);
        } else if self.membership.member {
            self.become_backup(now, Reason::Startup);
            self.want_active(now, Reason::Startup);
        } else {
            self.become_active(now, Reason::Startup);
        }
    }

    pub(super) fn may_run(&self) -> bool {
        self.started && self.interface_up && !self.fault && !self.membership.fault
    }

    /// Initialize: the interface came up, or a fault is over: Startup, and peers hear of it
    /// \[X-26\], \[X-55\].
    pub(super) fn recover(&mut self, now: Instant) {
        let stood_still = self.role == Role::Initialize;
        self.start(now);
        let announces = self.config.announce_source && !self.peers.as_ref().is_empty();
        if announces && stood_still && self.role != Role::Initialize {
            self.pending.add(Step::AnnounceSource);
        }
    }

    /// Backup and Active: Shutdown, the interface is gone, or something is at fault \[V3-BK-6\],
    /// \[V3-AC-11\], \[V2-BK-4\], \[V2-AC-4\].
    pub(super) fn stop(&mut self, now: Instant, reason: Reason) {
        match self.role {
            Role::Initialize => return,
            Role::Following(_) => return self.keep_up(now, reason),
            Role::Backup(_) => {}
            Role::Active(_) => {
                self.leave_active();
                self.pending.add(Step::Resign);
            }
        }
        self.change(now, Role::Initialize, reason);
    }

    /// Backup and Active: a timer fires, if it is due \[V3-AC-12\], \[V2-AC-5\].
    pub(super) fn expire(&mut self, now: Instant) {
        match &mut self.role {
            Role::Initialize => {}
            Role::Backup(backup) if backup.active_down <= now => {
                let backup = *backup;
                self.down(now, backup);
            }
            Role::Backup(_) => {}
            Role::Active(active) => {
                if active.expire(now, self.config.interval) {
                    self.advertise(now);
                }
                self.announce(now);
            }
            Role::Following(_) => self.announce(now),
        }
    }

    /// Active_Down_Timer fires \[V3-BK-7\] to \[V3-BK-10\], \[V2-BK-5\]. Who is late for it may have
    /// missed adverts, and is put off once \[S-9\].
    fn down(&mut self, now: Instant, backup: Backup) {
        let tolerance = lateness::backup_tolerance(self.active_interval);
        let late = match backup.lateness {
            Lateness::Awake => now.saturating_duration_since(backup.active_down) >= tolerance,
            Lateness::Slept => true,
            Lateness::PutOff => false,
        };
        if late && self.config.late_backup == LateBackup::Grace {
            let active_down = now + self.active_interval.duration() + self.skew();
            let role = Role::Backup(Backup { active_down, lateness: Lateness::PutOff, ..backup });
            self.change(now, role, Reason::Late);
        } else if self.membership.member {
            self.want_active(now, backup.takeover);
        } else {
            self.become_active(now, backup.takeover);
        }
    }

    /// A member of a sync group waits for the others, for another Active_Down_Interval at a time.
    fn want_active(&mut self, now: Instant, takeover: Reason) {
        let active_down = now + self.active_down_interval();
        if let Role::Backup(backup) = self.role {
            let wish = Backup { active_down, takeover, wants_active: true, ..backup };
            self.role = Role::Backup(wish);
        }
    }

    /// An Active router sends an advert. If the last one is so long ago that somebody may have taken
    /// over, it announces its addresses again or gives way \[S-10\].
    pub(super) fn advertise(&mut self, now: Instant) {
        let tolerance = self.active_tolerance();
        let Role::Active(active) = &mut self.role else { return };
        let late = active.slept || active.late_from <= now;
        (active.late_from, active.slept) = (now + tolerance, false);
        if !late {
            self.pending.add(Step::Advertise);
            return;
        }
        let preempts = self.config.preempt || self.config.is_owner();
        if self.config.late_active == LateActive::StepDown || !preempts {
            self.leave_active();
            self.become_backup(now, Reason::Late);
        } else {
            active.announcements = Schedule::begin(now, &self.config.announcements);
            self.pending.add(Step::Advertise);
            self.announce(now);
            self.report(now, self.state(), Reason::Late);
        }
    }

    /// An Active router announces its addresses, if that is due.
    pub(super) fn announce(&mut self, now: Instant) {
        if let Some(schedule) = self.role.announcements() {
            let repeat = schedule.due(now, &self.config.announcements);
            self.pending.announce(repeat);
        }
    }

    /// The host slept.
    pub(super) fn woke_up(&mut self, now: Instant, gap: Duration) {
        let tolerance = self.active_tolerance();
        match &mut self.role {
            Role::Initialize | Role::Following(_) => {}
            Role::Backup(backup) => {
                if gap >= self.active_interval.duration() && backup.lateness == Lateness::Awake {
                    backup.lateness = Lateness::Slept;
                }
            }
            Role::Active(active) => {
                if gap >= tolerance {
                    active.slept = true;
                    active.adver = now;
                }
            }
        }
    }

    fn active_tolerance(&self) -> Duration {
        lateness::active_tolerance(self.config.version, self.config.interval)
    }

    /// An advert that passed all checks. Returns whether it lost against an Active router.
    pub(super) fn heard(&mut self, now: Instant, advert: &Advert<'_>, sender: IpAddr) -> bool {
        match self.role {
            Role::Initialize | Role::Following(_) => false,
            Role::Backup(backup) => {
                self.heard_in_backup(now, backup, advert, sender);
                false
            }
            Role::Active(_) => self.heard_in_active(now, advert, sender),
        }
    }

    /// \[V3-BK-11\] to \[V3-BK-14\], \[V2-BK-6\] to \[V2-BK-8\].
    fn heard_in_backup(
        &mut self,
        now: Instant,
        mut backup: Backup,
        advert: &Advert<'_>,
        sender: IpAddr,
    ) {
        let preempts = self.config.preempt || self.config.is_owner();
        if advert.priority == Priority::RESIGN {
            if self.config.resign_by_active_only && !backup.is_behind(sender) {
                return;
            }
            backup.active_down = now + self.skew();
            backup.takeover = Reason::Resigned;
            backup.wants_active = false;
            backup.lateness = Lateness::Awake;
        } else if preempts && advert.priority < self.priority {
            // Until the delay is over the weaker router counts as alive.
            let preempt_from = backup.preempt_from.unwrap_or(now + self.config.preempt_delay);
            if now < preempt_from {
                backup = self.behind(now, advert, sender);
            } else {
                backup.takeover = Reason::Preempted;
            }
            backup.preempt_from = Some(preempt_from);
        } else {
            backup = self.behind(now, advert, sender);
        }
        self.role = Role::Backup(backup);
    }

    /// \[V3-AC-13\] to \[V3-AC-18\], \[V2-AC-6\] to \[V2-AC-8\].
    fn heard_in_active(&mut self, now: Instant, advert: &Advert<'_>, sender: IpAddr) -> bool {
        let Role::Active(active) = &mut self.role else { return false };
        let resigns = advert.priority == Priority::RESIGN;
        let reply = if resigns {
            Some(Reply::Rearm)
        } else if (advert.priority, number(sender)) > (self.priority, number(self.source)) {
            // The source addresses decide between equals, as unsigned numbers [FSM-16].
            self.leave_active();
            if self.config.advert_before_demotion {
                self.pending.add(Step::Advertise);
            }
            let role = Role::Backup(self.behind(now, advert, sender));
            self.change(now, role, Reason::BetterAdvert);
            return false;
        } else {
            active.announcements.after_losing(now, &self.config.announcements);
            match self.config.losing_advert {
                LosingAdvert::Ignore => None,
                LosingAdvert::Reply => Some(Reply::Keep),
                LosingAdvert::ReplyAndRearm => Some(Reply::Rearm),
            }
        };
        let answers = reply.is_some_and(|reply| active.reply(now, reply, self.config.interval));
        if !resigns {
            self.report_losing(now, advert);
        }
        if answers {
            self.advertise(now);
        }
        self.announce(now);
        !resigns
    }

    /// Who loses may have had the hosts for a while \[X-13\], or not hear this router \[S-14\].
    fn report_losing(&mut self, now: Instant, advert: &Advert<'_>) {
        match self.doubts.lost(self.config.interval, advert.interval) {
            Some(Reason::LosingAdvert) if !self.config.report_losing => {}
            Some(reason) => self.report(now, self.state(), reason),
            None => {}
        }
    }

    /// An advert from the own address, by somebody else \[S-16\].
    pub(super) fn heard_double(&mut self, now: Instant, advert: &Advert<'_>) {
        if self.config.duplicate_source == DuplicateSource::Report {
            if self.doubts.say() {
                self.report(now, self.state(), Reason::DuplicateSource);
            }
        } else if advert.priority != Priority::RESIGN {
            let role = Role::Backup(self.behind(now, advert, self.source));
            match self.role {
                Role::Initialize | Role::Following(_) => {}
                Role::Backup(_) => self.role = role,
                Role::Active(_) => {
                    self.leave_active();
                    self.change(now, role, Reason::DuplicateSource);
                }
            }
        }
    }

    /// An Active router announces its addresses after an advert that lost against it, or against
    /// another member of its sync group \[X-63\].
    pub(crate) fn announce_after_losing(&mut self, now: Instant) {
        let now = self.advance(now);
        if let Role::Active(active) = &mut self.role {
            active.announcements.after_losing(now, &self.config.announcements);
        }
        self.announce(now);
    }

    /// Takes the sender of `advert` for the Active router, learns its interval, and waits for it.
    fn behind(&mut self, now: Instant, advert: &Advert<'_>, sender: IpAddr) -> Backup {
        let own = self.config.interval;
        // Version 2 learns none, not even from a double [FSM-12].
        self.active_interval = match self.config.version {
            Version::V2 => own,
            Version::V3 => {
                let longest = self.config.max_learned_interval.unwrap_or(advert.interval);
                advert.interval.min(longest.max(own))
            }
        };
        Backup { last_active: Some((sender, advert.priority)), ..self.waiting(now) }
    }

    pub(super) fn become_active(&mut self, now: Instant, reason: Reason) {
        self.active_interval = self.config.interval;
        self.pending.become_active();
        self.counters.become_active += 1;
        self.counters.new_active_reason = match reason {
            Reason::Resigned => NewActiveReason::Priority,
            Reason::NoResponse => NewActiveReason::NoResponse,
            _ => NewActiveReason::Preempted,
        };
        let active = Active {
            adver: timers::second_advert(now, &self.config),
            reply_from: now,
            owed: None,
            late_from: now + self.active_tolerance(),
            slept: false,
            announcements: Schedule::begin(now, &self.config.announcements),
        };
        self.change(now, Role::Active(active), reason);
        self.announce(now);
    }

    pub(super) fn become_backup(&mut self, now: Instant, reason: Reason) {
        let role = Role::Backup(self.waiting(now));
        self.change(now, role, reason);
    }

    /// Backup with a full Active_Down_Interval ahead.
    fn waiting(&self, now: Instant) -> Backup {
        Backup {
            active_down: now + self.active_down_interval(),
            last_active: None,
            takeover: Reason::NoResponse,
            wants_active: false,
            lateness: Lateness::Awake,
            preempt_from: None,
        }
    }

    pub(super) fn leave_active(&mut self) {
        self.pending.leave_active();
        self.counters.release_active += 1;
    }

    pub(super) fn change(&mut self, now: Instant, role: Role, reason: Reason) {
        let from = self.state();
        self.role = role;
        if from != self.state() {
            self.doubts.renew();
        }
        self.report(now, from, reason);
    }

    /// What was done, in a role that `from` may have come before, is told.
    fn report(&mut self, now: Instant, from: State, reason: Reason) {
        let sequence = self.last_event.map_or(1, |event| event.sequence + 1);
        self.last_event = Some(Event { sequence, at: now, from, to: self.state(), reason });
        self.pending.add(Step::Notify);
    }
}

/// An address as an unsigned number; a router hears one family.
const fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits() as u128,
        IpAddr::V6(address) => address.to_bits(),
    }
}
