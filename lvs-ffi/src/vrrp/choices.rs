//! The choices in a virtual router's configuration.

use core::ffi::c_int;

use lvs_proto::vrrp::ChecksumAccept;
use lvs_proto::vrrp::ChecksumForm::{GroupPseudoHeader, MessageOnly, PseudoHeader};
use lvs_vrrp::ChecksumTransmit::{Always, Follow};
use lvs_vrrp::{AddressMismatch, ChecksumTransmit, LosingAdvert, OwnerAdverts};

use self::lvs_vrrp_address_mismatch::*;
use self::lvs_vrrp_checksum_accept::*;
use self::lvs_vrrp_checksum_transmit::*;
use self::lvs_vrrp_losing_advert::*;
use self::lvs_vrrp_owner_adverts::*;
use crate::lvs_status;
use crate::lvs_status::{
    LVS_ERR_ADDRESS_MISMATCH, LVS_ERR_CHECKSUM_ACCEPT, LVS_ERR_CHECKSUM_TRANSMIT,
    LVS_ERR_LOSING_ADVERT, LVS_ERR_OWNER_ADVERTS,
};

/// What an Active router does about an advert of lower priority, or of its own priority from a
/// lower address \[FSM-13\]. The advert is discarded in any case.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_losing_advert {
    /// Nothing (RFC 3768, RFC 5798).
    LVS_VRRP_LOSING_ADVERT_IGNORE = 0,
    /// Answer with an advert and leave the advert timer alone (RFC 9568 section 6.4.3).
    LVS_VRRP_LOSING_ADVERT_REPLY = 1,
    /// Answer with an advert and let the next one follow a full interval later, as keepalived does
    /// \[FSM-14\].
    LVS_VRRP_LOSING_ADVERT_REPLY_AND_REARM = 2,
}

/// What an owner does about adverts of others \[FSM-13\]. They are counted in any case.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_owner_adverts {
    /// Treat them like any advert, so that of two owners the higher address stays (RFC 9568
    /// erratum 8298).
    LVS_VRRP_OWNER_ADVERTS_PROCESS = 0,
    /// Discard them (RFC 3768, RFC 5798).
    LVS_VRRP_OWNER_ADVERTS_DISCARD = 1,
}

/// What becomes of an advert whose addresses are not the configured ones, in any order \[RX-5\].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_address_mismatch {
    /// The addresses are not looked at.
    LVS_VRRP_ADDRESS_MISMATCH_OFF = 0,
    /// It is counted and taken (RFC 5798, RFC 9568).
    LVS_VRRP_ADDRESS_MISMATCH_COUNT = 1,
    /// It is counted and dropped unless an owner sent it (RFC 3768 section 7.1).
    LVS_VRRP_ADDRESS_MISMATCH_DROP_UNLESS_OWNER = 2,
    /// It is counted and dropped, as keepalived 2.2 does.
    LVS_VRRP_ADDRESS_MISMATCH_DROP = 3,
}

/// What the checksum of adverts sent by version 3 over IPv4 covers \[W-24\].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_checksum_transmit {
    /// The message alone, as RFC 9568 settled it.
    LVS_VRRP_CHECKSUM_TRANSMIT_MESSAGE_ONLY = 0,
    /// With a pseudo-header, as keepalived and FRR read RFC 5798.
    LVS_VRRP_CHECKSUM_TRANSMIT_PSEUDO_HEADER = 1,
    /// What that of the last accepted advert did; the message alone until there is any.
    LVS_VRRP_CHECKSUM_TRANSMIT_FOLLOW_MESSAGE_ONLY = 2,
    /// The same, with a pseudo-header until there is any.
    LVS_VRRP_CHECKSUM_TRANSMIT_FOLLOW_PSEUDO_HEADER = 3,
}

/// What the checksum of adverts received by version 3 over IPv4 may cover \[W-23\].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_vrrp_checksum_accept {
    /// Either.
    LVS_VRRP_CHECKSUM_ACCEPT_ANY = 0,
    /// The message alone.
    LVS_VRRP_CHECKSUM_ACCEPT_MESSAGE_ONLY = 1,
    /// The message with a pseudo-header.
    LVS_VRRP_CHECKSUM_ACCEPT_PSEUDO_HEADER = 2,
}

impl From<LosingAdvert> for lvs_vrrp_losing_advert {
    fn from(value: LosingAdvert) -> Self {
        match value {
            LosingAdvert::Ignore => LVS_VRRP_LOSING_ADVERT_IGNORE,
            LosingAdvert::Reply => LVS_VRRP_LOSING_ADVERT_REPLY,
            LosingAdvert::ReplyAndRearm => LVS_VRRP_LOSING_ADVERT_REPLY_AND_REARM,
        }
    }
}

