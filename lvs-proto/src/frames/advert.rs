//! VRRP advertisements to the group.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::buffer::Writer;
use crate::vrrp::{Advert, EncodeError, Encoder, GROUP_V4, GROUP_V6, HOP_LIMIT};
use crate::wire::ethernet::{self, EtherType};
use crate::wire::{ipv4, ipv6};
use crate::{AddressPair, MacAddr, Protocol};

/// IP precedence 6, internetwork control: what the daemons in the field send.
const TRAFFIC_CLASS: u8 = 0xc0;

/// Writes the frame that carries `advert` from `source` to the VRRP group of its family, as IP
/// protocol 112 with TTL or hop limit 255 \[V3-TX-1\], \[V3-TX-2\], \[V3-TX-16\], \[V3-TX-17\].
///
/// `mac` is the Ethernet source, for RFC 9568 section 7.2 the virtual router MAC address
/// ([`Vrid::virtual_mac`](crate::vrrp::Vrid::virtual_mac)) \[V3-TX-14\]; `source` is the primary IPv4 address or
/// the link-local IPv6 address of the interface \[V3-TX-15\].
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
    match source {
        IpAddr::V4(source) => {
            let message = Encoder::new(advert, AddressPair::V4 { source, destination: GROUP_V4 })?;
            let group_mac = MacAddr::of_ipv4_multicast(GROUP_V4);
            let link_header = ethernet::header(group_mac, mac, EtherType::IPV4);
            write(&link_header, &header_v4(source, message.len()).octets(), &message, out)
        }
        IpAddr::V6(source) => {
            let message = Encoder::new(advert, AddressPair::V6 { source, destination: GROUP_V6 })?;
            let group_mac = MacAddr::of_ipv6_multicast(GROUP_V6);
            let link_header = ethernet::header(group_mac, mac, EtherType::IPV6);
            write(&link_header, &header_v6(source, message.len()).octets(), &message, out)
        }
    }
}

const fn header_v4(source: Ipv4Addr, message_len: u16) -> ipv4::Header {
    ipv4::Header {
        source,
        destination: GROUP_V4,
        protocol: Protocol::VRRP,
        hop_limit: HOP_LIMIT,
        tos: TRAFFIC_CLASS,
        total_len: ipv4::HEADER_LEN as u16 + message_len,
    }
}

const fn header_v6(source: Ipv6Addr, message_len: u16) -> ipv6::Header {
    ipv6::Header {
        source,
        destination: GROUP_V6,
        protocol: Protocol::VRRP,
        hop_limit: HOP_LIMIT,
        traffic_class: TRAFFIC_CLASS,
        payload_len: message_len,
    }
}

fn write(
    link_header: &[u8],
    ip_header: &[u8],
    message: &Encoder<'_>,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let length = link_header.len() + ip_header.len() + usize::from(message.len());
    let mut writer = Writer::new(out, length)?;
    writer.put(link_header);
    writer.put(ip_header);
    message.emit(|octets| writer.put(octets));
    Ok(length)
}
