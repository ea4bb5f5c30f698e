//! The fixed hash of the tables that schedulers look addresses up in.

use core::net::{IpAddr, Ipv6Addr};

use lvs_proto::{AddressPair, Family, Flow};

/// The upper `bits` bits of `value` spread by the golden ratio \[CONV-6\].
pub(super) const fn spread(value: u32, bits: u32) -> u32 {
    value.wrapping_mul(0x61c8_8647) >> (32 - bits)
}

/// An address in 32 bits, its first octet the most significant \[CONV-4\] \[CONV-5\].
#[inline]
pub(super) fn fold(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(v4) => v4.to_bits(),
        IpAddr::V6(v6) => fold_v6(v6),
    }
}

#[inline]
const fn fold_v6(address: Ipv6Addr) -> u32 {
    let bits = address.to_bits();
    let half = (bits >> 64) as u64 ^ bits as u64;
    (half >> 32) as u32 ^ half as u32
}

/// Where a packet goes; of an ICMP error, where the packet that it is about went \[DH-2\].
#[inline]
pub(super) fn destination(flow: &Flow) -> IpAddr {
    meant(flow).destination()
}

/// The same in 32 bits.
#[inline]
pub(super) fn destination_bits(flow: &Flow) -> u32 {
    fold_destination(meant(flow))
}

/// The client's address in 32 bits, and its port if that counts and can be read. The packet that an
/// ICMP error is about went to the client \[SH-4\].
#[inline]
pub(super) fn client(flow: &Flow, port_counts: bool) -> (u32, u16) {
    let address = match &flow.embedded {
        None => fold_source(&flow.addresses),
        Some(embedded) => fold_destination(&embedded.addresses),
    };
    if !port_counts {
        return (address, 0);
    }
    let port = match flow.embedded {
        None => flow.transport.ports().map(|(source, _)| source),
        Some(embedded) => embedded.ports.map(|(_, destination)| destination),
    };
    (address, port.unwrap_or(0))
}

/// The addresses of the packet, or of the one that it is about.
#[inline]
fn meant(flow: &Flow) -> &AddressPair {
    flow.embedded.as_ref().map_or(&flow.addresses, |embedded| &embedded.addresses)
}

// An `IpAddr` in between would be put together of octets, and taken apart again.

#[inline]
const fn fold_source(addresses: &AddressPair) -> u32 {
    match addresses {
        AddressPair::V4 { source, .. } => source.to_bits(),
        AddressPair::V6 { source, .. } => fold_v6(*source),
    }
}

#[inline]
const fn fold_destination(addresses: &AddressPair) -> u32 {
    match addresses {
        AddressPair::V4 { destination, .. } => destination.to_bits(),
        AddressPair::V6 { destination, .. } => fold_v6(*destination),
    }
}

/// What is hashed of a destination \[MH-2\].
pub(super) fn word(family: Option<Family>, address: IpAddr, port: u16) -> u32 {
    fold_as(family, address).wrapping_add(port.into())
}

/// A tunnel may lead to an address of the other family, but the service's family decides: of an IPv6
/// address, IPv4 knows the first 32 bits \[MH-7\].
pub(super) fn fold_as(family: Option<Family>, address: IpAddr) -> u32 {
    match (family, address) {
        (Some(Family::V4), IpAddr::V6(v6)) => (v6.to_bits() >> 96) as u32,
        _ => fold(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conv_6_examples() {
        let fold = |text: &str| fold(text.parse().unwrap());
        assert_eq!(spread(fold("192.168.1.1"), 8), 136);
        assert_eq!(spread(fold("192.168.1.1"), 10), 547);
        assert_eq!(spread(fold("10.0.0.1"), 8), 39);
        assert_eq!(fold("2001:db8::1"), 0x2001_0db9);
        assert_eq!(spread(fold("2001:db8::1"), 8), 63);
    }
}
