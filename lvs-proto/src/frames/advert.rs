//! VRRP advertisements to the group.

use core::net::IpAddr;

use crate::buffer::Writer;
use crate::vrrp::{Advert, EncodeError, Encoder, GROUP_V4, GROUP_V6, HOP_LIMIT};
use crate::wire::ethernet::{self, EtherType};
use crate::wire::{ip, ipv4, ipv6};
use crate::{AddressPair, BufferTooSmall, MacAddr, Protocol, checksum};

/// IP precedence 6, internetwork control: what the daemons in the field send.
const TRAFFIC_CLASS: u8 = 0xc0;

/// Writes the frame that carries `advert` from `source` to the VRRP group of its family, as IP
/// protocol 112 with TTL or hop limit 255 \[V3-TX-1\], \[V3-TX-2\], \[V3-TX-16\], \[V3-TX-17\].
///
/// `mac` is the Ethernet source, for RFC 9568 section 7.2 the virtual router MAC address
/// ([`Vrid::virtual_mac`](crate::vrrp::Vrid::virtual_mac)) \[V3-TX-14\]; `source` is the primary
/// IPv4 address or the link-local IPv6 address of the interface \[V3-TX-15\].
///
/// ```
/// use core::net::IpAddr;
/// use lvs_proto::vrrp::{Advert, AdvertInterval, ChecksumForm, Priority, Version, Vrid};
/// use lvs_proto::{Family, frames};
///
/// let vip: [IpAddr; 1] = [[192, 0, 2, 100].into()];
/// let vrid = Vrid::new(51).ok_or("0 is no VRID")?;
/// let advert = Advert {
///     version: Version::V3,
///     vrid,
///     priority: Priority::DEFAULT,
///     interval: AdvertInterval::DEFAULT,
///     checksum: ChecksumForm::MessageOnly,
///     addresses: vip[..].into(),
///     sequence: None,
/// };
/// let mut frame = [0; 128];
/// let source = [192, 0, 2, 1].into();
/// let length = frames::advert(&advert, source, vrid.virtual_mac(Family::V4), &mut frame)?;
/// assert_eq!(length, 14 + 20 + 12);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Errors
/// [`EncodeError`]; `out` is unchanged.
pub fn advert(
    advert: &Advert<'_>,
    source: IpAddr,
    mac: MacAddr,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let addresses = match source {
        IpAddr::V4(source) => AddressPair::V4 { source, destination: GROUP_V4 },
        IpAddr::V6(source) => AddressPair::V6 { source, destination: GROUP_V6 },
    };
    let message = Encoder::new(advert, addresses)?;
    let link_header = advert_link_header(addresses.destination(), mac);
    let ip_header_len = ip::header_len(addresses.family());
    let length = link_header.len() + ip_header_len + usize::from(message.len());
    let mut writer = Writer::new(out, length)?;
    writer.put(&link_header);
    put_ip_header(&mut writer, addresses, Protocol::VRRP, 0, message.len());
    message.emit(|octets| writer.put(octets));
    Ok(length)
}

/// The Ethernet header of an advert to a multicast `group`; `mac` is the source, as in [`advert`].
#[must_use]
pub const fn advert_link_header(group: IpAddr, mac: MacAddr) -> [u8; ethernet::HEADER_LEN] {
    match group {
        IpAddr::V4(group) => {
            ethernet::header(MacAddr::of_ipv4_multicast(group), mac, EtherType::IPV4)
        }
        IpAddr::V6(group) => {
            ethernet::header(MacAddr::of_ipv6_multicast(group), mac, EtherType::IPV6)
        }
    }
}

/// Writes the header of the IP packet that carries an advert between `addresses`, for who encodes
/// what is behind it, `payload_len` octets of `protocol`. Returns the octets of the header, as many as
/// [`ip::header_len`] says. TTL or hop limit is 255 \[V3-TX-16\], \[V3-TX-17\].
///
/// `protocol` is [`Protocol::VRRP`], or 51 if an authentication header comes first. That covers
/// `identification` as well, which must not be 0 then, for kernels fill that in \[W-9\]. Over IPv6
/// there is none.
///
/// ```
/// use lvs_proto::vrrp::GROUP_V4;
/// use lvs_proto::{AddressPair, Protocol, frames};
///
/// let addresses = AddressPair::V4 { source: [192, 0, 2, 1].into(), destination: GROUP_V4 };
/// let mut header = [0; 40];
/// assert_eq!(frames::advert_ip_header(addresses, Protocol::VRRP, 0, 12, &mut header)?, 20);
/// assert_eq!(header[8..10], [255, 112]);
/// # Ok::<(), lvs_proto::BufferTooSmall>(())
/// ```
///
/// # Errors
/// [`BufferTooSmall`] if `out` has no room for the header; it is unchanged.
pub fn advert_ip_header(
    addresses: AddressPair,
    protocol: Protocol,
    identification: u16,
    payload_len: u16,
    out: &mut [u8],
) -> Result<usize, BufferTooSmall> {
    let length = ip::header_len(addresses.family());
    let mut writer = Writer::new(out, length)?;
    put_ip_header(&mut writer, addresses, protocol, identification, payload_len);
    Ok(length)
}

fn put_ip_header(
    writer: &mut Writer<'_>,
    addresses: AddressPair,
    protocol: Protocol,
    identification: u16,
    payload_len: u16,
) {
    match addresses {
        AddressPair::V4 { source, destination } => {
            let header = ipv4::Header {
                source,
                destination,
                protocol,
                hop_limit: HOP_LIMIT,
                tos: TRAFFIC_CLASS,
                total_len: payload_len.saturating_add(ipv4::HEADER_LEN as u16),
            };
            let mut octets = header.octets();
            [octets[4], octets[5]] = identification.to_be_bytes();
            let sum = u16::from_be_bytes([octets[10], octets[11]]);
            let sum = checksum::updated(sum, 0, identification);
            [octets[10], octets[11]] = sum.to_be_bytes();
            writer.put(&octets);
        }
        AddressPair::V6 { source, destination } => {
            let header = ipv6::Header {
                source,
                destination,
                protocol,
                hop_limit: HOP_LIMIT,
                traffic_class: TRAFFIC_CLASS,
                payload_len,
            };
            writer.put(&header.octets());
        }
    }
}
