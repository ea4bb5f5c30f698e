//! What the embedder is asked to do, as pending bits that are walked in a fixed order.

use core::net::{IpAddr, Ipv6Addr};

use lvs_proto::vrrp::Priority;
use lvs_proto::wire::ndp;

use crate::Event;

/// One thing to do, handed out by [`Router::poll_action`](crate::Router::poll_action).
///
/// Becoming Active gives `SendAdvert`, `InstallAddresses`, `JoinSolicitedNode` for each group,
/// `Announce` for each address, `SetRouterAdvertisements(true)`, `Notify`, in that order
/// \[FSM-5a\]; leaving it gives `SendAdvert` of a resignation, `RemoveAddresses`,
/// `LeaveSolicitedNode`, `SetRouterAdvertisements(false)`, `Notify` \[SC-23\]. What concerns
/// solicited-node groups and router advertisements is for IPv6 only. Nothing is announced before the
/// addresses are in place \[V3-AC-19\], \[V3-AC-20\], \[V3-AC-22\], \[V2-AC-10\].
///
/// Becoming or leaving Active drops what is left to do of an earlier change: a router that has left
/// installs, joins and announces nothing any more, one that has become Active removes nothing. Hence
/// addresses may be removed that are not installed, or installed that still are, and likewise with
/// groups; that is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Encode [`Router::advert`](crate::Router::advert) with this priority and send it along each of
    /// [`Router::advert_paths`](crate::Router::advert_paths), from the virtual MAC address, as IP
    /// protocol 112 with TTL or hop limit 255 \[V3-TX-14\], \[V3-TX-16\], \[V2-TX-3\].
    SendAdvert {
        /// The priority to advertise, [`Priority::RESIGN`] on leaving Active.
        priority: Priority,
    },
    /// Receive frames for the virtual MAC address and answer ARP or neighbor solicitations for
    /// the virtual addresses with it; IPv6 addresses without duplicate address detection
    /// \[ND-2\].
    ///
    /// It comes again when a reload changes the addresses, or whether packets to them are accepted.
    /// [`Router::addresses`](crate::Router::addresses) and
    /// [`Router::solicited_node_groups`](crate::Router::solicited_node_groups) are what ought to be in
    /// place then: remove any other address and leave any other group \[CORE-1\], \[FSM-26\].
    InstallAddresses {
        /// Whether packets to the addresses are accepted as well; otherwise they are dropped, save
        /// ARP and neighbor discovery \[ND-5\].
        accept: bool,
    },
    /// Join this solicited-node group \[V3-AC-3\]. A group that several addresses share is joined once
    /// \[W-36\].
    JoinSolicitedNode(Ipv6Addr),
    /// Tell the link that the address is here: a gratuitous ARP or an unsolicited neighbor
    /// advertisement. It comes again as [`Announcements`](crate::Announcements) say. An embedder that
    /// installs addresses asynchronously sends it once they are in place \[FSM-5\].
    Announce(IpAddr),
    /// Tell the link where [`Router::source`](crate::Router::source) is, with the MAC address of the
    /// interface, not the virtual one \[X-26\].
    AnnounceSource,
    /// Undo [`Action::InstallAddresses`]: a Backup router answers for no address and accepts nothing to
    /// it \[V3-BK-1\], \[V3-BK-2\], \[V3-BK-5\], \[V2-BK-1\], \[V2-BK-3\]. An owner may keep the
    /// addresses, its own \[FSM-22\].
    RemoveAddresses,
    /// Leave this solicited-node group, once as well.
    LeaveSolicitedNode(Ipv6Addr),
    /// Begin or cease to send router advertisements for the virtual router \[V3-AC-6\], \[V3-BK-3\].
    SetRouterAdvertisements(bool),
    /// The state has changed.
    Notify(Event),
}

/// A kind of action, before the details are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Advertise,
    Resign,
    Install,
    Join,
    Announce,
    AnnounceSource,
    Remove,
    Leave,
    StartRouterAdvertisements,
    StopRouterAdvertisements,
    Notify,
}

impl Step {
    /// All steps in the order in which they are handed out.
    const ORDER: [Self; 11] = [
        Self::Advertise,
        Self::Resign,
        Self::Install,
        Self::Join,
        Self::Announce,
        Self::AnnounceSource,
        Self::Remove,
        Self::Leave,
        Self::StartRouterAdvertisements,
        Self::StopRouterAdvertisements,
        Self::Notify,
    ];

    const BECOME_ACTIVE: &[Self] =
        &[Self::Advertise, Self::Install, Self::Join, Self::StartRouterAdvertisements];

