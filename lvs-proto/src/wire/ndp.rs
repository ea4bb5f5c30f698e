//! Neighbor solicitations and advertisements (RFC 4861 sections 4.3 and 4.4).

use core::net::Ipv6Addr;

use crate::wire::{icmpv6, ipv6};
use crate::{MacAddr, Protocol};

/// Octets of a solicitation with the source's link address.
pub const SOLICITATION_LEN: usize = 32;
/// Octets of an advertisement with the target's link address.
pub const ADVERTISEMENT_LEN: usize = 32;

/// Octets of a target and an option with a link address.
const BODY_LEN: usize = 24;

const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;

const ROUTER: u8 = 0x80;
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;

const SOURCE_LINK_ADDRESS: u8 = 1;
const TARGET_LINK_ADDRESS: u8 = 2;

/// Why a packet is no valid solicitation or advertisement (RFC 4861 sections 7.1.1 and 7.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The packet is not ICMPv6, or a fragment (RFC 6980).
    #[error("the packet is not a whole ICMPv6 message")]
    NotIcmpv6,
    /// The ICMPv6 message is damaged.
    #[error(transparent)]
    Icmpv6(#[from] icmpv6::Error),
    /// Another ICMPv6 message.
    #[error("ICMPv6 type {0} is neither neighbor solicitation nor advertisement")]
    OtherType(u8),
    /// The hop limit is not 255: the packet came through a router.
    #[error("hop limit {0} is not 255")]
    HopLimit(u8),
    /// The code is not 0.
    #[error("ICMPv6 code {0} is not 0")]
    Code(u8),
    /// The message ends within its target or an option.
    #[error("the message is cut short")]
    Truncated,
    /// An option of length 0.
    #[error("an option has length 0")]
    EmptyOption,
    /// The source is a multicast address (RFC 4291 section 2.7).
    #[error("source {0} is a multicast address")]
    MulticastSource(Ipv6Addr),
    /// The target is a multicast address.
    #[error("target {0} is a multicast address")]
    MulticastTarget(Ipv6Addr),
    /// A solicitation from the unspecified address that goes elsewhere than to a solicited-node
    /// group, or names a source link address.
    #[error("malformed duplicate address detection")]
    MalformedProbe,
    /// A solicited advertisement to a multicast address.
    #[error("a solicited advertisement to a multicast address")]
    SolicitedMulticast,
}

/// A solicitation: who has `target`?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Solicitation {
    /// Who asks; unspecified when it is about to take `target` (duplicate address detection).
    pub source: Ipv6Addr,
    /// The address asked for.
    pub target: Ipv6Addr,
    /// Where `source` is reached.
    pub source_mac: Option<MacAddr>,
}

/// An advertisement: `target` is at `target_mac`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Advertisement {
    /// The address that it is about.
    pub target: Ipv6Addr,
    /// Where `target` is reached.
    pub target_mac: Option<MacAddr>,
    /// The sender is a router.
    pub router: bool,
    /// It answers a solicitation.
    pub solicited: bool,
    /// It replaces what caches hold.
    pub overrides: bool,
}

/// Either message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Who has an address?
    Solicitation(Solicitation),
    /// Where an address is.
    Advertisement(Advertisement),
}

impl Message {
    /// The message in `packet`, valid by RFC 4861 sections 7.1.1 and 7.1.2.
    ///
    /// # Errors
    /// [`Error`] by the first rule that it breaks.
    pub fn parse(packet: &ipv6::Packet<'_>) -> Result<Self, Error> {
        if packet.protocol != Protocol::ICMPV6 || packet.fragment.is_some() {
            return Err(Error::NotIcmpv6);
        }
        let message = icmpv6::Message::parse(packet.payload, packet.source, packet.destination)?;
        if !matches!(message.kind, SOLICITATION | ADVERTISEMENT) {
            return Err(Error::OtherType(message.kind));
        }
        if packet.hop_limit != 255 {
            return Err(Error::HopLimit(packet.hop_limit));
        }
        if message.code != 0 {
            return Err(Error::Code(message.code));
        }
        if packet.source.is_multicast() {
            return Err(Error::MulticastSource(packet.source));
        }
        let (target, options) =
            message.payload.split_first_chunk::<16>().ok_or(Error::Truncated)?;
        let target = Ipv6Addr::from(*target);
        if target.is_multicast() {
            return Err(Error::MulticastTarget(target));
        }
        if message.kind == SOLICITATION {
            parse_solicitation(packet, target, options).map(Self::Solicitation)
        } else {
            parse_advertisement(packet, target, message.rest, options).map(Self::Advertisement)
        }
    }
}

fn parse_solicitation(
    packet: &ipv6::Packet<'_>,
    target: Ipv6Addr,
    options: &[u8],
) -> Result<Solicitation, Error> {
    let source_mac = link_address(options, SOURCE_LINK_ADDRESS)?;
    let to_group = packet.destination == solicited_node_group(target);
    if packet.source.is_unspecified() && (source_mac.is_some() || !to_group) {
        return Err(Error::MalformedProbe);
    }
    Ok(Solicitation { source: packet.source, target, source_mac })
}

