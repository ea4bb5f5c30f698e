//! What connections and templates are found by.

use core::hash::Hasher;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lvs_proto::{AddressPair, Embedded, Endpoint, Flow, Protocol};
use siphasher::sip::SipHasher13;

/// The ports of the connection that IPsec rides along with: that of its key exchange \[CON-5\].
const ISAKMP_PORT: u16 = 500;

/// What a connection or template is found by \[CON-3\] \[TPL-4\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnKey {
    /// The protocol; 0 for templates of marks \[TPL-2\].
    pub protocol: Protocol,
    /// From the client (of a template: what the netmask leaves of it) to the virtual address (of
    /// a template of a mark: the mark as an address).
    pub addresses: AddressPair,
    /// The client's port; 0 for templates.
    pub client_port: u16,
    /// The virtual port.
    pub virtual_port: u16,
    /// Whether it is a template's.
    pub template: bool,
}

impl ConnKey {
    /// The key of the connection of a client's packet, `None` if it can have none \[SVC-9\].
    #[inline]
    pub(crate) fn of(flow: &Flow) -> Option<Self> {
        let (protocol, ports) = followed(flow.protocol(), flow.transport.ports())?;
        Some(Self::new(protocol, flow.addresses, ports))
    }

    /// The key of the connection that a client's packet belongs to, which an error about a tunnel is
    /// about \[ICMP-7\].
    pub(crate) fn of_carried(carried: &Embedded) -> Option<Self> {
        let (protocol, ports) = followed(carried.protocol, carried.ports)?;
        Some(Self::new(protocol, carried.addresses, ports))
    }

    /// The key of the connection that a packet to its client belongs to, which an error of a client
    /// is about \[CON-6\] \[ICMP-3\].
    pub(crate) fn of_inverse(embedded: &Embedded) -> Option<Self> {
        Some(Self::of_carried(embedded)?.reversed())
    }

    /// The key of what a real server answers to a local address \[FN-2\].
    pub(crate) fn of_answer(&self, server: Endpoint, local: Endpoint) -> Option<Self> {
        let addresses = AddressPair::new(server.address, local.address)?;
        Some(Self::new(self.protocol, addresses, (server.port, local.port)))
    }

    const fn new(protocol: Protocol, addresses: AddressPair, ports: (u16, u16)) -> Self {
        let (client_port, virtual_port) = ports;
        Self { protocol, addresses, client_port, virtual_port, template: false }
    }

    /// With the ends swapped.
    pub(crate) const fn reversed(&self) -> Self {
        let addresses = match self.addresses {
            AddressPair::V4 { source, destination } => {
                AddressPair::V4 { source: destination, destination: source }
            }
            AddressPair::V6 { source, destination } => {
                AddressPair::V6 { source: destination, destination: source }
            }
        };
        Self::new(self.protocol, addresses, (self.virtual_port, self.client_port))
    }

    #[inline]
    pub(crate) const fn sought(&self) -> Sought {
        match self.addresses {
            AddressPair::V4 { source, destination } => {
                Sought::V4(Tuple::new(self, source, destination))
            }
            AddressPair::V6 { source, destination } => {
                Sought::V6(Tuple::new(self, source, destination))
            }
        }
    }

    /// The client's address.
    #[must_use]
    pub const fn client(&self) -> IpAddr {
        self.addresses.source()
    }

    /// The virtual address.
    #[must_use]
    pub const fn virtual_address(&self) -> IpAddr {
        self.addresses.destination()
    }
}

/// The protocol and ports under which a packet's connection is found: AH and ESP ride along with UDP
/// \[CON-5\]. `None` if the protocol is not followed, or the ports cannot be read.
#[inline]
fn followed(protocol: Protocol, ports: Option<(u16, u16)>) -> Option<(Protocol, (u16, u16))> {
    match protocol {
        Protocol::TCP | Protocol::UDP | Protocol::SCTP => Some((protocol, ports?)),
        Protocol(50 | 51) => Some((Protocol::UDP, (ISAKMP_PORT, ISAKMP_PORT))),
        _ => None,
    }
}

/// An address of one family.
pub(crate) trait Address: Copy + Eq + core::fmt::Debug {
    const UNSPECIFIED: Self;
    /// Whether this build has connections of the family.
    const IS_BUILT: bool;

    /// `None` if it is of the other family.
    fn of(address: IpAddr) -> Option<Self>;
    fn ip(self) -> IpAddr;
    /// `None` never happens: both are of this family.
    fn pair(source: Self, destination: Self) -> AddressPair;
    /// Whether two pairs are the same.
    fn are_same(one: (Self, Self), other: (Self, Self)) -> bool;
    /// Hashes two ends, each an address and a port, and what kind they are of: alike whichever comes
    /// first, on every machine.
    fn write(one: (Self, u16), other: (Self, u16), kind: u16, hasher: &mut SipHasher13);
}

impl Address for Ipv4Addr {
    const UNSPECIFIED: Self = Self::UNSPECIFIED;
    const IS_BUILT: bool = true;

    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(v4) => Some(v4),
            IpAddr::V6(_) => None,
        }
    }

    #[inline]
    fn ip(self) -> IpAddr {
        IpAddr::V4(self)
    }

    fn pair(source: Self, destination: Self) -> AddressPair {
        AddressPair::V4 { source, destination }
    }

    #[inline]
    fn are_same(one: (Self, Self), other: (Self, Self)) -> bool {
        word(one) == word(other)
    }

    #[inline(always)]
    fn write(one: (Self, u16), other: (Self, u16), kind: u16, hasher: &mut SipHasher13) {
        let [one, other] = [one, other].map(|(address, port)| {
            let address = u32::from_le_bytes(address.octets());
            u64::from(kind) << 48 | u64::from(port) << 32 | u64::from(address)
        });
        hasher.write_u64(one.min(other).to_le());
        hasher.write_u64(one.max(other).to_le());
    }
}

