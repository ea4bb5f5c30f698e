//! What is checked of a decoded advert: all that needs the router's memory.

use core::net::{IpAddr, Ipv6Addr};

use lvs_proto::Instant;
use lvs_proto::vrrp::{
    AddressList, Advert, AdvertError, AdvertInterval, AdvertMeta, ChecksumForm, Peer, Priority,
    Sequence, Version,
};

use super::Router;
use super::role::Role;
use crate::{AddressMismatch, OwnerAdverts};

/// Why a router refuses an advert that [`decode`](lvs_proto::vrrp::decode) let pass. The variants
/// stand in the order of the checks; the first that fails decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The router does not run, or follows another one, or is of another family, version or VRID.
    /// Nothing is counted \[X-56\].
    #[error("not for this router, or it does not run")]
    NotForUs,
    /// The source address is the router's own: the advert was looped back \[S-15\], or another router
    /// has the same \[S-16\].
    #[error("from this router itself")]
    SelfReceived,
    /// The sequence number does not exceed the last one of this sender \[W-11\], \[W-40\],
    /// \[V2-AU-2\].
    #[error("{received:?} after {last:?}")]
    Replayed {
        /// The number of the advert.
        received: Sequence,
        /// The last number.
        last: Sequence,
    },
    /// Version 2 takes its own interval only \[V2-RX-10\].
    #[error("an interval of {} cs is not the configured one", .0.centiseconds())]
    Interval(AdvertInterval),
    /// The first IPv6 address is not link-local \[V3-RX-11\].
    #[error("the first address, {0}, is not link-local")]
    GlobalFirst(Ipv6Addr),
    /// This router owns the addresses; nobody else should speak for them \[V2-RX-5\].
    #[error("an advert of somebody else to the owner")]
    Owner,
    /// The address list is not the configured one \[V2-RX-9\].
    #[error("other addresses than the configured ones")]
    Addresses,
}

impl<A: AsRef<[IpAddr]>, P: AsRef<[Peer]>, const SENDERS: usize> Router<A, P, SENDERS> {
    /// An advert was received, at the time that the link said if it can \[RX-4\].
    ///
    /// What [`decode`](lvs_proto::vrrp::decode) could not know is checked here, as
    /// [`check_advert`](Self::check_advert) does. An advert that fails is counted and changes
    /// nothing else: no timer, no state \[RX-1\], \[RX-2\], \[V3-RX-12\], \[V2-RX-8\]. Only the
    /// sequence number of a proven sender is remembered in any case.
    pub fn handle_advert(&mut self, now: Instant, advert: &Advert<'_>, meta: &AdvertMeta) {
        self.hear(now, advert, meta);
    }

    /// Takes an advert, and says whether it lost against an Active router.
    pub(crate) fn hear(&mut self, now: Instant, advert: &Advert<'_>, meta: &AdvertMeta) -> bool {
        let now = self.advance(now);
        let source = meta.addresses.source();
        let verdict = self.check_sender(now, advert, meta).and_then(|()| {
            self.remember_sequence(now, source, advert.sequence);
            self.check_contents(advert)
        });
        match verdict {
            Ok(()) => {
                self.count_accepted(advert);
                self.heard(now, advert, source)
            }
            Err(refusal) => {
                self.counters.count_refused(&refusal);
                if refusal == Refusal::SelfReceived {
                    self.heard_itself(now, advert);
                }
                false
            }
        }
    }

    /// A message was received that [`decode`](lvs_proto::vrrp::decode) refused: it is counted and
    /// changes nothing else \[RX-1\], \[RX-7\].
    pub fn handle_rejected(&mut self, error: &AdvertError) {
        if self.listens() {
            self.counters.count_rejected(error);
        }
    }

    /// Whether [`handle_advert`](Self::handle_advert) would take this advert.
    ///
    /// # Errors
    /// [`Refusal`], by the first check that fails.
    pub fn check_advert(
        &self,
        now: Instant,
        advert: &Advert<'_>,
        meta: &AdvertMeta,
    ) -> Result<(), Refusal> {
        self.check_sender(now, advert, meta)?;
        self.check_contents(advert)
    }

    /// An advert from the own address: if it was not sent by this router, another one has the same
    /// \[S-16\].
    fn heard_itself(&mut self, now: Instant, advert: &Advert<'_>) {
        let alike = advert.interval == self.config.interval
            && advert.addresses == AddressList::from(self.advertised_addresses());
        if !self.doubts.is_echo(advert.priority, alike) {
            self.heard_double(now, advert);
        }
    }

