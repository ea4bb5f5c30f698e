//! Virtual routers that do as another one does \[X-67\].

use core::net::IpAddr;

use lvs_proto::Instant;
use lvs_proto::vrrp::Peer;

use super::index::NONE;
use super::{Engine, RouterId};
use crate::{Router, State};

/// Why a virtual router cannot follow another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FollowError {
    /// One of the ids is that of no virtual router.
    #[error("no such virtual router")]
    UnknownRouter,
    /// It is in a sync group, which asks each member.
    #[error("a member of a sync group follows nobody")]
    Member,
    /// It has followers, the other one follows itself, or both are the same.
    #[error("followers are not followed")]
    Chain,
}

impl<A, P, const SENDERS: usize> Engine<'_, A, P, SENDERS>
where
    A: AsRef<[IpAddr]>,
    P: AsRef<[Peer]>,
{
    /// Has a virtual router follow another one from now on: whenever that changes its state, so does
    /// it, with all actions but without an advert, as [`Router::follow`](crate::Router::follow) says.
    /// It may follow somebody else later; if its leader is removed it stands still. Start it like any
    /// router.
    ///
    /// ```
    /// use core::net::IpAddr;
    /// use lvs_proto::Instant;
    /// use lvs_proto::vrrp::{Priority, Vrid};
    /// use lvs_vrrp::{Block, Config, Engine, InterfaceId, Router, Slot, State};
    ///
    /// let config = Config::rfc9568(Vrid::new(51).ok_or("0 is no VRID")?);
    /// let owner = Config { priority: Priority::OWNER, ..config };
    /// let mut slots: [Slot<[IpAddr; 1]>; 2] = Default::default();
    /// let mut blocks = [Block::default()];
    /// let mut engine = Engine::new(&mut slots, &mut blocks);
    /// let leader = Router::new(owner, [10, 0, 0, 1].into(), [[10, 0, 0, 100].into()])?;
    /// let follower = Router::new(config, [192, 0, 2, 1].into(), [[192, 0, 2, 100].into()])?;
    /// let leader = engine.add(InterfaceId(2), leader)?;
    /// let follower = engine.add(InterfaceId(3), follower)?;
    /// engine.follow(Instant::EPOCH, follower, leader)?;
    ///
    /// engine.input_each(|_, router| router.startup(Instant::EPOCH));
    /// assert_eq!(engine.get(follower).map(Router::state), Some(State::Active));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`FollowError`]; nothing has changed.
    pub fn follow(
        &mut self,
        now: Instant,
        id: RouterId,
        leader: RouterId,
    ) -> Result<(), FollowError> {
        let at = self.slot_of(id).ok_or(FollowError::UnknownRouter)?;
        let leader = self.slot_of(leader).ok_or(FollowError::UnknownRouter)?;
        if self.next_member(at) != at {
            return Err(FollowError::Member);
        }
        let leads = self.leader(at).is_none() && self.next_follower(at).is_some();
        if at == leader || leads || self.leader(leader).is_some() {
            return Err(FollowError::Chain);
        }
        self.unlink_follower(at);
        self.link_follower(at, Some(leader), self.next_follower(leader));
        self.link_follower(leader, None, Some(at));
        let state = self.router_at(leader).map(Router::state);
        self.tell(at, now, state.unwrap_or_default());
        Ok(())
    }

    /// A virtual router has changed its state, and its followers do.
    pub(super) fn lead(&mut self, at: usize) {
        let Some(router) = self.router_at(at) else { return };
        let (now, state) = (router.now(), router.state());
        if self.leader(at).is_some() {
            return;
        }
        let mut next = self.next_follower(at);
        while let Some(follower) = next {
            self.tell(follower, now, state);
            next = self.next_follower(follower);
        }
    }

    /// Takes a virtual router from its leader, and from its followers, who stand still.
    pub(super) fn unlink_followers(&mut self, at: usize) {
        self.unlink_follower(at);
        while let Some(follower) = self.next_follower(at) {
            self.link_follower(at, None, self.next_follower(follower));
            self.link_follower(follower, None, None);
            self.tell(follower, self.now, State::Initialize);
        }
    }

    /// Takes a follower from its leader.
    fn unlink_follower(&mut self, at: usize) {
        let Some(leader) = self.leader(at) else { return };
        let mut before = leader;
        while let Some(next) = self.next_follower(before).filter(|&next| next != at) {
            before = next;
        }
        self.link_follower(before, self.leader(before), self.next_follower(at));
        self.link_follower(at, None, None);
    }

    fn tell(&mut self, follower: usize, now: Instant, leader: State) {
        if let Some(router) = self.router_mut(follower) {
            router.follow(now, leader);
        }
        self.refresh(follower);
    }

    /// Whom the router of a slot follows.
    pub(super) fn leader(&self, at: usize) -> Option<usize> {
        self.slots.get(at).and_then(|slot| slot_number(slot.leader))
    }

    /// The first follower of a leader, or the one after a follower.
    fn next_follower(&self, at: usize) -> Option<usize> {
        self.slots.get(at).and_then(|slot| slot_number(slot.next_follower))
    }

    fn link_follower(&mut self, at: usize, leader: Option<usize>, next: Option<usize>) {
        if let Some(slot) = self.slots.get_mut(at) {
            let number = |at: Option<usize>| at.map_or(NONE, |at| at as u32);
            (slot.leader, slot.next_follower) = (number(leader), number(next));
        }
    }
}

fn slot_number(number: u32) -> Option<usize> {
    (number != NONE).then_some(number as usize)
}
