//! Authentication of version 2 as keepalived keeps it alive (RFC 2338; RFC 2403 for the header).
//!
//! The password travels in the clear in one of the two forms, and the other breaks with more than
//! two routers: they guard against accidents, not against anybody \[SEC-3\].

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use super::datagram::AUTHENTICATION;
use super::{AUTHENTICATION_HEADER_LEN, AuthFailure, AuthenticationHeader, HeaderFields, Sequence};
use crate::wire::ipv4;
use crate::{AddressPair, Protocol};

/// Where the integrity check value begins in the authentication header.
const ICV_OFFSET: usize = 12;

/// The password of a virtual router: 8 octets, padded with zeros.
///
/// ```
/// use lvs_proto::vrrp::Password;
///
/// assert_eq!(Password::new(b"secret"), Password::new(b"secret\0\0"));
/// assert_eq!(Password::new(b"longer than that"), Password::new(b"longer t"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Password([u8; 8]);

impl Password {
    /// The first 8 octets of `text`; the rest is left out, as keepalived does \[W-4\],
    /// \[V2-AU-1\].
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        let mut octets = [0; 8];
        for (octet, letter) in octets.iter_mut().zip(text) {
            *octet = *letter;
        }
        Self(octets)
    }

    /// The octets as they stand in a message of authentication type 1.
    pub(super) const fn octets(self) -> [u8; 8] {
        self.0
    }

    /// Checks the authentication data of a message. Comparing one word takes the same time
    /// wherever the difference is.
    pub(super) fn verify(&self, data: Option<&[u8; 8]>) -> Result<(), AuthFailure> {
        match data {
            Some(data) if u64::from_ne_bytes(*data) == u64::from_ne_bytes(self.0) => Ok(()),
            _ => Err(AuthFailure::Password),
        }
    }

    /// Checks the authentication header in front of `message`, in the order of \[W-11\]; the
    /// sequence number is for who remembers the last one.
    pub(super) fn verify_header(
        &self,
        header: &AuthenticationHeader,
        addresses: AddressPair,
        hop_limit: u8,
        message: &[u8],
    ) -> Result<Sequence, AuthFailure> {
        let AddressPair::V4 { source, .. } = addresses else {
            return Err(AuthFailure::IntegrityCheckValue);
        };
        // keepalived leaves the TTL in for multicast and zeroes it for unicast; RFC 2402 zeroes it
        // [W-9], [W-10].
        let icv = header.icv();
        let verifies = |hop_limit| {
            let mac = self.icv(header, addresses, hop_limit, message);
            mac.verify_truncated_left(&icv).is_ok()
        };
        if !verifies(hop_limit) && !verifies(0) {
            return Err(AuthFailure::IntegrityCheckValue);
        }
        if header.spi() != source {
            return Err(AuthFailure::Spi(header.spi()));
        }
        Ok(Sequence::Header(header.sequence()))
    }

    /// The header to put in front of `message`, of authentication type 2.
    pub(super) fn header(
        &self,
        fields: HeaderFields,
        addresses: AddressPair,
        message: &[u8],
    ) -> AuthenticationHeader {
        let mut octets = [0; AUTHENTICATION_HEADER_LEN];
        octets[0] = Protocol::VRRP.0;
        // In 32-bit words, less two.
        octets[1] = (AUTHENTICATION_HEADER_LEN / 4 - 2) as u8;
        if let AddressPair::V4 { source, .. } = addresses {
            octets[4..8].copy_from_slice(&source.octets());
        }
        octets[8..ICV_OFFSET].copy_from_slice(&fields.sequence.to_be_bytes());
        let mut header = AuthenticationHeader { identification: fields.identification, octets };
        let icv = self.icv(&header, addresses, fields.hop_limit, message).finalize().into_bytes();
        for (octet, icv) in header.octets.iter_mut().skip(ICV_OFFSET).zip(icv) {
            *octet = icv;
        }
        header
    }

    /// HMAC-MD5 of the packet, what may change on its way zeroed \[W-8\], \[W-9\].
    fn icv(
        &self,
        header: &AuthenticationHeader,
        addresses: AddressPair,
        hop_limit: u8,
        message: &[u8],
    ) -> Hmac<Md5> {
        let mut block = [0; 64];
        block[..8].copy_from_slice(&self.0);
        let mut mac = Hmac::<Md5>::new(&block.into());
        // At most 20 + 24 + 1036 octets.
        let total_len = (ipv4::HEADER_LEN + AUTHENTICATION_HEADER_LEN + message.len()) as u16;
        let [total_high, total_low] = total_len.to_be_bytes();
        let [id_high, id_low] = header.identification.to_be_bytes();
        mac.update(&[0x45, 0, total_high, total_low, id_high, id_low, 0, 0]);
        mac.update(&[hop_limit, AUTHENTICATION.0, 0, 0]);
        if let AddressPair::V4 { source, destination } = addresses {
            mac.update(&source.octets());
            mac.update(&destination.octets());
        }
        mac.update(&header.octets[..ICV_OFFSET]);
        mac.update(&[0; AUTHENTICATION_HEADER_LEN - ICV_OFFSET]);
        mac.update(message);
        mac
    }
}

/// Keeps the password out of logs.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}