impl From<OwnerAdverts> for lvs_vrrp_owner_adverts {
    fn from(value: OwnerAdverts) -> Self {
        match value {
            OwnerAdverts::Process => LVS_VRRP_OWNER_ADVERTS_PROCESS,
            OwnerAdverts::Discard => LVS_VRRP_OWNER_ADVERTS_DISCARD,
        }
    }
}

impl From<AddressMismatch> for lvs_vrrp_address_mismatch {
    fn from(value: AddressMismatch) -> Self {
        match value {
            AddressMismatch::Off => LVS_VRRP_ADDRESS_MISMATCH_OFF,
            AddressMismatch::Count => LVS_VRRP_ADDRESS_MISMATCH_COUNT,
            AddressMismatch::DropUnlessOwner => LVS_VRRP_ADDRESS_MISMATCH_DROP_UNLESS_OWNER,
            AddressMismatch::Drop => LVS_VRRP_ADDRESS_MISMATCH_DROP,
        }
    }
}

impl From<ChecksumTransmit> for lvs_vrrp_checksum_transmit {
    fn from(value: ChecksumTransmit) -> Self {
        match value {
            Always(MessageOnly) => LVS_VRRP_CHECKSUM_TRANSMIT_MESSAGE_ONLY,
            Always(PseudoHeader | GroupPseudoHeader) => LVS_VRRP_CHECKSUM_TRANSMIT_PSEUDO_HEADER,
            Follow(MessageOnly) => LVS_VRRP_CHECKSUM_TRANSMIT_FOLLOW_MESSAGE_ONLY,
            Follow(PseudoHeader | GroupPseudoHeader) => {
                LVS_VRRP_CHECKSUM_TRANSMIT_FOLLOW_PSEUDO_HEADER
            }
        }
    }
}

impl From<ChecksumAccept> for lvs_vrrp_checksum_accept {
    fn from(value: ChecksumAccept) -> Self {
        match value {
            ChecksumAccept::MESSAGE_ONLY => LVS_VRRP_CHECKSUM_ACCEPT_MESSAGE_ONLY,
            ChecksumAccept::PSEUDO_HEADER => LVS_VRRP_CHECKSUM_ACCEPT_PSEUDO_HEADER,
            _ => LVS_VRRP_CHECKSUM_ACCEPT_ANY,
        }
    }
}

pub(super) fn losing_advert(number: c_int) -> Result<LosingAdvert, lvs_status> {
    [LosingAdvert::Ignore, LosingAdvert::Reply, LosingAdvert::ReplyAndRearm]
        .into_iter()
        .find(|&value| lvs_vrrp_losing_advert::from(value) as c_int == number)
        .ok_or(LVS_ERR_LOSING_ADVERT)
}

pub(super) fn owner_adverts(number: c_int) -> Result<OwnerAdverts, lvs_status> {
    [OwnerAdverts::Process, OwnerAdverts::Discard]
        .into_iter()
        .find(|&value| lvs_vrrp_owner_adverts::from(value) as c_int == number)
        .ok_or(LVS_ERR_OWNER_ADVERTS)
}

pub(super) fn address_mismatch(number: c_int) -> Result<AddressMismatch, lvs_status> {
    [
        AddressMismatch::Off,
        AddressMismatch::Count,
        AddressMismatch::DropUnlessOwner,
        AddressMismatch::Drop,
    ]
    .into_iter()
    .find(|&value| lvs_vrrp_address_mismatch::from(value) as c_int == number)
    .ok_or(LVS_ERR_ADDRESS_MISMATCH)
}

pub(super) fn checksum_transmit(number: c_int) -> Result<ChecksumTransmit, lvs_status> {
    [Always(MessageOnly), Always(PseudoHeader), Follow(MessageOnly), Follow(PseudoHeader)]
        .into_iter()
        .find(|&value| lvs_vrrp_checksum_transmit::from(value) as c_int == number)
        .ok_or(LVS_ERR_CHECKSUM_TRANSMIT)
}

pub(super) fn checksum_accept(number: c_int) -> Result<ChecksumAccept, lvs_status> {
    [ChecksumAccept::ANY, ChecksumAccept::MESSAGE_ONLY, ChecksumAccept::PSEUDO_HEADER]
        .into_iter()
        .find(|&value| lvs_vrrp_checksum_accept::from(value) as c_int == number)
        .ok_or(LVS_ERR_CHECKSUM_ACCEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_header_and_others_do_not_pass() {
        for number in -1..=4 {
            let given = |known: bool| known && number >= 0;
            assert_eq!(losing_advert(number).is_ok(), given(number < 3));
            assert_eq!(owner_adverts(number).is_ok(), given(number < 2));
            assert_eq!(address_mismatch(number).is_ok(), given(number < 4));
            assert_eq!(checksum_transmit(number).is_ok(), given(number < 4));
            assert_eq!(checksum_accept(number).is_ok(), given(number < 3));
        }
    }
}