/// Two addresses in the order of the wire.
#[inline]
const fn word((source, destination): (Ipv4Addr, Ipv4Addr)) -> u64 {
    let ([a, b, c, d], [e, f, g, h]) = (source.octets(), destination.octets());
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

impl Address for Ipv6Addr {
    const UNSPECIFIED: Self = Self::UNSPECIFIED;
    const IS_BUILT: bool = cfg!(feature = "ipv6");

    fn of(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V6(v6) => Some(v6),
            IpAddr::V4(_) => None,
        }
    }

    #[inline]
    fn ip(self) -> IpAddr {
        IpAddr::V6(self)
    }

    fn pair(source: Self, destination: Self) -> AddressPair {
        AddressPair::V6 { source, destination }
    }

    fn are_same(one: (Self, Self), other: (Self, Self)) -> bool {
        one == other
    }

    fn write(one: (Self, u16), other: (Self, u16), kind: u16, hasher: &mut SipHasher13) {
        let ((one, lesser), (other, greater)) = (one.min(other), one.max(other));
        hasher.write(&one.octets());
        hasher.write(&other.octets());
        let ports = u64::from(greater) << 16 | u64::from(lesser);
        hasher.write_u64((u64::from(kind) << 32 | ports).to_le());
    }
}

/// A [`ConnKey`] of one family, as it lies in the table.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Tuple<A> {
    pub(crate) client: A,
    pub(crate) virtual_address: A,
    pub(crate) client_port: u16,
    pub(crate) virtual_port: u16,
    pub(crate) protocol: u8,
    pub(crate) template: bool,
}

/// A tuple of either family.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sought {
    V4(Tuple<Ipv4Addr>),
    V6(Tuple<Ipv6Addr>),
}

impl Sought {
    /// What the connection of a client's packet is found by, as [`ConnKey::of`].
    #[inline]
    pub(crate) fn of(flow: &Flow) -> Option<Self> {
        ConnKey::of(flow).map(|key| key.sought())
    }
}

impl<A: Copy> Tuple<A> {
    #[inline]
    const fn new(key: &ConnKey, client: A, virtual_address: A) -> Self {
        let ConnKey { protocol, client_port, virtual_port, template, .. } = *key;
        let protocol = protocol.0;
        Self { client, virtual_address, client_port, virtual_port, protocol, template }
    }
}

impl<A: Address> Tuple<A> {
    pub(crate) const BLANK: Self = Self {
        client: A::UNSPECIFIED,
        virtual_address: A::UNSPECIFIED,
        client_port: 0,
        virtual_port: 0,
        protocol: 0,
        template: false,
    };

    pub(crate) fn key(&self) -> ConnKey {
        ConnKey {
            protocol: Protocol(self.protocol),
            addresses: A::pair(self.client, self.virtual_address),
            client_port: self.client_port,
            virtual_port: self.virtual_port,
            template: self.template,
        }
    }

    /// With the ends swapped.
    pub(crate) const fn reversed(&self) -> Self {
        Self {
            client: self.virtual_address,
            virtual_address: self.client,
            client_port: self.virtual_port,
            virtual_port: self.client_port,
            ..*self
        }
    }

    /// Whether packets of its client may find it \[CON-3\].
    pub(crate) const fn is_shown(&self) -> bool {
        self.template || self.client_port != 0
    }

    /// With the ends swapped it hashes alike, so that one look at the table tells of both ways; but
    /// for that every bit counts, so that none can be varied to collide.
    #[inline(always)]
    pub(crate) fn write(&self, hasher: &mut SipHasher13) {
        let client = (self.client, self.client_port);
        let virtual_end = (self.virtual_address, self.virtual_port);
        let kind = u16::from_le_bytes([self.protocol, self.template.into()]);
        A::write(client, virtual_end, kind, hasher);
    }
}

/// All at once: a search need not know which field differs.
impl<A: Address> PartialEq for Tuple<A> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let addresses = |tuple: &Self| (tuple.client, tuple.virtual_address);
        A::are_same(addresses(self), addresses(other))
            & (self.client_port == other.client_port)
            & (self.virtual_port == other.virtual_port)
            & (self.protocol == other.protocol)
            & (self.template == other.template)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash<A: Address>(tuple: Tuple<A>) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(1, 2);
        tuple.write(&mut hasher);
        hasher.finish()
    }

    fn tuple<A: Address>(client: A, virtual_address: A) -> Tuple<A> {
        let (client_port, virtual_port) = (0x1234, 80);
        Tuple { client, virtual_address, client_port, virtual_port, protocol: 6, template: true }
    }

    #[test]
    fn every_machine_hashes_alike_and_both_ways() {
        let sip = |octets: &[u8]| SipHasher13::new_with_keys(1, 2).hash(octets);
        let v4 = tuple([192, 0, 2, 1].into(), Ipv4Addr::from([10, 0, 0, 1]));
        // The end of the lesser port comes first.
        let octets = [10, 0, 0, 1, 80, 0, 6, 1, 192, 0, 2, 1, 0x34, 0x12, 6, 1];
        assert_eq!([v4, v4.reversed()].map(hash), [sip(&octets); 2]);
        let (one, other) = ([7; 16], [8; 16]);
        let v6 = tuple(one.into(), Ipv6Addr::from(other));
        // That of the lesser address.
        let octets = [&one[..], &other, &[0x34, 0x12, 80, 0, 6, 1, 0, 0]].concat();
        assert_eq!([v6, v6.reversed()].map(hash), [sip(&octets); 2]);
    }
}
