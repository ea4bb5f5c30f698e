//! The choices in a virtual router's configuration.

use lvs_proto::vrrp::ChecksumForm;

/// What an Active router does about an advert of lower priority, or of its own priority from a
/// lower address \[FSM-13\]. The advert is discarded in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum LosingAdvert {
    /// Nothing (RFC 3768, RFC 5798).
    Ignore,
    /// Answer with an advert and leave the advert timer alone (RFC 9568 section 6.4.3).
    #[default]
    Reply,
    /// Answer with an advert and let the next one follow a full interval later, as keepalived does
    /// \[FSM-14\].
    ReplyAndRearm,
}

/// What an owner does about adverts of others \[FSM-13\]. They are counted in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OwnerAdverts {
    /// Treat them like any advert, so that of two owners the higher address stays (RFC 9568
    /// erratum 8298).
    #[default]
    Process,
    /// Discard them (RFC 3768, RFC 5798).
    Discard,
}

/// What a router does about another one that advertises from its own address: an advert came from
/// there that it did not send, or did not send so often \[S-16\]. Of two that say the same and are
/// both Active neither can know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DuplicateSource {
    /// It says so, by [`Reason::DuplicateSource`](crate::Reason::DuplicateSource), once in a state.
    #[default]
    Report,
    /// It gives way to the other, and follows it like any Active router. Whoever can forge an address
    /// can have it do so.
    StepDown,
}

/// What becomes of an advert whose addresses are not the configured ones, in any order \[RX-5\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum AddressMismatch {
    /// The addresses are not looked at.
    Off,
    /// It is counted and taken (RFC 5798, RFC 9568).
    #[default]
    Count,
    /// It is counted and dropped unless an owner sent it (RFC 3768 section 7.1).
    DropUnlessOwner,
    /// It is counted and dropped, as keepalived 2.2 does.
    Drop,
}

/// The checksum form of adverts sent by version 3 over IPv4 \[W-24\].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ChecksumTransmit {
    /// That form.
    Always(ChecksumForm),
    /// The form of the last accepted advert; the given one until there is any.
    Follow(ChecksumForm),
}
