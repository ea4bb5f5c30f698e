//! Which adverts of one VRID are for which of its virtual routers.

use core::net::IpAddr;

use lvs_proto::vrrp::{Peer, group};
use lvs_proto::{AddressPair, Family};

use crate::Config;

/// What a virtual router hears: the VRRP group, or its peers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hearing<'a> {
    source: IpAddr,
    group: IpAddr,
    peers: &'a [Peer],
    check_peers: bool,
}

impl<'a> Hearing<'a> {
    pub(crate) fn new(config: &Config, source: IpAddr, peers: &'a [Peer]) -> Self {
        let group = config.group.unwrap_or(group(Family::of(source)));
        Self { source, group, peers, check_peers: config.check_peers }
    }

    /// The group that adverts go to where there are no peers.
    pub(crate) const fn group(&self) -> IpAddr {
        self.group
    }

    /// Whether an advert that took that path can be for it.
    pub(crate) fn hears(&self, path: AddressPair) -> bool {
        match self.peers {
            [] => path.destination() == self.group,
            peers => {
                let is_peer = peers.iter().any(|peer| peer.address == path.source());
                path.destination() == self.source && (is_peer || !self.check_peers)
            }
        }
    }

    /// Whether an advert can be for it as well as for `other` \[X-38\].
    pub(crate) fn overlaps(&self, other: &Hearing<'_>) -> bool {
        match (self.peers, other.peers) {
            ([], []) => self.group == other.group,
            ([], _) | (_, []) => false,
            (peers, others) => {
                let any = !(self.check_peers && other.check_peers);
                let in_common = |peer: &Peer| others.iter().any(|o| o.address == peer.address);
                self.source == other.source && (any || peers.iter().any(in_common))
            }
        }
    }
}
