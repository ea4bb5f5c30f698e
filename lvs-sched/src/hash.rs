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
    use crate::{ConnKey, ServiceKey};
    use lvs_proto::{AddressPair, Protocol};

    /// Against SipHash-1-3 worked out by hand over the octets
    /// `c0000201 0a000001 1234 0050 06 00` and `0a000001 0050 06`.
    #[test]
    fn every_machine_hashes_alike() {
        let (source, destination) = ([192, 0, 2, 1].into(), [10, 0, 0, 1].into());
        let key = ConnKey {
            protocol: Protocol::TCP,
            addresses: AddressPair::V4 { source, destination },
            client_port: 0x1234,
            virtual_port: 80,
            template: false,
        };
        assert_eq!(Seed([1, 2]).hash_one(key), 0x99f0_0bf8_dd9e_f1f1);
        assert_eq!(
            Seed([1, 2]).hash_one(ServiceKey::tcp(destination.into(), 80)),
            0x027f_4b69_24fc_d591
        );
    }
}
