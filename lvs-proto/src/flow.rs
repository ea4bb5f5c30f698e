//! What the deciders know of a packet.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

use crate::{AddressPair, Family};

/// An IP protocol number (IPv4 protocol, IPv6 next header).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Protocol(pub u8);

impl Protocol {
    /// ICMP for IPv4.
    pub const ICMP: Self = Self(1);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// UDP.
    pub const UDP: Self = Self(17);
    /// ICMP for IPv6.
    pub const ICMPV6: Self = Self(58);
    /// VRRP.
    pub const VRRP: Self = Self(112);
    /// SCTP.
    pub const SCTP: Self = Self(132);

    /// Whether its packets begin with a source and a destination port, as far as is known here.
    pub(crate) const fn has_ports(self) -> bool {
        matches!(self, Self::TCP | Self::UDP | Self::SCTP)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ICMP => f.pad("ICMP"),
            Self::TCP => f.pad("TCP"),
            Self::UDP => f.pad("UDP"),
            Self::ICMPV6 => f.pad("ICMPv6"),
            Self::VRRP => f.pad("VRRP"),
            Self::SCTP => f.pad("SCTP"),
            Self(number) => write!(f, "IP_{number}"),
        }
    }
}

/// The control bits of a TCP header (RFC 9293 section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// The acknowledgement field counts.
    pub const ACK: Self = Self(0x10);

    /// Whether every bit of `flags` is set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// The bits of both.
    #[must_use]
    pub const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }
}

/// The transport header of a packet, as far as decisions need it. Ports in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Transport {
    /// A TCP segment.
    Tcp {
        /// The sender's port.
        source_port: u16,
        /// The receiver's port.
        destination_port: u16,
        /// The control bits.
        flags: TcpFlags,
    },
    /// A UDP datagram.
    Udp {
        /// The sender's port.
        source_port: u16,
        /// The receiver's port.
        destination_port: u16,
    },
    /// An SCTP packet.
    Sctp {
        /// The sender's port.
        source_port: u16,
        /// The receiver's port.
        destination_port: u16,
        /// What it does to the association; `None` if its first chunk is cut short.
        chunk: Option<SctpChunk>,
    },
    /// A protocol that decisions know by its number alone.
    Other(Protocol),
    /// The header is cut short.
    Unreadable(Protocol),
    /// The packet is a fragment, and the header is in an earlier one: whoever remembers that one by
    /// [`Flow::fragment`] knows where this one goes.
    LaterFragment(Protocol),
}

/// What an SCTP packet does to its association, by its first chunk (RFC 9260 section 3.2); an abort
/// behind a cookie chunk counts as well \[SCTP-1\], \[SCTP-2\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum SctpChunk {
    /// DATA, SACK, HEARTBEAT and everything else without a name here.
    Data,
    /// INIT.
    Init,
    /// INIT ACK.
    InitAck,
    /// COOKIE ECHO.
    CookieEcho,
    /// COOKIE ACK.
    CookieAck,
    /// SHUTDOWN.
    Shutdown,
    /// SHUTDOWN ACK.
    ShutdownAck,
    /// SHUTDOWN COMPLETE.
    ShutdownComplete,
    /// ERROR.
    Error,
    /// ABORT.
    Abort,
}

impl Transport {
    /// The protocol number.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Tcp { .. } => Protocol::TCP,
            Self::Udp { .. } => Protocol::UDP,
            Self::Sctp { .. } => Protocol::SCTP,
            Self::Other(protocol) | Self::Unreadable(protocol) | Self::LaterFragment(protocol) => {
                protocol
            }
        }
    }

    /// Source and destination port, `None` where the protocol has none or they cannot be read.
    #[must_use]
    pub const fn ports(self) -> Option<(u16, u16)> {
        match self {
            Self::Tcp { source_port, destination_port, .. }
            | Self::Udp { source_port, destination_port }
            | Self::Sctp { source_port, destination_port, .. } => {
                Some((source_port, destination_port))
            }
            Self::Other(_) | Self::Unreadable(_) | Self::LaterFragment(_) => None,
        }
    }
}

/// Where a packet was met, in netfilter's words: it says which way it may be going.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Hook {
    /// On its way to this host, and so to a virtual address.
    #[default]
    LocalIn,
    /// On its way through this host: an answer of a real server.
    Forward,
    /// Made by this host itself.
    LocalOut,
}

/// The packet that an ICMP error is about, as far as the error quotes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Embedded {
    /// Its source and destination address.
    pub addresses: AddressPair,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its source and destination port in host order; `None` where the protocol has none or the
    /// quote ends before them.
    pub ports: Option<(u16, u16)>,
}

