//! What comes out of a neighbor cache.

use core::net::IpAddr;

use lvs_proto::MacAddr;

/// Where a packet to a neighbor goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// To this link address.
    Known(MacAddr),
    /// That is being asked: [`Action::Resolved`] or [`Action::Unreachable`] follows. Whether the
    /// packet waits for it, and behind how many others, is the embedder's to say.
    Pending,
    /// Nowhere: nobody answers, the cache is full of others, or no neighbor can have the address.
    Failed,
}

/// One thing to do, handed out by [`Neighbors::poll_action`](super::Neighbors::poll_action).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send an ARP request or a neighbor solicitation for an address.
    Request {
        /// Who is asked for.
        address: IpAddr,
        /// Whom to send it to; `None` is everybody, by broadcast or to the solicited-node group.
        to: Option<MacAddr>,
    },
    /// Send what waits for this address, if anything does.
    Resolved {
        /// Who was asked for.
        address: IpAddr,
        /// Where that is.
        mac: MacAddr,
    },
    /// Drop what waits for this address, if anything does: nobody answers.
    Unreachable(IpAddr),
}