fn parse_advertisement(
    packet: &ipv6::Packet<'_>,
    target: Ipv6Addr,
    [flags, ..]: [u8; 4],
    options: &[u8],
) -> Result<Advertisement, Error> {
    let target_mac = link_address(options, TARGET_LINK_ADDRESS)?;
    let solicited = flags & SOLICITED != 0;
    if solicited && packet.destination.is_multicast() {
        return Err(Error::SolicitedMulticast);
    }
    Ok(Advertisement {
        target,
        target_mac,
        router: flags & ROUTER != 0,
        solicited,
        overrides: flags & OVERRIDE != 0,
    })
}

/// The first Ethernet address in the options of type `wanted`; every option is checked.
fn link_address(mut options: &[u8], wanted: u8) -> Result<Option<MacAddr>, Error> {
    let mut found = None;
    while let &[kind, units, ..] = options {
        if units == 0 {
            return Err(Error::EmptyOption);
        }
        let (option, rest) =
            options.split_at_checked(usize::from(units) * 8).ok_or(Error::Truncated)?;
        if let (true, None, &[_, _, a, b, c, d, e, f]) = (kind == wanted, found, option) {
            found = Some(MacAddr::new([a, b, c, d, e, f]));
        }
        options = rest;
    }
    if options.is_empty() { Ok(found) } else { Err(Error::Truncated) }
}

/// The message by which `target` itself tells `destination` that it is at `mac`: from a router,
/// and overriding what caches hold, with its link address \[W-34\], \[W-35\], \[ND-RFC-3\],
/// \[ND-RFC-4\].
///
/// ```
/// use core::net::Ipv6Addr;
/// use lvs_proto::MacAddr;
/// use lvs_proto::wire::{icmpv6, ndp};
///
/// let target: Ipv6Addr = "fe80::100".parse()?;
/// let all_nodes: Ipv6Addr = "ff02::1".parse()?;
/// let octets = ndp::advertisement(target, MacAddr::default(), all_nodes, false);
/// assert!(icmpv6::Message::parse(&octets, target, all_nodes).is_ok());
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[must_use]
pub fn advertisement(
    target: Ipv6Addr,
    mac: MacAddr,
    destination: Ipv6Addr,
    solicited: bool,
) -> [u8; ADVERTISEMENT_LEN] {
    let flags = ROUTER | OVERRIDE | if solicited { SOLICITED } else { 0 };
    let body = body(target, TARGET_LINK_ADDRESS, mac);
    message((target, destination), ADVERTISEMENT, flags, &body)
}

/// The message by which `source`, itself at `mac`, asks `destination` where `target` is (RFC 4861
/// section 4.3).
///
/// ```
/// use core::net::Ipv6Addr;
/// use lvs_proto::MacAddr;
/// use lvs_proto::wire::{icmpv6, ndp};
///
/// let (source, target): (Ipv6Addr, Ipv6Addr) = ("fe80::1".parse()?, "fe80::11".parse()?);
/// let group = ndp::solicited_node_group(target);
/// let octets = ndp::solicitation(source, MacAddr::new([2, 0, 0, 0, 0, 1]), target, group);
/// assert!(icmpv6::Message::parse(&octets, source, group).is_ok());
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[must_use]
pub fn solicitation(
    source: Ipv6Addr,
    mac: MacAddr,
    target: Ipv6Addr,
    destination: Ipv6Addr,
) -> [u8; SOLICITATION_LEN] {
    let body = body(target, SOURCE_LINK_ADDRESS, mac);
    message((source, destination), SOLICITATION, 0, &body)
}

fn body(target: Ipv6Addr, option: u8, mac: MacAddr) -> [u8; BODY_LEN] {
    let [a, b, c, d, e, f] = mac.octets();
    let mut body = [0; BODY_LEN];
    body[..16].copy_from_slice(&target.octets());
    body[16..].copy_from_slice(&[option, 1, a, b, c, d, e, f]);
    body
}

fn message(
    (source, destination): (Ipv6Addr, Ipv6Addr),
    kind: u8,
    flags: u8,
    body: &[u8; BODY_LEN],
) -> [u8; icmpv6::HEADER_LEN + BODY_LEN] {
    let header = icmpv6::header(source, destination, kind, 0, [flags, 0, 0, 0], body);
    let mut octets = [0; icmpv6::HEADER_LEN + BODY_LEN];
    octets[..icmpv6::HEADER_LEN].copy_from_slice(&header);
    octets[icmpv6::HEADER_LEN..].copy_from_slice(body);
    octets
}