    const LEAVE_ACTIVE: &[Self] = &[Self::Remove, Self::Leave, Self::StopRouterAdvertisements];

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// The steps to be taken, and how far the one that walks the address list has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pending {
    bits: u16,
    cursor: u16,
    /// How often the addresses are still to be announced.
    announcements: u8,
    /// Whether that has to wait.
    held: bool,
}

impl Pending {
    pub(crate) fn add(&mut self, step: Step) {
        self.bits |= step.bit();
    }

    /// Has announcements wait, or go on.
    pub(crate) fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Whether announcements wait.
    pub(crate) fn is_held(&self) -> bool {
        self.held && self.bits & Step::Announce.bit() != 0
    }

    /// Replaces whatever is pending by the steps to Active.
    pub(crate) fn become_active(&mut self) {
        *self = Self { held: self.held, ..Self::default() };
        Step::BECOME_ACTIVE.iter().for_each(|&step| self.add(step));
    }

    /// Replaces whatever is pending by the steps from Active.
    pub(crate) fn leave_active(&mut self) {
        *self = Self { held: self.held, ..Self::default() };
        Step::LEAVE_ACTIVE.iter().for_each(|&step| self.add(step));
    }

    /// Has each address announced so many times; a walk that has begun is one of them.
    pub(crate) fn announce(&mut self, repeat: u8) {
        if repeat > 0 {
            self.announcements = self.announcements.max(repeat);
            self.add(Step::Announce);
        }
    }

    /// Begins walks of the address list anew, since that has changed.
    pub(crate) fn restart_walks(&mut self) {
        self.cursor = 0;
    }

    /// The next address to announce; after the last walk, `None`.
    pub(crate) fn next_announcement(&mut self, addresses: &[IpAddr]) -> Option<IpAddr> {
        while self.announcements > 0 {
            if let Some(address) = self.next_address(addresses) {
                return Some(address);
            }
            self.announcements -= 1;
        }
        None
    }

    /// The first pending step that need not wait; it stays so until [`Self::done`].
    pub(crate) fn first(&self) -> Option<Step> {
        let bits = if self.held { self.bits & !Step::Announce.bit() } else { self.bits };
        Step::ORDER.into_iter().find(|step| bits & step.bit() != 0)
    }

    pub(crate) fn done(&mut self, step: Step) {
        self.bits &= !step.bit();
    }

    /// The next of `addresses`; after the last, `None` once, and the walk may begin again.
    pub(crate) fn next_address(&mut self, addresses: &[IpAddr]) -> Option<IpAddr> {
        let address = addresses.get(usize::from(self.cursor)).copied();
        // A list has 1024 addresses at most.
        self.cursor = if address.is_some() { self.cursor.saturating_add(1) } else { 0 };
        address
    }

    /// The next solicited-node group that is not that of an earlier one of `addresses`.
    pub(crate) fn next_group(&mut self, addresses: &[IpAddr]) -> Option<Ipv6Addr> {
        loop {
            let earlier = self.cursor;
            let group = solicited_node_group(self.next_address(addresses)?);
            let mut groups =
                addresses.iter().take(earlier.into()).copied().map(solicited_node_group);
            if group.is_some() && groups.all(|other| other != group) {
                return group;
            }
        }
    }
}

/// The group in which neighbors ask for an IPv6 `address`.
fn solicited_node_group(address: IpAddr) -> Option<Ipv6Addr> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(ndp::solicited_node_group(address)),
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn groups(addresses: &[&str]) -> Vec<Ipv6Addr> {
        let addresses: Vec<_> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let mut pending = Pending::default();
        let mut groups = Vec::new();
        while let Some(group) = pending.next_group(&addresses) {
            groups.push(group);
        }
        assert_eq!(pending, Pending::default(), "the next walk begins at the front");
        groups
    }

    #[test]
    fn w_36_each_group_once() {
        let first: Ipv6Addr = "ff02::1:ff12:3456".parse().unwrap();
        let second: Ipv6Addr = "ff02::1:ff00:1".parse().unwrap();
        assert_eq!(
            groups(&["fe80::12:3456", "2001:db8::1", "2001:db8::9912:3456", "fe80::1"]),
            [first, second]
        );
        assert!(groups(&["192.0.2.1", "192.0.2.2"]).is_empty());
    }

    #[test]
    fn steps_come_in_their_order_whatever_the_order_of_adding() {
        let mut pending = Pending::default();
        for step in Step::ORDER.into_iter().rev() {
            pending.add(step);
        }
        for step in Step::ORDER {
            assert_eq!(pending.first(), Some(step));
            pending.done(step);
        }
        assert_eq!(pending.first(), None);
    }
}
