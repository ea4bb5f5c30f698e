//! The hashes of tables.

use core::hash::{BuildHasher, Hash, Hasher};
use core::net::IpAddr;

use siphasher::sip::SipHasher13;

/// The embedder's secret, for tables that strangers fill: who does not know it cannot aim at one
/// bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(pub(crate) [u64; 2]);

impl BuildHasher for Seed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        let Self([k0, k1]) = *self;
        SipHasher13::new_with_keys(k0, k1)
    }
}

/// A quicker hash, for tables that strangers only ask: how long a search in them takes at most depends
/// on what their owner has put there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quick(pub(crate) Seed);

impl BuildHasher for Quick {
    type Hasher = Product;

    #[inline]
    fn build_hasher(&self) -> Product {
        let Seed([key, _]) = self.0;
        Product(key)
    }
}

/// Words, each multiplied into what was before; of octets in their order, so that every machine hashes
/// alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product(u64);

impl Product {
    #[inline]
    const fn multiply(&mut self, word: u64) {
        // By the golden ratio, as a fraction of 2^64: together, both halves depend on every bit.
        let product = (self.0 ^ word) as u128 * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl Hasher for Product {
    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.multiply(word.to_le());
    }

    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(8) {
            self.multiply(word.iter().rfold(0, |word, octet| word << 8 | u64::from(*octet)));
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
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

    #[test]
    fn a_word_is_its_octets() {
        let octets = [1, 2, 3, 4, 5, 6, 7, 8];
        let [mut word, mut bytes] = [Product(9); 2];
        word.write_u64(u64::from_ne_bytes(octets));
        bytes.write(&octets);
        assert_eq!(word.finish(), bytes.finish());
    }
}
