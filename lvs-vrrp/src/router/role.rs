//! What a virtual router knows besides its configuration, by the state that it is in.

use core::net::IpAddr;

use lvs_proto::Instant;
use lvs_proto::vrrp::{AdvertInterval, Priority};

use super::follow::Following;
use crate::announcements::Schedule;
use crate::octets::{either, stored};
use crate::{Reason, timers};

/// The state with the variables that exist in it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Role {
    Initialize,
    Backup(Backup),
    Active(Active),
    /// As the leader is \[X-67\].
    Following(Following),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Backup {
    /// When Active_Down_Timer fires.
    pub(super) active_down: Instant,
    /// Who was last taken for the Active router, and its priority.
    pub(super) last_active: Option<(IpAddr, Priority)>,
    /// Why this router would become Active, by the last advert heard \[RX-8\].
    pub(super) takeover: Reason,
    /// Whether the timer has fired since the last advert, and only the sync group does not agree yet
    /// \[X-58\].
    pub(super) wants_active: bool,
    /// Whether adverts may have been missed since the last one \[S-9\].
    pub(super) lateness: Lateness,
    /// When a router of lower priority is no longer put up with \[X-4\].
    pub(super) preempt_from: Option<Instant>,
}

/// Whether a Backup router slept since the last accepted advert. It is put off once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Lateness {
    Awake,
    Slept,
    PutOff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Active {
    /// When Adver_Timer fires.
    pub(super) adver: Instant,
    /// From when on an advert of another router may be answered \[FSM-15\].
    pub(super) reply_from: Instant,
    /// The answer that has to wait until then.
    pub(super) owed: Option<Reply>,
    /// From when on another router may have taken over, if no advert is sent until then \[S-10\].
    pub(super) late_from: Instant,
    /// Whether there was a pause since the last one that is too long in any case.
    pub(super) slept: bool,
    pub(super) announcements: Schedule,
}

/// What an answer does to Adver_Timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Reply {
    Keep,
    Rearm,
}

stored!(Role as (Option<Backup>, (Option<Active>, Option<Following>)):
|role| match *role {
    Self::Initialize => (None, (None, None)),
    Self::Backup(backup) => (Some(backup), (None, None)),
    Self::Active(active) => (None, (Some(active), None)),
    Self::Following(following) => (None, (None, Some(following))),
},
|roles| match roles {
    (None, (None, None)) => Some(Self::Initialize),
    (Some(backup), (None, None)) => Some(Self::Backup(backup)),
    (None, pair) => either(pair, Self::Active, Self::Following),
    _ => None,
});
stored!(
    struct Backup {
        active_down: Instant,
        last_active: Option<(IpAddr, Priority)>,
        takeover: Reason,
        wants_active: bool,
        lateness: Lateness,
        preempt_from: Option<Instant>,
    }
);
stored!(
    enum Lateness {
        Awake,
        Slept,
        PutOff,
    }
);
stored!(
    struct Active {
        adver: Instant,
        reply_from: Instant,
        owed: Option<Reply>,
        late_from: Instant,
        slept: bool,
        announcements: Schedule,
    }
);
stored!(
    enum Reply {
        Keep,
        Rearm,
    }
);

impl Role {
    /// When to announce the addresses, of an Active router.
    pub(super) fn announcements(&mut self) -> Option<&mut Schedule> {
        match self {
            Self::Active(active) => Some(&mut active.announcements),
            Self::Following(following) => following.announcements.as_mut(),
            Self::Initialize | Self::Backup(_) => None,
        }
    }

    /// The same with all moments moved.
    pub(super) fn moved(self, moved: impl Fn(Instant) -> Instant) -> Self {
        match self {
            Self::Initialize => Self::Initialize,
            Self::Backup(backup) => Self::Backup(Backup {
                active_down: moved(backup.active_down),
                preempt_from: backup.preempt_from.map(moved),
                ..backup
            }),
            Self::Active(active) => Self::Active(Active {
                adver: moved(active.adver),
                reply_from: moved(active.reply_from),
                late_from: moved(active.late_from),
                announcements: active.announcements.moved(moved),
                ..active
            }),
            Self::Following(following) => Self::Following(Following {
                announcements: following.announcements.map(|schedule| schedule.moved(moved)),
                ..following
            }),
        }
    }
}

impl Backup {
    /// Whether `router` was last taken for the Active one.
    pub(super) fn is_behind(&self, router: IpAddr) -> bool {
        self.last_active.is_some_and(|(active, _)| active == router)
    }
}

impl Active {
    pub(super) fn deadline(&self) -> Instant {
        let reply = self.owed.map(|_| self.reply_from);
        let others = reply.into_iter().chain(self.announcements.deadline());
        others.fold(self.adver, Instant::min)
    }

    /// Whether an advert of another router is answered now; if not, it is owed, and one answer
    /// will do for all \[FSM-15\], \[SEC-7\].
    pub(super) fn reply(&mut self, now: Instant, reply: Reply, interval: AdvertInterval) -> bool {
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
    pub(super) fn expire(&mut self, now: Instant, interval: AdvertInterval) -> bool {
        if self.adver <= now {
            self.owed = None;
            self.adver = timers::next_advert(self.adver, now, interval);
            return true;
        }
        self.owed.is_some_and(|owed| self.reply(now, owed, interval))
    }
}
