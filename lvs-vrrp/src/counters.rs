//! What a virtual router has counted, in the words of RFC 6527.

use lvs_proto::vrrp::AdvertError;

use crate::Refusal;

/// The statistics of a virtual router \[RX-7\], \[V3-RX-14\].
///
/// A discarded advert counts exactly once, by the check that it failed; a router that is not
/// running counts nothing \[X-56\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counters {
    /// Adverts that passed all checks.
    pub adv_rcvd: u64,
    /// Of these, the ones of a resigning router.
    pub prio_zero_rcvd: u64,
    /// Of these, the ones whose checksum covers a pseudo-header: over IPv6 all.
    pub pseudo_header_rcvd: u64,
    /// Of these, the ones whose pseudo-header has the group where the packet has a peer \[W-22\].
    pub group_pseudo_header_rcvd: u64,
    /// Adverts handed out for sending.
    pub adv_sent: u64,
    /// Of these, the resignations.
    pub prio_zero_sent: u64,
    /// Changes to Active.
    pub become_active: u64,
    /// Changes from Active.
    pub release_active: u64,
    /// The checksum does not verify.
    pub checksum_errors: u64,
    /// The version is unknown or not this router's.
    pub version_errors: u64,
    /// The VRID is 0 or another router's.
    pub vrid_errors: u64,
    /// The TTL or hop limit is not 255, nor what is configured for the peer.
    pub ip_ttl_errors: u64,
    /// The type is not ADVERTISEMENT.
    pub invalid_type_packets: u64,
    /// The length does not fit the address count.
    pub packet_length_errors: u64,
    /// There is an authentication trailer that is not asked for \[W-41\].
    pub unexpected_trailers: u64,
    /// The destination is not the VRRP group, or the own address where there are peers.
    pub address_class_errors: u64,
    /// The sender is no peer.
    pub unknown_peers: u64,
    /// The authentication type does not exist.
    pub invalid_auth_type: u64,
    /// The authentication type is not the configured one, or an authentication header is missing
    /// or not asked for \[W-6\].
    pub auth_type_mismatch: u64,
    /// The sender does not prove that it may speak, or repeats itself \[W-11\].
    pub auth_failures: u64,
    /// The interval is 0 or not the configured one; version 3 takes the latter all the same
    /// \[RX-9\].
    pub adv_interval_errors: u64,
    /// The address list is empty, is not the configured one, or does not start with a link-local
    /// IPv6 address. Whether the advert is taken all the same is configured \[RX-5\].
    pub address_list_errors: u64,
    /// Adverts from the own source address, looped back.
    pub self_received: u64,
    /// Adverts that an owner heard from somebody else.
    pub owner_conflicts: u64,
    /// Why the router last became Active.
    pub new_active_reason: NewActiveReason,
    /// The last protocol error.
    pub proto_err_reason: ProtoErrReason,
}

/// Why a router last became Active, vrrpv3StatisticsNewMasterReason of RFC 6527 \[RX-8\]; the
/// discriminants are the MIB's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NewActiveReason {
    /// It never did.
    #[default]
    NotActive = 0,
    /// The Active router resigned.
    Priority = 1,
    /// It displaced a router of lower priority, or started as the owner.
    Preempted = 2,
    /// The Active router fell silent.
    NoResponse = 3,
}

/// The last protocol error, vrrpv3StatisticsProtoErrReason of RFC 6527; the discriminants are the
/// MIB's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ProtoErrReason {
    /// There was none \[MIB-1\].
    #[default]
    NoError = 0,
    /// The TTL or hop limit was not 255.
    IpTtl = 1,
    /// The version was not this router's.
    Version = 2,
    /// The checksum did not verify.
    Checksum = 3,
    /// The VRID was not this router's.
    VrId = 4,
}

impl Counters {
    /// Counts an advert that was refused by its octets.
    pub(crate) fn count_rejected(&mut self, error: &AdvertError) {
        let (counter, reason) = match error {
            AdvertError::HeaderTruncated(_) | AdvertError::Length { .. } => {
                (&mut self.packet_length_errors, None)
            }
            AdvertError::UnexpectedTrailer => (&mut self.unexpected_trailers, None),
            AdvertError::UnknownVersion(_)
            | AdvertError::OtherVersion { .. }
            | AdvertError::V2OverIpv6 => (&mut self.version_errors, Some(ProtoErrReason::Version)),
            AdvertError::ZeroVrid | AdvertError::OtherVrid { .. } => {
                (&mut self.vrid_errors, Some(ProtoErrReason::VrId))
            }
            AdvertError::HopLimit(_) => (&mut self.ip_ttl_errors, Some(ProtoErrReason::IpTtl)),
            AdvertError::UnknownType(_) => (&mut self.invalid_type_packets, None),
            AdvertError::Checksum(_) => (&mut self.checksum_errors, Some(ProtoErrReason::Checksum)),
            AdvertError::Destination(_) => (&mut self.address_class_errors, None),
            AdvertError::UnknownPeer(_) => (&mut self.unknown_peers, None),
            AdvertError::UnknownAuthType(_) => (&mut self.invalid_auth_type, None),
            AdvertError::UnexpectedAuthenticationHeader
            | AdvertError::NoAuthenticationHeader
            | AdvertError::OtherAuthType { .. } => (&mut self.auth_type_mismatch, None),
            AdvertError::Unauthentic(_) => (&mut self.auth_failures, None),
            AdvertError::ZeroInterval => (&mut self.adv_interval_errors, None),
            AdvertError::NoAddresses => (&mut self.address_list_errors, None),
        };
        *counter += 1;
        self.proto_err_reason = reason.unwrap_or(self.proto_err_reason);
    }

    /// Counts an advert that was refused by what the router remembers.
    pub(crate) fn count_refused(&mut self, refusal: &Refusal) {
        match refusal {
            Refusal::NotForUs => {}
            Refusal::SelfReceived => self.self_received += 1,
            Refusal::Replayed { .. } => self.auth_failures += 1,
            Refusal::Interval(_) => self.adv_interval_errors += 1,
            Refusal::Owner => self.owner_conflicts += 1,
            Refusal::GlobalFirst(_) | Refusal::Addresses => self.address_list_errors += 1,
        }
    }
}
