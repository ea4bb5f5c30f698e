//! The hash of tables that strangers fill.

use core::hash::{BuildHasher, Hash, Hasher};
use core::net::IpAddr;

use siphasher::sip::SipHasher13;

/// The embedder's secret: who does not know it cannot aim at one bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(pub(crate) [u64; 2]);

impl BuildHasher for Seed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        let Self([k0, k1]) = *self;
        SipHasher13::new_with_keys(k0, k1)
    }
}

/// An address whose hash is that of its octets, on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) IpAddr);

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            IpAddr::V4(v4) => state.write(&v4.octets()),
            IpAddr::V6(v6) => state.write(&v6.octets()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ServiceKey;

    /// Against SipHash-1-3 worked out by hand over the octets `0a000001 0050 06 00`.
    #[test]
    fn every_machine_hashes_alike() {
        let key = ServiceKey::tcp([10, 0, 0, 1].into(), 80);
        assert_eq!(Seed([1, 2]).hash_one(key), 0xc2d4_4bbe_6b30_f3cc);
    }
}
