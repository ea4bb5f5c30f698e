//! Sync groups: virtual routers that are Active together or not at all \[X-57\].

use core::net::IpAddr;

use lvs_proto::Instant;
use lvs_proto::vrrp::Peer;

use super::{Engine, RouterId, UnknownRouter};
use crate::{Router, State};

/// Why a virtual router cannot join a sync group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// One of the ids is that of no virtual router.
    #[error("no such virtual router")]
    UnknownRouter,
    /// It is in a group, or is to join itself; a router is in one group at most.
    #[error("the router is in a sync group already")]
    Member,
    /// One of them follows another router, and has no say in a group.
    #[error("a follower joins no sync group")]
    Follower,
}

/// Of a member, what concerns its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    state: State,
    fault: bool,
}

impl<A, P, const SENDERS: usize> Engine<'_, A, P, SENDERS>
where
    A: AsRef<[IpAddr]>,
    P: AsRef<[Peer]>,
{
    /// Has a virtual router join the sync group of another one, or form a group with it.
    ///
    /// A member becomes Active only if all members that run heard nothing for their active-down
    /// intervals, or if another member is Active \[X-58\]. If one loses to an advert, the others resign
    /// \[X-59\]. If one cannot run, since its interface is down or a tracker says so, none does
    /// \[X-60\]; what all members depend on is tracked by each of them \[X-61\]. An advert that loses
    /// against one has all announce their addresses \[X-63\].
    ///
    /// A new member of an Active group is Backup until it hears nothing for its own active-down
    /// interval \[X-64\].
    ///
    /// ```
    /// use core::net::IpAddr;
    /// use lvs_proto::Instant;
    /// use lvs_proto::vrrp::Vrid;
    /// use lvs_vrrp::{Block, Config, Engine, InterfaceId, Router, Slot, State};
    ///
    /// let config = Config::rfc9568(Vrid::new(51).ok_or("0 is no VRID")?);
    /// let mut slots: [Slot<[IpAddr; 1]>; 2] = Default::default();
    /// let mut blocks = [Block::default()];
    /// let mut engine = Engine::new(&mut slots, &mut blocks);
    /// let inside = Router::new(config, [10, 0, 0, 1].into(), [[10, 0, 0, 100].into()])?;
    /// let outside = Router::new(config, [192, 0, 2, 1].into(), [[192, 0, 2, 100].into()])?;
    /// let inside = engine.add(InterfaceId(2), inside)?;
    /// let outside = engine.add(InterfaceId(3), outside)?;
    /// engine.join(inside, outside)?;
    ///
    /// engine.input_each(|_, router| router.startup(Instant::EPOCH));
    /// engine.input(inside, |router| router.interface_down(Instant::from_secs(1)))?;
    /// assert_eq!(engine.get(outside).map(Router::state), Some(State::Initialize));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`JoinError`]; nothing has changed.
    pub fn join(&mut self, id: RouterId, of: RouterId) -> Result<(), JoinError> {
        let at = self.slot_of(id).ok_or(JoinError::UnknownRouter)?;
        let of = self.slot_of(of).ok_or(JoinError::UnknownRouter)?;
        if at == of || self.next_member(at) != at {
            return Err(JoinError::Member);
        }
        if self.leader(at).is_some() || self.leader(of).is_some() {
            return Err(JoinError::Follower);
        }
        let next = self.next_member(of);
        self.link_member(at, next);
        self.link_member(of, at);
        self.each_member(at, |router, _| router.enter_group());
        self.settle_faults(at);
        Ok(())
    }

    /// Has a virtual router leave its sync group, if it is in one. If it was held in fault by the
    /// others, it begins afresh; if it waited for them to become Active, it waits no longer.
    ///
    /// # Errors
    /// [`UnknownRouter`].
    pub fn leave(&mut self, id: RouterId) -> Result<(), UnknownRouter> {
        let at = self.slot_of(id).ok_or(UnknownRouter)?;
        self.unlink_member(at);
        self.settle_wishes(at);
        Ok(())
    }

    /// The members of the sync group of a virtual router, beginning with itself; only itself if it is
    /// in none.
    pub fn members(&self, id: RouterId) -> impl Iterator<Item = RouterId> {
        let first = self.slot_of(id);
        let ring = first.into_iter().flat_map(|at| self.ring(at));
        ring.filter_map(|at| self.id(at))
    }

    pub(super) fn standing(&self, at: usize) -> Option<Standing> {
        let router = self.router_at(at)?;
        Some(Standing { state: router.state(), fault: router.has_fault() })
    }

    /// Draws the consequences of an input to a router that stood so before it.
    pub(super) fn settle(&mut self, at: usize, before: Option<Standing>) {
        self.refresh(at);
        let (Some(before), Some(after)) = (before, self.standing(at)) else { return };
        if before.state != after.state {
            self.lead(at);
        }
        let Some(router) = self.router_at(at).filter(|router| router.is_member()) else { return };
        let wants_active = router.wants_active();
        if before.fault != after.fault {
            self.settle_faults(at);
        }
        if (before.state, after.state) == (State::Active, State::Backup) {
            self.each_member(at, Router::give_way);
        } else if before != after || wants_active {
            self.settle_wishes(at);
        }
    }

    /// FAULT of one is FAULT of all \[X-60\].
    fn settle_faults(&mut self, at: usize) {
        let fault = self.ring(at).any(|at| self.router_at(at).is_some_and(Router::has_fault));
        self.each_member(at, |router, now| router.set_group_fault(now, fault));
    }

    /// Whoever wants to be Active waits for the last member, unless there is an Active one \[X-58\].
    fn settle_wishes(&mut self, at: usize) {
        let group = || self.ring(at).filter_map(|at| self.router_at(at));
        let is_active = group().any(|member| member.state() == State::Active);
        let runs = |member: &&Router<A, P, SENDERS>| member.state() != State::Initialize;
        let agrees = group().filter(runs).all(Router::wants_active);
        if is_active || agrees {
            self.each_member(at, Router::take_over);
        }
    }

    /// Has all members announce their addresses after an advert that lost against one \[X-63\].
    pub(super) fn announce_group(&mut self, at: usize) {
        if self.next_member(at) != at {
            self.each_member(at, Router::announce_after_losing);
        }
    }

    /// Takes a member out of its ring.
    pub(super) fn unlink_member(&mut self, at: usize) {
        let (before, next) = (self.ring(at).last().unwrap_or(at), self.next_member(at));
        if before == at {
            return;
        }
        self.link_member(before, next);
        self.link_member(at, at);
        self.each_member(at, Router::leave_group);
        if next == before {
            self.each_member(next, Router::leave_group);
        } else {
            self.settle_faults(next);
        }
        self.settle_wishes(next);
    }

    /// Does something to each member of a group, from that one on, and notes what follows from it.
    fn each_member(&mut self, first: usize, act: impl Fn(&mut Router<A, P, SENDERS>, Instant)) {
        let (now, mut at) = (self.now, first);
        loop {
            let before = self.router_at(at).map(Router::state);
            if let Some(router) = self.router_mut(at) {
                act(router, now);
            }
            self.refresh(at);
            if before != self.router_at(at).map(Router::state) {
                self.lead(at);
            }
            at = self.next_member(at);
            if at == first {
                return;
            }
        }
    }

    /// The slots of a group.
    fn ring(&self, first: usize) -> impl Iterator<Item = usize> {
        let next = move |&at: &usize| Some(self.next_member(at)).filter(|&next| next != first);
        core::iter::successors(Some(first), next)
    }

    pub(super) fn next_member(&self, at: usize) -> usize {
        self.slots.get(at).map_or(at, |slot| slot.next_member as usize)
    }

    fn link_member(&mut self, at: usize, next: usize) {
        if let Some(slot) = self.slots.get_mut(at) {
            slot.next_member = next as u32;
        }
    }
}
