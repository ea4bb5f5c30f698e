//! VRRP on the wire and its nouns (RFC 3768 for version 2, RFC 9568 for version 3).
//!
//! [`decode`] and [`encode`] turn octets into an [`Advert`] and back. What an advertisement means
//! is `lvs-vrrp`'s business.

mod codec;
mod datagram;
mod nouns;

pub(crate) use codec::Encoder;
#[cfg(feature = "bytes")]
pub use codec::encode_buf;
pub use codec::{AdvertError, EncodeError, GROUP_V4, GROUP_V6, HOP_LIMIT, decode, encode, vrid_of};
pub use datagram::{DatagramError, from_ip_packet};
pub use nouns::{
    AddressList, AddressListIter, Advert, AdvertInterval, AdvertIntervalError, AdvertMeta,
    AdvertPolicy, ChecksumAccept, ChecksumForm, Priority, Version, Vrid,
};
