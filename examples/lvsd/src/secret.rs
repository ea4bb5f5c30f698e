//! What proves adverts, and the packets that carry them.

use std::time::{SystemTime, UNIX_EPOCH};

use lvs_proto::vrrp::{
    Advert, Authentication, EncodeError, HOP_LIMIT, HeaderFields, Password, Sequence, TrailerKey,
    TrailerPolicy, TrailerTime, encode, encode_with_header, encode_with_password,
    encode_with_trailer,
};
use lvs_proto::wire::ip;
use lvs_proto::{AddressPair, Protocol, frames};

/// The authentication header (RFC 4302).
const AUTHENTICATION_HEADER: Protocol = Protocol(51);

/// Of IPv4 headers in front of an authentication header, which covers it; 0 would be filled in by the
/// kernel \[W-9\].
const IDENTIFICATION: u16 = 1;

/// The longest message: 255 IPv6 addresses and a trailer.
const LONGEST_MESSAGE: usize = 8 + 255 * 16 + 28;

/// What the routers of a virtual router know, and nobody else.
#[derive(Clone, Debug, Default)]
pub enum Secret {
    /// Nothing.
    #[default]
    None,
    /// A password in each advert of version 2.
    Password(Password),
    /// The password of an authentication header in front of each advert of version 2.
    Header(Password),
    /// The key of a trailer behind each advert.
    Trailer(TrailerKey),
}

impl Secret {
    /// What is asked of adverts that are received now. The time of a trailer may be `window` seconds
    /// off.
    #[must_use]
    pub fn authentication(&self, window: u16) -> Authentication<'_> {
        match self {
            Self::None => Authentication::None,
            Self::Password(password) => Authentication::Password(password),
            Self::Header(password) => Authentication::Header(password),
            Self::Trailer(key) => Authentication::Trailer(TrailerPolicy {
                keys: std::slice::from_ref(key),
                required: true,
                window: Some((now_in_utc(), window)),
            }),
        }
    }

    /// The number of an advert that is sent now: `header` is what the machine counts for
    /// authentication headers, `last` is the number of the trailer sent before.
    #[must_use]
    pub fn sequence(
        &self,
        header: u32,
        last: Option<TrailerTime>,
        window: u16,
    ) -> Option<Sequence> {
        match self {
            Self::None | Self::Password(_) => None,
            Self::Header(_) => Some(Sequence::Header(header)),
            Self::Trailer(_) => {
                Some(Sequence::Trailer(now_in_utc().next_after(last, Some(window))))
            }
        }
    }

    /// The IP packet that carries `advert` over that path.
    ///
    /// # Errors
    /// [`EncodeError`].
    pub fn packet(&self, advert: &Advert<'_>, path: AddressPair) -> Result<Vec<u8>, EncodeError> {
        let mut message = [0; LONGEST_MESSAGE];
        let out = &mut message;
        let (protocol, length) = match (self, advert.sequence) {
            (Self::Password(password), _) => {
                (Protocol::VRRP, encode_with_password(advert, path, password, out)?)
            }
            (Self::Header(password), Some(Sequence::Header(sequence))) => {
                // As keepalived authenticates it [W-10].
                let hop_limit = if path.destination().is_multicast() { HOP_LIMIT } else { 0 };
                let fields = HeaderFields { identification: IDENTIFICATION, sequence, hop_limit };
                (AUTHENTICATION_HEADER, encode_with_header(advert, path, password, fields, out)?)
            }
            (Self::Trailer(key), Some(Sequence::Trailer(time))) => {
                (Protocol::VRRP, encode_with_trailer(advert, path, key, time, out)?)
            }
            _ => (Protocol::VRRP, encode(advert, path, out)?),
        };
        let id = if protocol == AUTHENTICATION_HEADER { IDENTIFICATION } else { 0 };
        let mut packet = vec![0; ip::header_len(path.family())];
        frames::advert_ip_header(path, protocol, id, length as u16, &mut packet)?;
        packet.extend(message.iter().take(length));
        Ok(packet)
    }
}

/// Now, on the clock that all routers share.
fn now_in_utc() -> TrailerTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Modulo 2^32, as the number has it.
    TrailerTime::from_utc(now.as_secs() as u32, now.subsec_micros())
}

#[cfg(test)]
mod tests {
    use lvs_proto::vrrp::{
        AdvertInterval, AdvertPolicy, ChecksumForm, GROUP_V4, Priority, Version, Vrid, decode,
        from_ip_packet,
    };

    use super::*;

    /// An advert with each secret is taken by who knows it, and by nobody else.
    #[test]
    fn a_secret_lets_in_those_who_know_it() {
        let key = |octet| TrailerKey::new(1, &[octet; 32]).unwrap();
        let secrets = [
            Secret::None,
            Secret::Password(Password::new(b"one")),
            Secret::Password(Password::new(b"another")),
            Secret::Header(Password::new(b"one")),
            Secret::Header(Password::new(b"another")),
            Secret::Trailer(key(1)),
            Secret::Trailer(key(2)),
        ];
        let vrid = Vrid::new(51).unwrap();
        let vip = [[192, 0, 2, 100].into()];
        let path = AddressPair::V4 { source: [192, 0, 2, 1].into(), destination: GROUP_V4 };
        for (sender, secret) in secrets.iter().enumerate() {
            let advert = Advert {
                version: Version::V2,
                vrid,
                priority: Priority::DEFAULT,
                interval: AdvertInterval::DEFAULT,
                checksum: ChecksumForm::MessageOnly,
                addresses: vip[..].into(),
                sequence: secret.sequence(7, None, 5),
            };
            let packet = secret.packet(&advert, path).unwrap();
            let (meta, message) = from_ip_packet(&packet).unwrap();
            for (receiver, expected) in secrets.iter().enumerate() {
                let policy = AdvertPolicy {
                    authentication: expected.authentication(5),
                    ..AdvertPolicy::new(Version::V2, vrid, path.family())
                };
                let heard = decode(message, &meta, &policy);
                assert_eq!(heard.is_ok(), sender == receiver, "{sender} {receiver}: {heard:?}");
            }
        }
    }
}
