//! What a virtual router has counted.

use core::ffi::c_int;

use lvs_vrrp::Counters;

/// The statistics of a virtual router, in the words of RFC 6527 \[RX-7\].
///
/// A discarded advert counts exactly once, by the check that it failed; a router that is not
/// running counts nothing \[X-56\].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct lvs_vrrp_counters {
    /// The sizeof of this struct.
    pub size: usize,
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
    /// The destination is not the group, or the own address where there are peers.
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
    /// Why the router last became Active: never 0, a resignation 1, it preempted or started as the
    /// owner 2, no response 3 (vrrpv3StatisticsNewMasterReason) \[RX-8\].
    pub new_active_reason: c_int,
    /// The last protocol error: none 0, TTL or hop limit 1, version 2, checksum 3, VRID 4
    /// (vrrpv3StatisticsProtoErrReason).
    pub proto_err_reason: c_int,
}

const _: () = assert!(align_of::<u64>() < 8 || size_of::<lvs_vrrp_counters>() == 208);

impl From<&Counters> for lvs_vrrp_counters {
    fn from(counters: &Counters) -> Self {
        Self {
            size: size_of::<Self>(),
            adv_rcvd: counters.adv_rcvd,
            prio_zero_rcvd: counters.prio_zero_rcvd,
            pseudo_header_rcvd: counters.pseudo_header_rcvd,
            group_pseudo_header_rcvd: counters.group_pseudo_header_rcvd,
            adv_sent: counters.adv_sent,
            prio_zero_sent: counters.prio_zero_sent,
            become_active: counters.become_active,
            release_active: counters.release_active,
            checksum_errors: counters.checksum_errors,
            version_errors: counters.version_errors,
            vrid_errors: counters.vrid_errors,
            ip_ttl_errors: counters.ip_ttl_errors,
            invalid_type_packets: counters.invalid_type_packets,
            packet_length_errors: counters.packet_length_errors,
            unexpected_trailers: counters.unexpected_trailers,
            address_class_errors: counters.address_class_errors,
            unknown_peers: counters.unknown_peers,
            invalid_auth_type: counters.invalid_auth_type,
            auth_type_mismatch: counters.auth_type_mismatch,
            auth_failures: counters.auth_failures,
            adv_interval_errors: counters.adv_interval_errors,
            address_list_errors: counters.address_list_errors,
            self_received: counters.self_received,
            owner_conflicts: counters.owner_conflicts,
            new_active_reason: counters.new_active_reason as c_int,
            proto_err_reason: counters.proto_err_reason as c_int,
        }
    }
}
