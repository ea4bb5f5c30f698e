//! Results.

mod errors;

use core::ffi::{CStr, c_char, c_int};

use self::lvs_status::*;

/// How a call went. `lvs_strerror` has words for each.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum lvs_status {
    /// Done.
    LVS_OK = 0,

    /// A pointer is NULL that must not be.
    LVS_ERR_NULL = -1,
    /// The `size` of a struct is not one that this library knows.
    LVS_ERR_STRUCT_SIZE = -2,
    /// There is no memory.
    LVS_ERR_NO_MEMORY = -3,
    /// The buffer is too small.
    LVS_ERR_BUFFER_TOO_SMALL = -4,
    /// An array would be larger than memory.
    LVS_ERR_COUNT = -5,
    /// A bug in the library was caught; of the handle nothing can be had any more.
    LVS_ERR_PANIC = -6,
    /// An address is neither LVS_IPV4 nor LVS_IPV6.
    LVS_ERR_FAMILY = -7,
    /// Addresses are of two families that must be of one.
    LVS_ERR_MIXED_FAMILIES = -8,
    /// An address is not that of one machine.
    LVS_ERR_NOT_UNICAST = -9,
    /// There is no such profile.
    LVS_ERR_PROFILE = -10,
    /// Refused, for a reason that has no number yet.
    LVS_ERR_OTHER = -11,
    /// There is an allocator already.
    LVS_ERR_ALLOCATOR = -12,
    /// A text is not UTF-8.
    LVS_ERR_TEXT = -13,

    /// There is no such scheduler.
    LVS_ERR_SCHEDULER = -20,
    /// A scheduler flag does not exist.
    LVS_ERR_SCHEDULER_FLAGS = -21,
    /// There is no such forwarding method.
    LVS_ERR_METHOD = -22,
    /// The weight is greater than INT32_MAX \[DST-8\].
    LVS_ERR_WEIGHT = -23,
    /// The lower threshold is above the upper one \[DST-8\].
    LVS_ERR_THRESHOLDS_CROSSED = -24,
    /// The upper threshold is greater than INT32_MAX \[DST-8\].
    LVS_ERR_UPPER_THRESHOLD = -25,
    /// There is no such service.
    LVS_ERR_NO_SUCH_SERVICE = -26,
    /// There is a destination of this address and port already \[DST-5\].
    LVS_ERR_DEST_EXISTS = -27,
    /// There is no such destination, or no longer.
    LVS_ERR_NO_SUCH_DEST = -28,
    /// The connection was closed before.
    LVS_ERR_STALE_CONN = -29,
    /// As many connections are open as there is room for.
    LVS_ERR_TABLE_FULL = -30,
    /// The index of the table of mh is not 8 to 17 \[MH-1\].
    LVS_ERR_MH_TABLE_INDEX = -31,
    /// There is a service of this key already.
    LVS_ERR_SERVICE_EXISTS = -32,
    /// A service is not of TCP, UDP or SCTP \[SVC-2\].
    LVS_ERR_PROTOCOL = -33,
    /// The prefix of a persistent IPv6 service is not 1 to 128 \[SVC-3\].
    LVS_ERR_NETMASK = -34,
    /// The service has more destinations than the scheduler can start with \[MH-9\].
    LVS_ERR_TOO_MANY_DESTS = -35,
    /// There is no such persistence engine.
    LVS_ERR_ENGINE = -36,
    /// A policy flag does not exist, or the reuse mode is greater than 255.
    LVS_ERR_POLICY = -37,
    /// There is no such way to defend.
    LVS_ERR_DEFENCE = -38,
    /// A timeout is longer than INT32_MAX ticks \[TMO-2\].
    LVS_ERR_TIMEOUT = -39,

    /// The VRRP version is neither 2 nor 3.
    LVS_ERR_VERSION = -40,
    /// The VRID is 0; 1 to 255 are possible.
    LVS_ERR_VRID = -41,
    /// Priority 0 only says that a router resigns \[V3-TX-5\].
    LVS_ERR_PRIORITY = -42,
    /// The interval is not 1 to 4095 centiseconds; in version 2, 1 to 255 whole seconds \[T-9\].
    LVS_ERR_INTERVAL = -43,
    /// The advert count is not 1 to 100.
    LVS_ERR_ADVERT_COUNT = -44,
    /// There is no such way to treat losing adverts.
    LVS_ERR_LOSING_ADVERT = -45,
    /// There is no such way to treat adverts that an owner hears.
    LVS_ERR_OWNER_ADVERTS = -46,
    /// There is no such way to treat other address lists.
    LVS_ERR_ADDRESS_MISMATCH = -47,
    /// There is no such checksum form to send.
    LVS_ERR_CHECKSUM_TRANSMIT = -48,
    /// There is no such checksum form to accept.
    LVS_ERR_CHECKSUM_ACCEPT = -49,
    /// VRRP version 2 knows IPv4 only \[W-3\].
    LVS_ERR_V2_OVER_IPV6 = -50,
    /// Version 3 needs a virtual address \[V3-TX-9\].
    LVS_ERR_NO_ADDRESSES = -51,
    /// There are more than 1024 virtual addresses, more than 255 to be advertised, or more than there
    /// is room for.
    LVS_ERR_TOO_MANY_ADDRESSES = -52,
    /// A virtual address or a peer is listed twice \[W-18\].
    LVS_ERR_DUPLICATE_ADDRESS = -53,
    /// The source address is of another family than the virtual addresses.
    LVS_ERR_SOURCE_FAMILY = -54,
    /// The source address is not that of one machine.
    LVS_ERR_SOURCE_NOT_UNICAST = -55,
    /// The IPv6 source address is not link-local \[V3-TX-15\].
    LVS_ERR_SOURCE_NOT_LINK_LOCAL = -56,
    /// The packet does not carry a whole VRRP message from a host on the link.
    LVS_ERR_NOT_VRRP = -57,
    /// The preempt delay is longer than 1000 s.
    LVS_ERR_PREEMPT_DELAY = -58,
    /// Announcements would follow each other by less than 10 ms.
    LVS_ERR_ANNOUNCEMENT_GAP = -59,

    /// The frame carries neither IPv4 nor IPv6.
    LVS_ERR_NOT_IP = -60,
    /// The frame is cut short or damaged.
    LVS_ERR_MALFORMED = -61,
    /// It is a local address already.
    LVS_ERR_LOCAL_EXISTS = -62,
    /// The frame is not to be answered.
    LVS_ERR_NO_ANSWER = -63,
    /// A hook is none of `LVS_HOOK_*`.
    LVS_ERR_HOOK = -64,
    /// There is no such tunnel.
    LVS_ERR_TUNNEL = -65,
    /// A verdict is none that a frame can follow.
    LVS_ERR_VERDICT = -66,
    /// A Call-ID is not 1 to 255 octets.
    LVS_ERR_CALL_ID = -67,
    /// The UDP port of a GUE tunnel is 0 \[DST-8\].
    LVS_ERR_TUNNEL_PORT = -68,
    /// It is no local address.
    LVS_ERR_NO_SUCH_LOCAL = -69,

    /// A line is no rule.
    LVS_ERR_RULE = -70,
    /// There are no such columns.
    LVS_ERR_COLUMNS = -71,
    /// A listing flag does not exist.
    LVS_ERR_LISTING_FLAGS = -72,

    /// A peer is of another family than the source, not unicast, the router itself, or has no
    /// possible TTL; or there are more than 255.
    LVS_ERR_PEER = -80,
    /// The group is none of the family, or over IPv6 not of link-local scope.
    LVS_ERR_GROUP = -81,
    /// There is no such authentication, or not with this version.
    LVS_ERR_AUTHENTICATION = -82,
    /// A key is not of the number or length that the authentication wants, or there are too many.
    LVS_ERR_KEY = -83,
    /// There are no more paths.
    LVS_ERR_PATH = -84,
    /// The weight of a tracker is not -254 to 254 \[X-45\].
    LVS_ERR_TRACKER_WEIGHT = -85,
    /// `rise` or `fall` of a tracker is 0.
    LVS_ERR_NO_REPORTS = -86,
    /// The octets are no snapshot, or one of another release.
    LVS_ERR_SNAPSHOT = -87,
    /// More addresses are to be advertised than there are, or than 255.
    LVS_ERR_ADVERTISED = -88,
    /// The configuration is that of another virtual router: version, VRID or family differ \[FSM-26\].
    LVS_ERR_RESTART = -89,

    /// An advert is for VRID 0, or for another one \[V3-RX-7\].
    LVS_ERR_ADVERT_VRID = -90,
    /// The TTL or hop limit of an advert is not 255 \[V3-RX-1\].
    LVS_ERR_ADVERT_HOP_LIMIT = -91,
    /// The version of an advert is unknown, or another one \[V3-RX-3\].
    LVS_ERR_ADVERT_VERSION = -92,
    /// A VRRP message is no advert \[V3-RX-4\].
    LVS_ERR_ADVERT_TYPE = -93,
    /// The length of an advert does not fit its address count \[V3-RX-5\].
    LVS_ERR_ADVERT_LENGTH = -94,
    /// The checksum of an advert does not verify \[V3-RX-6\].
    LVS_ERR_ADVERT_CHECKSUM = -95,
    /// An advert went somewhere else \[W-28\].
    LVS_ERR_ADVERT_DESTINATION = -96,
    /// An advert has an authentication that is not asked for \[W-6\] \[W-41\].
    LVS_ERR_ADVERT_AUTHENTICATION = -97,

    /// The address is not in the neighbor cache.
    LVS_ERR_NO_SUCH_NEIGHBOR = -100,
    /// No neighbor can have this address, or this link address.
    LVS_ERR_NOT_A_NEIGHBOR = -101,
    /// All that is in the neighbor cache is in use.
    LVS_ERR_NEIGHBORS_FULL = -102,
    /// There is no own address of that family.
    LVS_ERR_NO_OWN_ADDRESS = -103,

    /// The quorum is 0, or the hysteresis is not less.
    LVS_ERR_QUORUM = -110,
    /// There is no such check, or one that would never pass, or be over before it began.
    LVS_ERR_CHECK = -111,
    /// A check has no port to connect to.
    LVS_ERR_CONNECT_PORT = -112,
    /// There is room for fewer checks.
    LVS_ERR_TOO_MANY_CHECKS = -113,
    /// There is no such outcome.
    LVS_ERR_OUTCOME = -114,
    /// The check is removed.
    LVS_ERR_STALE_CHECK = -115,

    /// There is no such virtual router, or no longer.
    LVS_ERR_NO_SUCH_ROUTER = -120,
    /// The interface has a virtual router of this VRID and family that would hear the same \[X-38\].
    LVS_ERR_ROUTER_EXISTS = -121,
    /// There is no room for one more virtual router.
    LVS_ERR_ENGINE_FULL = -122,
    /// The virtual router is in a sync group already, follows another one, or is followed.
    LVS_ERR_SYNC_GROUP = -123,
    /// There is no such input.
    LVS_ERR_INPUT = -124,

    /// The version of sync messages is neither 0 nor 1.
    LVS_ERR_SYNC_VERSION = -130,
    /// The packet at which connections are announced is not below the period \[SYN-12\].
    LVS_ERR_SYNC_THRESHOLD = -131,
    /// Sync messages would not hold their header.
    LVS_ERR_SYNC_LENGTH = -132,
    /// The director is a sync master already \[SYD-2\].
    LVS_ERR_SYNC_MASTER = -133,
    /// The octets are no sync message: cut short, or of another size than they say \[BK-1\].
    LVS_ERR_SYNC_MESSAGE = -134,
    /// A sync message is for directors of another sync id \[BK-1\].
    LVS_ERR_SYNC_ID = -135,
}

