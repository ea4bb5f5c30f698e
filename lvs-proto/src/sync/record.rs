//! What a message says of one connection, in either version.

use core::fmt;
use core::net::IpAddr;

use crate::{AddressPair, CallId, Method, Protocol};

/// What a connection or template is, as a bit set.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ConnFlags(pub u32);

impl ConnFlags {
    /// The bits of the method.
    pub const METHOD: Self = Self(0x0007);
    /// Made by a backup from a message.
    pub const SYNCED: Self = Self(0x0020);
    /// In the table of the sender; never in a message.
    pub const HASHED: Self = Self(0x0040);
    /// Its answers do not come through the director.
    pub const NO_OUTPUT: Self = Self(0x0080);
    /// Counts as inactive for its destination.
    pub const INACTIVE: Self = Self(0x0100);
    /// Sequence numbers of answers are shifted.
    pub const OUT_SEQUENCE: Self = Self(0x0200);
    /// Sequence numbers of requests are shifted.
    pub const IN_SEQUENCE: Self = Self(0x0400);
    /// The client's port is not known yet.
    pub const NO_CLIENT_PORT: Self = Self(0x0800);
    /// A persistence template.
    pub const TEMPLATE: Self = Self(0x1000);
    /// Over after one packet.
    pub const ONE_PACKET: Self = Self(0x2000);
    /// [`OUT_SEQUENCE`](Self::OUT_SEQUENCE) or [`IN_SEQUENCE`](Self::IN_SEQUENCE).
    pub const SEQUENCE: Self = Self(0x0600);

    /// The flags of a connection forwarded by `method`, and no others. [`Method::FullNat`] has no
    /// number, and is told of as [`Method::Nat`].
    #[must_use]
    pub const fn of_method(method: Method) -> Self {
        Self(match method {
            Method::Nat | Method::FullNat => 0,
            Method::Tunnel => 2,
            Method::DirectRoute => 3,
        })
    }

    /// The method, `None` for the director's own packets (1), bypass (4) and unknown numbers.
    #[must_use]
    pub const fn method(self) -> Option<Method> {
        match self.0 & Self::METHOD.0 {
            0 => Some(Method::Nat),
            2 => Some(Method::Tunnel),
            3 => Some(Method::DirectRoute),
            _ => None,
        }
    }

    /// Whether every bit of `flags` is set.
    #[must_use]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether any bit of `flags` is set.
    #[must_use]
    pub const fn intersects(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }

    /// The bits of both.
    #[must_use]
    pub const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }

    /// The bits without those of `flags`.
    #[must_use]
    pub const fn without(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }

    /// These bits, but the bits of `mask` as they are in `flags`.
    #[must_use]
    pub const fn replaced(self, mask: Self, flags: Self) -> Self {
        Self(self.0 & !mask.0 | flags.0 & mask.0)
    }
}

impl fmt::Debug for ConnFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnFlags({:#06x})", self.0)
    }
}

/// The number of a state; which state that is depends on the protocol, and is another for a
/// template (0 `NONE`, 1 `ASSURED`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct StateNumber(pub u16);

impl StateNumber {
    /// TCP ESTABLISHED.
    pub const TCP_ESTABLISHED: Self = Self(1);
    /// TCP FIN_WAIT.
    pub const TCP_FIN_WAIT: Self = Self(4);
    /// TCP TIME_WAIT.
    pub const TCP_TIME_WAIT: Self = Self(5);
    /// TCP CLOSE.
    pub const TCP_CLOSE: Self = Self(6);
    /// TCP CLOSE_WAIT.
    pub const TCP_CLOSE_WAIT: Self = Self(7);
    /// SCTP ESTABLISHED.
    pub const SCTP_ESTABLISHED: Self = Self(8);
    /// SCTP SHUTDOWN-SENT.
    pub const SCTP_SHUTDOWN_SENT: Self = Self(9);
    /// SCTP SHUTDOWN-RECEIVED.
    pub const SCTP_SHUTDOWN_RECEIVED: Self = Self(10);
    /// SCTP SHUTDOWN-ACK-SENT.
    pub const SCTP_SHUTDOWN_ACK_SENT: Self = Self(11);
    /// SCTP CLOSED.
    pub const SCTP_CLOSED: Self = Self(13);
    /// A template with a connection that was established.
    pub const ASSURED: Self = Self(1);

    /// How many states connections of `protocol` have, `None` if it has no connections \[BK-4\].
    #[must_use]
    pub const fn count(protocol: Protocol) -> Option<u16> {
        const ESP: Protocol = Protocol(50);
        const AH: Protocol = Protocol(51);
        match protocol {
            Protocol::TCP => Some(11),
            Protocol::SCTP => Some(14),
            Protocol::UDP | ESP | AH => Some(1),
            _ => None,
        }
    }
}

/// How the sequence numbers of one direction are shifted, for application helpers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Sequence {
    /// The sequence number from which on `delta` counts.
    pub initial: u32,
    /// What is added to sequence numbers behind `initial`.
    pub delta: u32,
    /// What is added to those before it.
    pub previous_delta: u32,
}

/// The shifts of both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct SequencePair {
    /// Of requests.
    pub requests: Sequence,
    /// Of answers.
    pub answers: Sequence,
}

