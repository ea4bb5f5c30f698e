//! VRRP on the wire and its nouns (RFC 3768 for version 2, RFC 9568 for version 3).
//!
//! [`decode`] and [`encode`] turn octets into an [`Advert`] and back. What an advertisement means
//! is `lvs-vrrp`'s business.

mod advert;
mod authentication;
mod datagram;
mod decode;
mod encode;
mod encoded;
#[cfg(feature = "auth-legacy")]
mod legacy;
mod message;
mod nouns;
mod policy;
mod secret;
#[cfg(feature = "auth-hmac")]
mod trailer;

pub use advert::{AddressList, AddressListIter, Advert};
pub use authentication::{
    AUTHENTICATION_HEADER_LEN, AuthFailure, AuthenticationHeader, Sequence, SequenceNumbers,
    TRAILER_LEN, TrailerTime,
};
pub use datagram::{DatagramError, from_ip_packet};
pub use decode::{AdvertError, decode};
pub(crate) use encode::Encoder;
#[cfg(feature = "bytes")]
pub use encode::encode_buf;
#[cfg(feature = "auth-hmac")]
pub use encode::encode_with_trailer;
pub use encode::{EncodeError, encode};
#[cfg(feature = "auth-legacy")]
pub use encode::{HeaderFields, encode_with_header, encode_with_password};
pub use encoded::EncodedAdvert;
#[cfg(feature = "auth-legacy")]
pub use legacy::Password;
pub use message::{GROUP_V4, GROUP_V6, HOP_LIMIT, Message, vrid_of};
pub use nouns::{AdvertInterval, AdvertIntervalError, Priority, Version, Vrid};
pub use policy::{
    AdvertMeta, AdvertPath, AdvertPolicy, Authentication, ChecksumAccept, ChecksumForm, Peer, group,
};
pub use secret::Secret;
#[cfg(feature = "auth-hmac")]
pub use trailer::{KeyError, TrailerKey, TrailerPolicy};