/// The group that solicitations of `address` go to (RFC 4291 section 2.7.1) \[W-36\].
///
/// ```
/// use lvs_proto::wire::ndp::solicited_node_group;
///
/// let group = solicited_node_group("2001:db8::12:3456".parse()?);
/// assert_eq!(group.to_string(), "ff02::1:ff12:3456");
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[must_use]
pub const fn solicited_node_group(address: Ipv6Addr) -> Ipv6Addr {
    let [.., high, low] = address.segments();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | high & 0xff, low)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    const CLIENT: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7);
    const VIP: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x100);
    const MAC: MacAddr = MacAddr::new([0, 0, 0x5e, 0, 2, 51]);

    /// What a packet with this ICMPv6 message says.
    fn parse(
        (source, destination): (Ipv6Addr, Ipv6Addr),
        hop_limit: u8,
        (kind, code, flags): (u8, u8, u8),
        body: &[u8],
    ) -> Result<Message, Error> {
        let rest = [flags, 0, 0, 0];
        let header = icmpv6::header(source, destination, kind, code, rest, body);
        let mut octets = Vec::from(
            ipv6::Header {
                source,
                destination,
                protocol: Protocol::ICMPV6,
                hop_limit,
                traffic_class: 0,
                payload_len: (header.len() + body.len()) as u16,
            }
            .octets(),
        );
        octets.extend(header);
        octets.extend(body);
        Message::parse(&ipv6::Packet::parse(&octets).unwrap())
    }

    fn body(target: Ipv6Addr, options: &[u8]) -> Vec<u8> {
        [&target.octets(), options].concat()
    }

    const NS: (u8, u8, u8) = (SOLICITATION, 0, 0);
    const NA: (u8, u8, u8) = (ADVERTISEMENT, 0, SOLICITED);

    #[test]
    fn solicitations_are_read() {
        let between = (CLIENT, solicited_node_group(VIP));
        // A nonce option stands before the link address.
        let options = [14, 1, 9, 9, 9, 9, 9, 9, 1, 1, 2, 0, 0, 0, 0, 7];
        let expected = Solicitation {
            source: CLIENT,
            target: VIP,
            source_mac: Some(MacAddr::new([2, 0, 0, 0, 0, 7])),
        };
        let message = parse(between, 255, NS, &body(VIP, &options));
        assert_eq!(message, Ok(Message::Solicitation(expected)));
        let expected = Solicitation { source_mac: None, ..expected };
        let message = parse(between, 255, NS, &body(VIP, &options[..8]));
        assert_eq!(message, Ok(Message::Solicitation(expected)));
    }

    #[test]
    fn advertisements_are_written_and_read() {
        for solicited in [false, true] {
            let octets = advertisement(VIP, MAC, CLIENT, solicited);
            let message = parse(
                (VIP, CLIENT),
                255,
                (octets[0], octets[1], octets[4]),
                &octets[icmpv6::HEADER_LEN..],
            );
            let expected = Advertisement {
                target: VIP,
                target_mac: Some(MAC),
                router: true,
                solicited,
                overrides: true,
            };
            assert_eq!(message, Ok(Message::Advertisement(expected)));
        }
    }

    #[test]
    fn solicitations_are_written_and_read() {
        let group = solicited_node_group(VIP);
        let octets = solicitation(CLIENT, MAC, VIP, group);
        let message = parse(
            (CLIENT, group),
            255,
            (octets[0], octets[1], octets[4]),
            &octets[icmpv6::HEADER_LEN..],
        );
        let expected = Solicitation { source: CLIENT, target: VIP, source_mac: Some(MAC) };
        assert_eq!(message, Ok(Message::Solicitation(expected)));
    }

    #[test]
    fn rfc_4861_section_7_1_each_rule_has_its_error() {
        let asked = (CLIENT, solicited_node_group(VIP));
        let probe = (Ipv6Addr::UNSPECIFIED, solicited_node_group(VIP));
        let plain = body(VIP, &[]);
        let linked = body(VIP, &[1, 1, 2, 0, 0, 0, 0, 7]);
        assert_eq!(parse(asked, 254, NS, &plain), Err(Error::HopLimit(254)));
        assert_eq!(parse(asked, 255, (135, 1, 0), &plain), Err(Error::Code(1)));
        assert_eq!(parse(asked, 255, (133, 0, 0), &plain), Err(Error::OtherType(133)));
        assert_eq!(parse(asked, 255, NS, &plain[..15]), Err(Error::Truncated));
        assert_eq!(parse(asked, 255, NS, &linked[..23]), Err(Error::Truncated));
        assert_eq!(parse(asked, 255, NS, &linked[..17]), Err(Error::Truncated));
        let empty = body(VIP, &[9, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(parse(asked, 255, NS, &empty), Err(Error::EmptyOption));
        let group = solicited_node_group(VIP);
        assert_eq!(parse(asked, 255, NS, &body(group, &[])), Err(Error::MulticastTarget(group)));
        let from_group = parse((group, VIP), 255, NS, &plain);
        assert_eq!(from_group, Err(Error::MulticastSource(group)));
        assert!(parse(probe, 255, NS, &plain).is_ok());
        assert_eq!(parse(probe, 255, NS, &linked), Err(Error::MalformedProbe));
        assert_eq!(
            parse((Ipv6Addr::UNSPECIFIED, VIP), 255, NS, &plain),
            Err(Error::MalformedProbe)
        );
        assert_eq!(parse((CLIENT, group), 255, NA, &plain), Err(Error::SolicitedMulticast));
    }
}