    /// Stages A1, C2, A4 and, of E3, what needs memory.
    fn check_sender(
        &self,
        now: Instant,
        advert: &Advert<'_>,
        meta: &AdvertMeta,
    ) -> Result<(), Refusal> {
        let source = meta.addresses.source();
        if !self.is_for_us(advert, meta) {
            return Err(Refusal::NotForUs);
        }
        if source == self.source {
            return Err(Refusal::SelfReceived);
        }
        let Some(received) = advert.sequence else { return Ok(()) };
        match self.marks.last(now, source, self.active_down_interval()) {
            Some(last) if !received.may_follow(last) => Err(Refusal::Replayed { received, last }),
            _ => Ok(()),
        }
    }

    /// Stages F1 to G1.
    fn check_contents(&self, advert: &Advert<'_>) -> Result<(), Refusal> {
        if self.config.version == Version::V2 && advert.interval != self.config.interval {
            return Err(Refusal::Interval(advert.interval));
        }
        match global_first(advert) {
            Some(first) if self.config.link_local_first => return Err(Refusal::GlobalFirst(first)),
            _ => {}
        }
        if self.config.is_owner() && self.config.owner_adverts == OwnerAdverts::Discard {
            return Err(Refusal::Owner);
        }
        let dropped = match self.config.address_mismatch {
            AddressMismatch::Off | AddressMismatch::Count => false,
            AddressMismatch::DropUnlessOwner => advert.priority != Priority::OWNER,
            AddressMismatch::Drop => true,
        };
        if dropped && !self.has_addresses_of(advert) { Err(Refusal::Addresses) } else { Ok(()) }
    }

    /// Marks move as soon as the sender is proven, whatever becomes of the advert \[RX-1\].
    fn remember_sequence(&mut self, now: Instant, sender: IpAddr, sequence: Option<Sequence>) {
        let Some(sequence) = sequence else { return };
        self.marks.keep(now, sender, sequence);
        if let Sequence::Header(sequence) = sequence {
            self.header_sequence = self.header_sequence.max(sequence);
        }
    }

    /// Stages A1 and C2: a router that does not run, or follows, ignores everything, uncounted.
    fn is_for_us(&self, advert: &Advert<'_>, meta: &AdvertMeta) -> bool {
        self.listens()
            && meta.addresses.family() == self.family()
            && advert.version == self.config.version
            && advert.vrid == self.config.vrid
    }

    fn listens(&self) -> bool {
        !matches!(self.role, Role::Initialize | Role::Following(_))
    }

    /// Whether the advert lists the configured addresses, in whatever order.
    fn has_addresses_of(&self, advert: &Advert<'_>) -> bool {
        same_addresses(self.advertised_addresses(), &advert.addresses)
    }

    /// H, and what is wrong with an advert that is taken all the same \[V3-RX-15\], \[V3-RX-16\],
    /// \[V3-RX-8\], \[V3-PR-4\], \[RX-9\].
    fn count_accepted(&mut self, advert: &Advert<'_>) {
        let other_interval = advert.interval != self.config.interval;
        let mismatch =
            self.config.address_mismatch != AddressMismatch::Off && !self.has_addresses_of(advert);
        let other_addresses = mismatch || global_first(advert).is_some();
        let counters = &mut self.counters;
        counters.adv_interval_errors += u64::from(other_interval);
        counters.address_list_errors += u64::from(other_addresses);
        counters.owner_conflicts += u64::from(self.config.is_owner());
        counters.adv_rcvd += 1;
        counters.prio_zero_rcvd += u64::from(advert.priority == Priority::RESIGN);
        match advert.checksum {
            ChecksumForm::MessageOnly => {}
            ChecksumForm::PseudoHeader => counters.pseudo_header_rcvd += 1,
            ChecksumForm::GroupPseudoHeader => {
                counters.pseudo_header_rcvd += 1;
                counters.group_pseudo_header_rcvd += 1;
            }
        }
        self.heard_form = Some(advert.checksum);
    }
}

/// The first address, if it is an IPv6 one that is not link-local \[W-17\].
fn global_first(advert: &Advert<'_>) -> Option<Ipv6Addr> {
    match advert.addresses.get(0) {
        Some(IpAddr::V6(first)) if !first.is_unicast_link_local() => Some(first),
        _ => None,
    }
}

/// Whether both lists hold the same addresses, in whatever order. `own` has no duplicates, so equal
/// lengths and one inclusion suffice; the usual case, the same order, takes one pass.
fn same_addresses(own: &[IpAddr], heard: &AddressList<'_>) -> bool {
    own.len() == heard.len()
        && (*heard == AddressList::from(own)
            || own.iter().all(|&address| heard.iter().any(|other| other == address)))
}
