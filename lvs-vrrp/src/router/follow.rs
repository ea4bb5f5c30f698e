//! A virtual router that does as another one does.

use core::net::IpAddr;

use lvs_proto::Instant;
use lvs_proto::vrrp::Peer;

use super::Router;
use super::role::Role;
use crate::actions::Step;
use crate::announcements::Schedule;
use crate::octets::stored;
use crate::{Reason, State};

/// Neither adverts nor timers but those of announcements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Following {
    pub(super) leader: State,
    /// That of the leader, unless this router cannot run.
    pub(super) state: State,
    pub(super) announcements: Option<Schedule>,
}

stored!(
    struct Following {
        leader: State,
        state: State,
        announcements: Option<Schedule>,
    }
);

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>, const SENDERS: usize> Router<A, P, SENDERS> {
    /// The router that this one follows is in this state, and so is this one from now on, if it was
    /// started and can run: with all actions, but without adverts and without timers for them
    /// \[X-67\]. Of thousands of virtual routers between the same hosts one speaks, and the others
    /// follow it.
    ///
    /// The first call makes it a follower for good, which takes no notice of adverts. If it was
    /// running, shut it down and drain its actions before. An [`Engine`](crate::Engine) does this by
    /// itself: [`Engine::follow`](crate::Engine::follow).
    ///
    /// ```
    /// use core::net::IpAddr;
    /// use lvs_proto::Instant;
    /// use lvs_proto::vrrp::Vrid;
    /// use lvs_vrrp::{Action, Config, Router, State};
    ///
    /// let config = Config::rfc9568(Vrid::new(52).ok_or("0 is no VRID")?);
    /// let mut router = Router::new(config, [10, 0, 0, 1].into(), [IpAddr::from([10, 0, 0, 100])])?;
    /// router.follow(Instant::EPOCH, State::Active);
    /// assert_eq!(router.state(), State::Initialize);
    /// router.startup(Instant::EPOCH);
    /// assert_eq!(router.state(), State::Active);
    /// assert_eq!(router.poll_action(), Some(Action::InstallAddresses { accept: false }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow(&mut self, now: Instant, leader: State) {
        let now = self.advance(now);
        if let Role::Following(following) = &mut self.role {
            following.leader = leader;
        } else {
            self.stop(now, Reason::Group);
            let state = State::Initialize;
            self.role = Role::Following(Following { leader, state, announcements: None });
        }
        self.keep_up(now, Reason::Group);
    }

    /// The state of the leader has changed, or whether the follower can run.
    pub(super) fn keep_up(&mut self, now: Instant, reason: Reason) {
        let Role::Following(following) = self.role else { return };
        let state = if self.may_run() { following.leader } else { State::Initialize };
        if state == following.state {
            return;
        }
        if following.state == State::Active {
            self.leave_active();
        }
        let announcements = (state == State::Active).then(|| {
            self.pending.become_active();
            self.pending.done(Step::Advertise);
            self.counters.become_active += 1;
            Schedule::begin(now, &self.config.announcements)
        });
        self.change(now, Role::Following(Following { state, announcements, ..following }), reason);
        self.announce(now);
    }
}