impl SequencePair {
    pub(super) const LEN: usize = 24;

    pub(super) const fn words(self) -> [u32; 6] {
        let Self { requests, answers } = self;
        [
            requests.initial,
            requests.delta,
            requests.previous_delta,
            answers.initial,
            answers.delta,
            answers.previous_delta,
        ]
    }

    pub(super) const fn from_words([a, b, c, d, e, f]: [u32; 6]) -> Self {
        Self {
            requests: Sequence { initial: a, delta: b, previous_delta: c },
            answers: Sequence { initial: d, delta: e, previous_delta: f },
        }
    }
}

/// A connection or template of a master director. Ports in host order.
///
/// A version 0 message carries neither `mark`, `timeout_secs` nor `call_id`: they are 0, 0 and
/// `None` when read, and lost when written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SyncRecord<'a> {
    /// The protocol; 0 for templates of marks \[TPL-2\].
    pub protocol: Protocol,
    /// From the client to the virtual address.
    pub addresses: AddressPair,
    /// The real server's address, of the same family.
    pub dest: IpAddr,
    /// The client's port; 0 for templates.
    pub client_port: u16,
    /// The virtual port.
    pub virtual_port: u16,
    /// The real server's port.
    pub dest_port: u16,
    /// What it is.
    pub flags: ConnFlags,
    /// What it has come to.
    pub state: StateNumber,
    /// The firewall mark it was scheduled by, or 0.
    pub mark: u32,
    /// Seconds that it lives without a packet; 0 if the message does not say.
    pub timeout_secs: u32,
    /// How its sequence numbers are shifted.
    pub sequence: Option<SequencePair>,
    /// What the `sip` engine keeps its connections together by.
    pub call_id: Option<CallId<'a>>,
}

impl SyncRecord<'_> {
    /// Whether it is of a template.
    #[must_use]
    pub const fn is_template(&self) -> bool {
        self.flags.contains(ConnFlags::TEMPLATE)
    }

    /// \[BK-4\], the part that both versions have in common.
    pub(super) const fn check(&self) -> Result<(), RecordRefusal> {
        let flags = self.flags;
        let contradicts = flags.contains(ConnFlags::NO_CLIENT_PORT.with(ConnFlags::TEMPLATE));
        if contradicts || flags.contains(ConnFlags::ONE_PACKET) {
            return Err(RecordRefusal::Flags(flags));
        }
        let count = if self.is_template() { Some(2) } else { StateNumber::count(self.protocol) };
        match count {
            None => Err(RecordRefusal::UnknownProtocol(self.protocol)),
            Some(count) if self.state.0 >= count => {
                Err(RecordRefusal::UnknownState { protocol: self.protocol, state: self.state })
            }
            Some(_) => Ok(()),
        }
    }
}

/// Why a record is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The rest of the message is lost with it.
    #[error(transparent)]
    Damaged(#[from] RecordDamage),
    /// The next record can still be read.
    #[error(transparent)]
    Refused(#[from] RecordRefusal),
}

/// Why a message cannot be read on \[BK-3\] \[BK-4\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordDamage {
    /// The message ends before the record that its count promises.
    #[error("{0} octets are left, too few for a record")]
    Truncated(usize),
    /// The record is longer than what is left of the message.
    #[error("a record of {size} octets, but {left} are left")]
    Overrun {
        /// Its size field.
        size: usize,
        /// Octets left.
        left: usize,
    },
    /// The record is of an unknown version.
    #[error("record version {0}, not 0")]
    Version(u8),
    /// The type is neither that of IPv4 nor of IPv6.
    #[error("record type {0} is neither IPv4 nor IPv6")]
    Type(u8),
    /// The record is shorter than its fixed part.
    #[error("a record of {size} octets, {least} at least")]
    Size {
        /// Its size field.
        size: usize,
        /// Octets of the fixed part for its family.
        least: usize,
    },
    /// The record ends within an option.
    #[error("option {0} is cut short")]
    OptionTruncated(u8),
    /// An option is empty, or longer or shorter than options of its type are.
    #[error("option {kind} of {length} octets")]
    OptionLength {
        /// Its type.
        kind: u8,
        /// Its length field.
        length: usize,
    },
    /// An option stands there twice.
    #[error("option {0} is repeated")]
    OptionRepeated(u8),
}

/// Why a record is left out \[BK-4\] \[BK-6\].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordRefusal {
    /// An option that must be understood is not.
    #[error("option {0} is unknown, and must not be ignored")]
    UnknownOption(u8),
    /// The flags contradict one another, or are of a connection of one packet.
    #[error("flags {:#06x} do not go together", .0.0)]
    Flags(ConnFlags),
    /// Connections of this protocol are not kept.
    #[error("no connections of protocol {0}")]
    UnknownProtocol(Protocol),
    /// The protocol, or a template, has no such state.
    #[error("no state {} of protocol {protocol}", state.0)]
    UnknownState {
        /// The protocol of the record.
        protocol: Protocol,
        /// Its state.
        state: StateNumber,
    },
    /// The persistence engine is not `sip`, or is not named.
    #[error("the persistence engine is not sip")]
    UnknownEngine,
}