/// Everything that a decision may depend on in a packet, and nothing else.
///
/// [`parse`](crate::parse) makes one from a frame; an embedder with a parser of its own makes one
/// from what it knows.
///
/// ```
/// use core::net::IpAddr;
/// use lvs_proto::{AddressPair, Flow, Protocol, TcpFlags};
///
/// let client: IpAddr = [192, 0, 2, 7].into();
/// let vip: IpAddr = [192, 0, 2, 100].into();
/// let addresses = AddressPair::new(client, vip).ok_or("one family")?;
/// let flow = Flow::tcp(addresses, 40_000, 80, TcpFlags::SYN).with_mark(7);
/// assert_eq!(flow.protocol(), Protocol::TCP);
/// assert_eq!(flow.mark, 7);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Flow {
    /// Source and destination address.
    pub addresses: AddressPair,
    /// Protocol, ports and flags.
    pub transport: Transport,
    /// The firewall mark that the embedder put on the packet; 0 is no mark.
    pub mark: u32,
    /// Octets of the IP packet, headers included; statistics count them.
    pub length: u32,
    /// Where it was met.
    pub hook: Hook,
    /// Whether it rides on a confirmed conntrack entry: one that an earlier packet made.
    pub tracked: bool,
    /// Whether its destination address routes as unicast: to another host, not to this one.
    pub unicast: bool,
    /// Of a fragment, the identification that all of its packet have; `None` is a whole packet.
    pub fragment: Option<u32>,
    /// Of an ICMP error, the packet that it is about.
    pub embedded: Option<Embedded>,
}

impl Flow {
    /// That of no packet: what is there before one is parsed.
    pub const NONE: Self = {
        let nowhere = Ipv4Addr::UNSPECIFIED;
        let addresses = AddressPair::V4 { source: nowhere, destination: nowhere };
        Self::new(addresses, Transport::Other(Protocol(0)))
    };

    /// A flow of `transport` between `addresses`, on its way to this host, untracked, without mark
    /// and of length 0.
    #[must_use]
    pub const fn new(addresses: AddressPair, transport: Transport) -> Self {
        let hook = Hook::LocalIn;
        Self {
            addresses,
            transport,
            mark: 0,
            length: 0,
            hook,
            tracked: false,
            unicast: false,
            fragment: None,
            embedded: None,
        }
    }

    /// A TCP segment, ports in host order.
    #[must_use]
    pub const fn tcp(
        addresses: AddressPair,
        source_port: u16,
        destination_port: u16,
        flags: TcpFlags,
    ) -> Self {
        Self::new(addresses, Transport::Tcp { source_port, destination_port, flags })
    }

    /// A UDP datagram, ports in host order.
    #[must_use]
    pub const fn udp(addresses: AddressPair, source_port: u16, destination_port: u16) -> Self {
        Self::new(addresses, Transport::Udp { source_port, destination_port })
    }

    /// The same flow with a firewall mark.
    #[must_use]
    pub const fn with_mark(self, mark: u32) -> Self {
        Self { mark, ..self }
    }

    /// The same flow with the length of its IP packet in octets.
    #[must_use]
    pub const fn with_length(self, length: u32) -> Self {
        Self { length, ..self }
    }

    /// The same flow, met elsewhere.
    #[must_use]
    pub const fn at(self, hook: Hook) -> Self {
        Self { hook, ..self }
    }

    /// The same flow, riding on a confirmed conntrack entry.
    #[must_use]
    pub const fn tracked(self) -> Self {
        Self { tracked: true, ..self }
    }

    /// The same flow, on its way to an address of another host, as to a transparent cache.
    #[must_use]
    pub const fn unicast(self) -> Self {
        Self { unicast: true, ..self }
    }

    /// The same flow, a fragment of the packet with that identification: the first one, or with
    /// [`Transport::LaterFragment`] one that follows it.
    #[must_use]
    pub const fn fragment_of(self, identification: u32) -> Self {
        Self { fragment: Some(identification), ..self }
    }

    /// The same flow, an ICMP error about that packet.
    #[must_use]
    pub const fn about(self, embedded: Embedded) -> Self {
        Self { embedded: Some(embedded), ..self }
    }

    /// The address family.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.addresses.family()
    }

    /// Who sent the packet.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        self.addresses.source()
    }

    /// Where it goes: on the way from a client, the virtual address.
    #[must_use]
    pub const fn destination(&self) -> IpAddr {
        self.addresses.destination()
    }

    /// The protocol number.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.transport.protocol()
    }
}