/// What `lvs_strerror` says.
const MESSAGES: &[(lvs_status, &CStr)] = &[
    (LVS_OK, c"success"),
    (LVS_ERR_NULL, c"a pointer is NULL that must not be"),
    (LVS_ERR_STRUCT_SIZE, c"the size of a struct is not one that this library knows"),
    (LVS_ERR_NO_MEMORY, c"out of memory"),
    (LVS_ERR_BUFFER_TOO_SMALL, c"the buffer is too small"),
    (LVS_ERR_COUNT, c"an array would be larger than memory"),
    (LVS_ERR_PANIC, c"a bug in the library was caught; the handle is of no use any more"),
    (LVS_ERR_FAMILY, c"an address is neither LVS_IPV4 nor LVS_IPV6"),
    (LVS_ERR_MIXED_FAMILIES, c"addresses are of two families that must be of one"),
    (LVS_ERR_NOT_UNICAST, c"an address is not unicast"),
    (LVS_ERR_PROFILE, c"no such profile"),
    (LVS_ERR_OTHER, c"refused"),
    (LVS_ERR_ALLOCATOR, c"there is an allocator already"),
    (LVS_ERR_TEXT, c"a text is not UTF-8"),
    (LVS_ERR_SCHEDULER, c"no such scheduler"),
    (LVS_ERR_SCHEDULER_FLAGS, c"no such scheduler flag"),
    (LVS_ERR_METHOD, c"no such forwarding method"),
    (LVS_ERR_WEIGHT, c"the weight is greater than INT32_MAX"),
    (LVS_ERR_THRESHOLDS_CROSSED, c"the lower threshold is above the upper one"),
    (LVS_ERR_UPPER_THRESHOLD, c"the upper threshold is greater than INT32_MAX"),
    (LVS_ERR_NO_SUCH_SERVICE, c"no such service"),
    (LVS_ERR_DEST_EXISTS, c"the destination exists already"),
    (LVS_ERR_NO_SUCH_DEST, c"no such destination"),
    (LVS_ERR_STALE_CONN, c"the connection was closed before"),
    (LVS_ERR_TABLE_FULL, c"no room for one more connection"),
    (LVS_ERR_MH_TABLE_INDEX, c"the index of the table of mh is not 8 to 17"),
    (LVS_ERR_SERVICE_EXISTS, c"the service exists already"),
    (LVS_ERR_PROTOCOL, c"services are of TCP, UDP and SCTP"),
    (LVS_ERR_NETMASK, c"the prefix of a persistent IPv6 service is not 1 to 128"),
    (LVS_ERR_TOO_MANY_DESTS, c"the scheduler cannot start with so many destinations"),
    (LVS_ERR_ENGINE, c"no such persistence engine"),
    (LVS_ERR_POLICY, c"no such policy flag or reuse mode"),
    (LVS_ERR_DEFENCE, c"a defence is none of lvs_defence"),
    (LVS_ERR_TIMEOUT, c"a timeout is longer than INT32_MAX ticks"),
    (LVS_ERR_VERSION, c"the VRRP version is neither 2 nor 3"),
    (LVS_ERR_VRID, c"the VRID is 0"),
    (LVS_ERR_PRIORITY, c"priority 0 is not configurable"),
    (
        LVS_ERR_INTERVAL,
        c"the interval is not 1 to 4095 centiseconds (version 2: 1 to 255 whole seconds)",
    ),
    (LVS_ERR_ADVERT_COUNT, c"the advert count is not 1 to 100"),
    (LVS_ERR_LOSING_ADVERT, c"losing_advert is none of lvs_vrrp_losing_advert"),
    (LVS_ERR_OWNER_ADVERTS, c"owner_adverts is none of lvs_vrrp_owner_adverts"),
    (LVS_ERR_ADDRESS_MISMATCH, c"address_mismatch is none of lvs_vrrp_address_mismatch"),
    (LVS_ERR_CHECKSUM_TRANSMIT, c"checksum_transmit is none of lvs_vrrp_checksum_transmit"),
    (LVS_ERR_CHECKSUM_ACCEPT, c"checksum_accept is none of lvs_vrrp_checksum_accept"),
    (LVS_ERR_V2_OVER_IPV6, c"VRRP version 2 over IPv6"),
    (LVS_ERR_NO_ADDRESSES, c"no virtual address"),
    (LVS_ERR_TOO_MANY_ADDRESSES, c"too many virtual addresses"),
    (LVS_ERR_DUPLICATE_ADDRESS, c"a virtual address or a peer is listed twice"),
    (LVS_ERR_SOURCE_FAMILY, c"the source is of another family than the virtual addresses"),
    (LVS_ERR_SOURCE_NOT_UNICAST, c"the source address is not unicast"),
    (LVS_ERR_SOURCE_NOT_LINK_LOCAL, c"the IPv6 source address is not link-local"),
    (LVS_ERR_NOT_VRRP, c"no whole VRRP message from a host on the link"),
    (LVS_ERR_PREEMPT_DELAY, c"the preempt delay is longer than 1000 s"),
    (LVS_ERR_ANNOUNCEMENT_GAP, c"announcements would be less than 10 ms apart"),
    (LVS_ERR_NOT_IP, c"neither IPv4 nor IPv6"),
    (LVS_ERR_MALFORMED, c"the frame is cut short or damaged"),
    (LVS_ERR_LOCAL_EXISTS, c"it is a local address already"),
    (LVS_ERR_NO_ANSWER, c"the frame is not to be answered"),
    (LVS_ERR_HOOK, c"a hook is none of LVS_HOOK_*"),
    (LVS_ERR_TUNNEL, c"no such tunnel"),
    (LVS_ERR_VERDICT, c"no verdict that a frame can follow"),
    (LVS_ERR_CALL_ID, c"a Call-ID is not 1 to 255 octets"),
    (LVS_ERR_TUNNEL_PORT, c"the port of a GUE tunnel is 0"),
    (LVS_ERR_NO_SUCH_LOCAL, c"no such local address"),
    (LVS_ERR_RULE, c"a line is not a rule of ipvsadm"),
    (LVS_ERR_COLUMNS, c"columns are none of lvs_columns"),
    (LVS_ERR_LISTING_FLAGS, c"no such listing flag"),
    (LVS_ERR_PEER, c"an address is no possible peer, or there are too many"),
    (LVS_ERR_GROUP, c"an address is not a group for adverts"),
    (LVS_ERR_AUTHENTICATION, c"no such authentication with this version"),
    (LVS_ERR_KEY, c"a key is not of the number or length that the authentication wants"),
    (LVS_ERR_PATH, c"no more paths"),
    (LVS_ERR_TRACKER_WEIGHT, c"the weight of a tracker is not -254 to 254"),
    (LVS_ERR_NO_REPORTS, c"rise or fall of a tracker is 0"),
    (LVS_ERR_SNAPSHOT, c"no snapshot, or one of another release"),
    (LVS_ERR_ADVERTISED, c"more addresses are to be advertised than there are, or than 255"),
    (LVS_ERR_RESTART, c"another virtual router: shut this one down and make a new one"),
    (LVS_ERR_ADVERT_VRID, c"an advert of another VRID, or of none"),
    (LVS_ERR_ADVERT_HOP_LIMIT, c"an advert with another TTL or hop limit than 255"),
    (LVS_ERR_ADVERT_VERSION, c"an advert of another version, or of an unknown one"),
    (LVS_ERR_ADVERT_TYPE, c"a VRRP message that is no advert"),
    (LVS_ERR_ADVERT_LENGTH, c"an advert of the wrong length"),
    (LVS_ERR_ADVERT_CHECKSUM, c"the checksum of an advert does not verify"),
    (LVS_ERR_ADVERT_DESTINATION, c"an advert to somewhere else"),
    (LVS_ERR_ADVERT_AUTHENTICATION, c"an advert with authentication that is not asked for"),
    (LVS_ERR_NO_SUCH_NEIGHBOR, c"no such neighbor"),
    (LVS_ERR_NOT_A_NEIGHBOR, c"no neighbor can have this address, or this link address"),
    (LVS_ERR_NEIGHBORS_FULL, c"the neighbor cache is full"),
    (LVS_ERR_NO_OWN_ADDRESS, c"no own address of that family"),
    (LVS_ERR_QUORUM, c"the quorum is 0, or the hysteresis is not less"),
    (LVS_ERR_CHECK, c"no such check, or one that never passes or is over before it began"),
    (LVS_ERR_CONNECT_PORT, c"a check has no port to connect to"),
    (LVS_ERR_TOO_MANY_CHECKS, c"no room for so many checks"),
    (LVS_ERR_OUTCOME, c"no such outcome"),
    (LVS_ERR_STALE_CHECK, c"the check was removed"),
    (LVS_ERR_NO_SUCH_ROUTER, c"no such virtual router"),
    (LVS_ERR_ROUTER_EXISTS, c"the interface has a virtual router that would hear the same"),
    (LVS_ERR_ENGINE_FULL, c"no room for one more virtual router"),
    (LVS_ERR_SYNC_GROUP, c"the virtual router is in a sync group, follows, or is followed"),
    (LVS_ERR_INPUT, c"no such input"),
    (LVS_ERR_SYNC_VERSION, c"the version of sync messages is neither 0 nor 1"),
    (LVS_ERR_SYNC_THRESHOLD, c"the packet of the threshold is not below its period"),
    (LVS_ERR_SYNC_LENGTH, c"sync messages would not hold their header"),
    (LVS_ERR_SYNC_MASTER, c"the director is a sync master already"),
    (LVS_ERR_SYNC_MESSAGE, c"no sync message, or one of another size than it says"),
    (LVS_ERR_SYNC_ID, c"a sync message for directors of another sync id"),
];

/// A few words for `status`, static and never NULL, whatever the number.
#[unsafe(no_mangle)]
pub extern "C" fn lvs_strerror(status: c_int) -> *const c_char {
    MESSAGES
        .iter()
        .find(|(known, _)| *known as c_int == status)
        .map_or(c"unknown status", |(_, message)| message)
        .as_ptr()
}
