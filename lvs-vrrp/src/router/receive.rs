//! What is checked of a decoded advert: all that needs the router's memory.

use core::net::IpAddr;

use lvs_proto::Instant;
use lvs_proto::vrrp::{
    AddressList, Advert, AdvertError, AdvertMeta, ChecksumForm, Priority, Version,
};

use super::Router;
use crate::{AddressMismatch, OwnerAdverts, State};

impl<A: AsRef<[IpAddr]>> Router<A> {
    /// An advert was received, at the time that the link said if it can \[RX-4\].
    ///
    /// What [`decode`](lvs_proto::vrrp::decode) could not know is checked here: whether it is from
    /// this router itself, its interval, its address list, and whether the receiver is an owner.
    /// An advert that fails is counted and changes nothing else: no timer, no state \[RX-1\],
    /// \[RX-2\].
    pub fn handle_advert(&mut self, now: Instant, advert: &Advert<'_>, meta: &AdvertMeta) {
        let now = self.advance(now);
        if self.is_for_us(advert, meta) && self.passes(advert, meta) {
            self.count_accepted(advert);
            self.heard(now, advert, meta.addresses.source());
        }
    }

    /// A message was received that [`decode`](lvs_proto::vrrp::decode) refused: it is counted and
    /// changes nothing else \[RX-1\], \[RX-7\].
    pub fn handle_rejected(&mut self, error: &AdvertError) {
        if self.state() != State::Initialize {
            self.counters.count_rejected(error);
        }
    }

    /// Stages A1 and C2: a router that does not run ignores everything, uncounted.
    fn is_for_us(&self, advert: &Advert<'_>, meta: &AdvertMeta) -> bool {
        self.state() != State::Initialize
            && meta.addresses.family() == self.family()
            && advert.version == self.config.version
            && advert.vrid == self.config.vrid
    }

    /// Stages A4 and F1 to G1; the first that discards the advert decides.
    fn passes(&mut self, advert: &Advert<'_>, meta: &AdvertMeta) -> bool {
        if meta.addresses.source() == self.source {
            self.counters.self_received += 1;
            return false;
        }
        self.interval_passes(advert) && self.owner_passes() && self.addresses_pass(advert)
    }

    /// F1: version 2 takes its own interval only, version 3 learns any other \[V2-RX-10\],
    /// \[V3-RX-15\].
    fn interval_passes(&mut self, advert: &Advert<'_>) -> bool {
        if advert.interval == self.config.interval {
            return true;
        }
        self.counters.adv_interval_errors += 1;
        self.config.version == Version::V3
    }

    /// F4: nobody but the owner ought to be heard where the owner is \[V3-RX-8\], \[V2-RX-5\].
    fn owner_passes(&mut self) -> bool {
        if !self.config.is_owner() {
            return true;
        }
        self.counters.owner_conflicts += 1;
        self.config.owner_adverts == OwnerAdverts::Process
    }

    /// F3 and G1: an IPv6 list ought to start with a link-local address \[V3-RX-11\], and every list
    /// to be the configured one \[V3-RX-16\], \[V2-RX-9\].
    fn addresses_pass(&mut self, advert: &Advert<'_>) -> bool {
        let first = advert.addresses.get(0);
        let global_first =
            matches!(first, Some(IpAddr::V6(first)) if !first.is_unicast_link_local());
        let checked = self.config.address_mismatch != AddressMismatch::Off;
        let mismatch = checked && !same_addresses(self.addresses.as_ref(), &advert.addresses);
        self.counters.address_list_errors += u64::from(global_first || mismatch);
        match self.config.address_mismatch {
            AddressMismatch::Off | AddressMismatch::Count => true,
            AddressMismatch::DropUnlessOwner => !mismatch || advert.priority == Priority::OWNER,
            AddressMismatch::Drop => !mismatch,
        }
    }

    /// H.
    fn count_accepted(&mut self, advert: &Advert<'_>) {
        let pseudo_header = advert.checksum == ChecksumForm::PseudoHeader;
        self.counters.adv_rcvd += 1;
        self.counters.prio_zero_rcvd += u64::from(advert.priority == Priority::RESIGN);
        self.counters.pseudo_header_rcvd += u64::from(pseudo_header);
        self.heard_form = Some(advert.checksum);
    }
}

/// Whether both lists hold the same addresses, in whatever order. `own` has no duplicates, so equal
/// lengths and one inclusion suffice; the usual case, the same order, takes one pass.
fn same_addresses(own: &[IpAddr], heard: &AddressList<'_>) -> bool {
    own.len() == heard.len()
        && (*heard == AddressList::from(own)
            || own.iter().all(|&address| heard.iter().any(|other| other == address)))
}
