/*
 * Linux Virtual Server for C: directors, schedulers over destinations, and VRRP virtual routers.
 *
 * Nothing here opens a socket, reads a clock or starts a thread. Flows, frames and time go in;
 * verdicts, destinations, actions, frames and deadlines come out. The same calls give the same
 * answers, always.
 *
 * Handles (`struct lvs_director`, `struct lvs_pool`, `struct lvs_checker`, `struct lvs_neighbors`,
 * `struct lvs_vrrp`, `struct lvs_engine`, `struct lvs_interface_hold`, `struct lvs_tracker`) are
 * opaque. `*_create` makes one, `*_init` makes one in memory of the caller's; `*_destroy` ends it and
 * takes NULL, too.
 *
 * Results: `enum lvs_status` is 0 or negative; `lvs_strerror` has words for it. A function that
 * returns `int` gives a negative `lvs_status`, or what its comment says. Unless it gives
 * `LVS_ERR_PANIC`, a call that fails has changed nothing, and what it was to fill in is as it
 * was. NULL is checked everywhere; an array of no items may be NULL.
 *
 * Structs that begin with `size` may grow. Set `size` to the `sizeof` of the struct before you
 * hand it in, also where it is only to be filled; the defaults come from `*_config_init`. Unknown
 * sizes are refused.
 *
 * Threads: what takes a handle as `const` may be called from several threads at once, all else
 * from one at a time. Nothing is locked, and nothing is global but `lvs_set_allocator`. Pointers of
 * one call must not overlap.
 *
 * Memory is taken by calls that create and configure. What packets and timers lead to takes none:
 * `lvs_director_decide`, `lvs_director_process`, their likes and bursts, `lvs_director_follow`,
 * `lvs_director_handle_timeout`, `lvs_director_poll_sync_message`,
 * `lvs_director_receive_sync_message`, `lvs_pool_pick_burst`, `lvs_pool_*_conn`,
 * `lvs_pool_handle_timeout`, all that a virtual router, an engine, an interface hold or a neighbor
 * cache is fed or asked after its creation, other configurations aside, and a checker while it runs.
 *
 * Time is an argument, `lvs_time`. What is timed has one loop: drain `lvs_vrrp_poll_action` until
 * it is empty, wait for input or for the deadline, feed exactly one input, drain again.
 *
 * Panics, should there be any, end at this door: the call gives `LVS_ERR_PANIC`, and so does every
 * later call with the same handle, which can still be destroyed. In a bare library they abort.
 *
 * Rule ids like [WRR-4] name rules of behaviour; `docs/conformance-ipvs.md` and
 * `docs/conformance-vrrp.md` say what they are.
 */

/* Generated from lvs-ffi/src; to change it, change that. SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LVS_H
#define LVS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------
 * Versions.
 */

/** The major version of this header. */
#define LVS_VERSION_MAJOR 0

/** The minor version of this header. */
#define LVS_VERSION_MINOR 1

/** The patch version of this header. */
#define LVS_VERSION_PATCH 0

/** The version of the library that is linked, like "0.1.0"; static, never NULL. */
const char *lvs_version(void);

/* ---------------------------------------------------------------------------
 * Results.
 */

/** How a call went. `lvs_strerror` has words for each. */
enum lvs_status {
    /** Done. */
    LVS_OK = 0,
    /** A pointer is NULL that must not be. */
    LVS_ERR_NULL = -1,
    /** The `size` of a struct is not one that this library knows. */
    LVS_ERR_STRUCT_SIZE = -2,
    /** There is no memory. */
    LVS_ERR_NO_MEMORY = -3,
    /** The buffer is too small. */
    LVS_ERR_BUFFER_TOO_SMALL = -4,
    /** An array would be larger than memory. */
    LVS_ERR_COUNT = -5,
    /** A bug in the library was caught; of the handle nothing can be had any more. */
    LVS_ERR_PANIC = -6,
    /** An address is neither LVS_IPV4 nor LVS_IPV6. */
    LVS_ERR_FAMILY = -7,
    /** Addresses are of two families that must be of one. */
    LVS_ERR_MIXED_FAMILIES = -8,
    /** An address is not that of one machine. */
    LVS_ERR_NOT_UNICAST = -9,
    /** There is no such profile. */
    LVS_ERR_PROFILE = -10,
    /** Refused, for a reason that has no number yet. */
    LVS_ERR_OTHER = -11,
    /** There is an allocator already. */
    LVS_ERR_ALLOCATOR = -12,
    /** A text is not UTF-8. */
    LVS_ERR_TEXT = -13,
    /** There is no such scheduler. */
    LVS_ERR_SCHEDULER = -20,
    /** A scheduler flag does not exist. */
    LVS_ERR_SCHEDULER_FLAGS = -21,
    /** There is no such forwarding method. */
    LVS_ERR_METHOD = -22,
    /** The weight is greater than INT32_MAX [DST-8]. */
    LVS_ERR_WEIGHT = -23,
    /** The lower threshold is above the upper one [DST-8]. */
    LVS_ERR_THRESHOLDS_CROSSED = -24,
    /** The upper threshold is greater than INT32_MAX [DST-8]. */
    LVS_ERR_UPPER_THRESHOLD = -25,
    /** There is no such service. */
    LVS_ERR_NO_SUCH_SERVICE = -26,
    /** There is a destination of this address and port already [DST-5]. */
    LVS_ERR_DEST_EXISTS = -27,
    /** There is no such destination, or no longer. */
    LVS_ERR_NO_SUCH_DEST = -28,
    /** The connection was closed before. */
    LVS_ERR_STALE_CONN = -29,
    /** As many connections are open as there is room for. */
    LVS_ERR_TABLE_FULL = -30,
    /** The index of the table of mh is not 8 to 17 [MH-1]. */
    LVS_ERR_MH_TABLE_INDEX = -31,
    /** There is a service of this key already. */
    LVS_ERR_SERVICE_EXISTS = -32,
    /** A service is not of TCP, UDP or SCTP [SVC-2]. */
    LVS_ERR_PROTOCOL = -33,
    /** The prefix of a persistent IPv6 service is not 1 to 128 [SVC-3]. */
    LVS_ERR_NETMASK = -34,
    /** The service has more destinations than the scheduler can start with [MH-9]. */
    LVS_ERR_TOO_MANY_DESTS = -35,
    /** There is no such persistence engine. */
    LVS_ERR_ENGINE = -36,
    /** A policy flag does not exist, or the reuse mode is greater than 255. */
    LVS_ERR_POLICY = -37,
    /** There is no such way to defend. */
    LVS_ERR_DEFENCE = -38,
    /** A timeout is longer than INT32_MAX ticks [TMO-2]. */
    LVS_ERR_TIMEOUT = -39,
    /** The VRRP version is neither 2 nor 3. */
    LVS_ERR_VERSION = -40,
    /** The VRID is 0; 1 to 255 are possible. */
    LVS_ERR_VRID = -41,
    /** Priority 0 only says that a router resigns [V3-TX-5]. */
    LVS_ERR_PRIORITY = -42,
    /** The interval is not 1 to 4095 centiseconds; in version 2, 1 to 255 whole seconds [T-9]. */
    LVS_ERR_INTERVAL = -43,
    /** The advert count is not 1 to 100. */
    LVS_ERR_ADVERT_COUNT = -44,
    /** There is no such way to treat losing adverts. */
    LVS_ERR_LOSING_ADVERT = -45,
    /** There is no such way to treat adverts that an owner hears. */
    LVS_ERR_OWNER_ADVERTS = -46,
    /** There is no such way to treat other address lists. */
    LVS_ERR_ADDRESS_MISMATCH = -47,
    /** There is no such checksum form to send. */
    LVS_ERR_CHECKSUM_TRANSMIT = -48,
    /** There is no such checksum form to accept. */
    LVS_ERR_CHECKSUM_ACCEPT = -49,
    /** VRRP version 2 knows IPv4 only [W-3]. */
    LVS_ERR_V2_OVER_IPV6 = -50,
    /** Version 3 needs a virtual address [V3-TX-9]. */
    LVS_ERR_NO_ADDRESSES = -51,
    /**
     * There are more than 1024 virtual addresses, more than 255 to be advertised, or more than there
     * is room for.
     */
    LVS_ERR_TOO_MANY_ADDRESSES = -52,
    /** A virtual address or a peer is listed twice [W-18]. */
    LVS_ERR_DUPLICATE_ADDRESS = -53,
    /** The source address is of another family than the virtual addresses. */
    LVS_ERR_SOURCE_FAMILY = -54,
    /** The source address is not that of one machine. */
    LVS_ERR_SOURCE_NOT_UNICAST = -55,
    /** The IPv6 source address is not link-local [V3-TX-15]. */
    LVS_ERR_SOURCE_NOT_LINK_LOCAL = -56,
    /** The packet does not carry a whole VRRP message from a host on the link. */
    LVS_ERR_NOT_VRRP = -57,
    /** The preempt delay is longer than 1000 s. */
    LVS_ERR_PREEMPT_DELAY = -58,
    /** Announcements would follow each other by less than 10 ms. */
    LVS_ERR_ANNOUNCEMENT_GAP = -59,
    /** The frame carries neither IPv4 nor IPv6. */
    LVS_ERR_NOT_IP = -60,
    /** The frame is cut short or damaged. */
    LVS_ERR_MALFORMED = -61,
    /** It is a local address already. */
    LVS_ERR_LOCAL_EXISTS = -62,
    /** The frame is not to be answered. */
    LVS_ERR_NO_ANSWER = -63,
    /** A hook is none of `LVS_HOOK_*`. */
    LVS_ERR_HOOK = -64,
    /** There is no such tunnel. */
    LVS_ERR_TUNNEL = -65,
    /** A verdict is none that a frame can follow. */
    LVS_ERR_VERDICT = -66,
    /** A Call-ID is not 1 to 255 octets. */
    LVS_ERR_CALL_ID = -67,
    /** The UDP port of a GUE tunnel is 0 [DST-8]. */
    LVS_ERR_TUNNEL_PORT = -68,
    /** It is no local address. */
    LVS_ERR_NO_SUCH_LOCAL = -69,
    /** A line is no rule. */
    LVS_ERR_RULE = -70,
    /** There are no such columns. */
    LVS_ERR_COLUMNS = -71,
    /** A listing flag does not exist. */
    LVS_ERR_LISTING_FLAGS = -72,
    /**
     * A peer is of another family than the source, not unicast, the router itself, or has no
     * possible TTL; or there are more than 255.
     */
    LVS_ERR_PEER = -80,
    /** The group is none of the family, or over IPv6 not of link-local scope. */
    LVS_ERR_GROUP = -81,
    /** There is no such authentication, or not with this version. */
    LVS_ERR_AUTHENTICATION = -82,
    /** A key is not of the number or length that the authentication wants, or there are too many. */
    LVS_ERR_KEY = -83,
    /** There are no more paths. */
    LVS_ERR_PATH = -84,
    /** The weight of a tracker is not -254 to 254 [X-45]. */
    LVS_ERR_TRACKER_WEIGHT = -85,
    /** `rise` or `fall` of a tracker is 0. */
    LVS_ERR_NO_REPORTS = -86,
    /** The octets are no snapshot, or one of another release. */
    LVS_ERR_SNAPSHOT = -87,
    /** More addresses are to be advertised than there are, or than 255. */
    LVS_ERR_ADVERTISED = -88,
    /** The configuration is that of another virtual router: version, VRID or family differ [FSM-26]. */
    LVS_ERR_RESTART = -89,
    /** An advert is for VRID 0, or for another one [V3-RX-7]. */
    LVS_ERR_ADVERT_VRID = -90,
    /** The TTL or hop limit of an advert is not 255 [V3-RX-1]. */
    LVS_ERR_ADVERT_HOP_LIMIT = -91,
    /** The version of an advert is unknown, or another one [V3-RX-3]. */
    LVS_ERR_ADVERT_VERSION = -92,
    /** A VRRP message is no advert [V3-RX-4]. */
    LVS_ERR_ADVERT_TYPE = -93,
    /** The length of an advert does not fit its address count [V3-RX-5]. */
    LVS_ERR_ADVERT_LENGTH = -94,
    /** The checksum of an advert does not verify [V3-RX-6]. */
    LVS_ERR_ADVERT_CHECKSUM = -95,
    /** An advert went somewhere else [W-28]. */
    LVS_ERR_ADVERT_DESTINATION = -96,
    /** An advert has an authentication that is not asked for [W-6] [W-41]. */
    LVS_ERR_ADVERT_AUTHENTICATION = -97,
    /** The address is not in the neighbor cache. */
    LVS_ERR_NO_SUCH_NEIGHBOR = -100,
    /** No neighbor can have this address, or this link address. */
    LVS_ERR_NOT_A_NEIGHBOR = -101,
    /** All that is in the neighbor cache is in use. */
    LVS_ERR_NEIGHBORS_FULL = -102,
    /** There is no own address of that family. */
    LVS_ERR_NO_OWN_ADDRESS = -103,
    /** The quorum is 0, or the hysteresis is not less. */
    LVS_ERR_QUORUM = -110,
    /** There is no such check, or one that would never pass, or be over before it began. */
    LVS_ERR_CHECK = -111,
    /** A check has no port to connect to. */
    LVS_ERR_CONNECT_PORT = -112,
    /** There is room for fewer checks. */
    LVS_ERR_TOO_MANY_CHECKS = -113,
    /** There is no such outcome. */
    LVS_ERR_OUTCOME = -114,
    /** The check is removed. */
    LVS_ERR_STALE_CHECK = -115,
    /** There is no such virtual router, or no longer. */
    LVS_ERR_NO_SUCH_ROUTER = -120,
    /** The interface has a virtual router of this VRID and family that would hear the same [X-38]. */
    LVS_ERR_ROUTER_EXISTS = -121,
    /** There is no room for one more virtual router. */
    LVS_ERR_ENGINE_FULL = -122,
    /** The virtual router is in a sync group already, follows another one, or is followed. */
    LVS_ERR_SYNC_GROUP = -123,
    /** There is no such input. */
    LVS_ERR_INPUT = -124,
    /** The version of sync messages is neither 0 nor 1. */
    LVS_ERR_SYNC_VERSION = -130,
    /** The packet at which connections are announced is not below the period [SYN-12]. */
    LVS_ERR_SYNC_THRESHOLD = -131,
    /** Sync messages would not hold their header. */
    LVS_ERR_SYNC_LENGTH = -132,
    /** The director is a sync master already [SYD-2]. */
    LVS_ERR_SYNC_MASTER = -133,
    /** The octets are no sync message: cut short, or of another size than they say [BK-1]. */
    LVS_ERR_SYNC_MESSAGE = -134,
    /** A sync message is for directors of another sync id [BK-1]. */
    LVS_ERR_SYNC_ID = -135,
};

/** A few words for `status`, static and never NULL, whatever the number. */
const char *lvs_strerror(int status);

/* ---------------------------------------------------------------------------
 * Memory.
 */

/**
 * Gives `size` octets aligned to `alignment`, a power of two, or NULL. `context` is that of
 * `lvs_set_allocator`.
 */
typedef void *(*lvs_alloc_fn)(void *context, size_t size, size_t alignment);

/** Takes back what `lvs_alloc_fn` gave, with the same `size` and `alignment`. */
typedef void (*lvs_free_fn)(void *context, void *memory, size_t size, size_t alignment);

/**
 * Sets where a bare library takes its memory from: call it once, before anything else, while there
 * is one thread. All memory is taken by calls that configure, none by those that packets and timers
 * lead to. A bare library without malloc has no memory before: what needs some gives
 * `LVS_ERR_NO_MEMORY`.
 *
 * Errors: `LVS_ERR_NULL`; `LVS_ERR_ALLOCATOR` if it was called before, or if the library has the allocator
 * of its program, as all have that are not bare.
 *
 * Safety: The functions do what `lvs_alloc_fn` and `lvs_free_fn` say, with `context`.
 */
enum lvs_status lvs_set_allocator(lvs_alloc_fn alloc, lvs_free_fn free, void *context);

/**
 * Is called by a bare library without libc that has found a bug in itself, at `line` of the
 * `file` whose name has so many octets; the program has to define it, and it must not return.
 * Libraries with libc call abort.
 */
extern void lvs_panic(const uint8_t *file, size_t length, uint32_t line);

/* ---------------------------------------------------------------------------
 * Time.
 */

/**
 * A moment, in microseconds since any epoch that the caller likes; the epoch must not move.
 *
 * A clock that goes on while the machine is suspended is best (CLOCK_BOOTTIME on Linux). A moment
 * earlier than the last one handed in counts as the last one.
 */
typedef uint64_t lvs_time;

/* ---------------------------------------------------------------------------
 * Addresses.
 */

/** The family of an IPv4 address. */
#define LVS_IPV4 4

/** The family of an IPv6 address. */
#define LVS_IPV6 6

/** An IP address. */
struct lvs_address {
    /** LVS_IPV4 or LVS_IPV6. */
    uint8_t family;
    /**
     * In network order. Of IPv4 the first four count; the others are written as zeros and not
     * read.
     */
    uint8_t octets[16];
};

/** An Ethernet address. */
struct lvs_mac {
    /** In transmission order. */
    uint8_t octets[6];
};

/* ---------------------------------------------------------------------------
 * Flows: packets as decisions see them.
 */

/** The ports and flags of a flow are known. */
#define LVS_READABLE 0

/** The transport header is cut short. */
#define LVS_CUT_SHORT 1

/** The transport header is in an earlier fragment. */
#define LVS_LATER_FRAGMENT 2

/** The packet was met on its way to this host, and so to a virtual address. */
#define LVS_HOOK_LOCAL_IN 0

/** The packet was met on its way through this host: an answer of a real server. */
#define LVS_HOOK_FORWARD 1

/** The packet was made by this host itself. */
#define LVS_HOOK_LOCAL_OUT 2

/** The packet ends before the type of its first SCTP chunk. */
#define LVS_NO_SCTP_CHUNK 255

/** The packet that an ICMP error is about, as far as the error quotes it; of the flow's family. */
struct lvs_embedded {
    /** Not 0 if there is one; else nothing here counts. */
    uint8_t present;
    /** Its IP protocol number. */
    uint8_t protocol;
    /** Not 0 if the ports are known: the protocol has them, and the quote does not end before. */
    uint8_t has_ports;
    /** Its source port, in host order. */
    uint16_t source_port;
    /** Its destination port, in host order. */
    uint16_t destination_port;
    /** Its source address in network order; of IPv4 the first four octets. */
    uint8_t source[16];
    /** Its destination address, likewise. */
    uint8_t destination[16];
};

/** Everything that a decision may depend on in a packet. Zero what you do not know. */
struct lvs_flow {
    /** LVS_IPV4 or LVS_IPV6, of both addresses. */
    uint8_t family;
    /** The IP protocol number: 6 is TCP, 17 is UDP, 132 is SCTP. */
    uint8_t protocol;
    /** Of TCP the control bits: FIN 1, SYN 2, RST 4, ACK 16 (RFC 9293 section 3.1). */
    uint8_t tcp_flags;
    /** LVS_READABLE, LVS_CUT_SHORT or LVS_LATER_FRAGMENT; any other number counts as the second. */
    uint8_t unreadable;
    /** Of TCP, UDP and SCTP the sender's port, in host order. */
    uint16_t source_port;
    /** Of TCP, UDP and SCTP the receiver's port, in host order. */
    uint16_t destination_port;
    /** The firewall mark that the caller put on the packet; 0 is no mark. */
    uint32_t mark;
    /** Octets of the IP packet, headers included; statistics count them. */
    uint32_t length;
    /** Of a fragment, the identification that all of its packet have. */
    uint32_t fragment;
    /** The sender's address in network order; of IPv4 the first four octets. */
    uint8_t source[16];
    /** The receiver's address, likewise: on the way from a client, the virtual address. */
    uint8_t destination[16];
    /**
     * Of SCTP the type of the first chunk (RFC 9260 section 3.2), but 6 if an abort is right
     * behind a cookie chunk [SCTP-2]; or LVS_NO_SCTP_CHUNK.
     */
    uint8_t sctp_chunk;
    /** LVS_HOOK_LOCAL_IN, LVS_HOOK_FORWARD or LVS_HOOK_LOCAL_OUT. */
    uint8_t hook;
    /** Not 0 if it rides on a confirmed conntrack entry: one that an earlier packet made. */
    uint8_t tracked;
    /** Not 0 if its destination address routes as unicast: to another host, not to this one. */
    uint8_t unicast;
    /** Not 0 if it is a fragment, the first one or with LVS_LATER_FRAGMENT one that follows it. */
    uint8_t is_fragment;
    /** Of an ICMP error, the packet that it is about. */
    struct lvs_embedded embedded;
};

/* ---------------------------------------------------------------------------
 * Frames: Ethernet frames in buffers of the caller's.
 */

/**
 * A frame in a buffer, and what the caller knows of it besides. A frame that is put into a tunnel
 * begins earlier in its buffer: 52 octets of headroom are enough for any. Nothing behind a frame is
 * touched.
 */
struct lvs_frame {
    /** The buffer, of `offset` plus `length` octets at least. */
    uint8_t *buffer;
    /** Octets of headroom: the Ethernet header begins here. */
    size_t offset;
    /** Octets of the frame, Ethernet header included. */
    size_t length;
    /** The firewall mark that the caller put on the packet; 0 is no mark. */
    uint32_t mark;
    /** LVS_HOOK_LOCAL_IN, LVS_HOOK_FORWARD or LVS_HOOK_LOCAL_OUT. */
    uint8_t hook;
    /** Not 0 if it rides on a confirmed conntrack entry: one that an earlier packet made. */
    uint8_t tracked;
    /** Not 0 if its destination address routes as unicast: to another host, not to this one. */
    uint8_t unicast;
};

/**
 * Fills in the flow that a frame belongs to, VLAN tags or not. Of all checksums only that of the
 * IPv4 header is verified.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_HOOK`; `LVS_ERR_NOT_IP` if it carries neither IPv4 nor
 * IPv6; `LVS_ERR_MALFORMED` if it is cut short or damaged.
 *
 * Safety: `frame` points to a frame with its octets.
 */
enum lvs_status lvs_frame_parse(const struct lvs_frame *frame, struct lvs_flow *out);

/* ---------------------------------------------------------------------------
 * Answers: frames that a director sends back itself.
 */

/** Octets that hold any frame of this section: an ICMPv6 error behind two VLAN tags. */
#define LVS_ANSWER_MAX 1302

/**
 * The director's own addresses on the way to its clients: the sources of its ICMP errors. Zeros
 * mean that there is none of that family.
 */
struct lvs_own_addresses {
    /** The IPv4 address, in network order. */
    uint8_t ipv4[4];
    /** The IPv6 address, in network order. */
    uint8_t ipv6[16];
};

/**
 * Writes the ICMP error to a client whose service has no destination to offer: port unreachable
 * [SVC-12]. `frame` is the client's, unchanged; the answer goes back the way it came, VLAN tags
 * included. `*length` is the octets written; `LVS_ANSWER_MAX` are always enough. Limiting the rate
 * of answers is the caller's duty (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f).
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_NOT_IP`, `LVS_ERR_MALFORMED`,
 * `LVS_ERR_BUFFER_TOO_SMALL`; `LVS_ERR_NO_ANSWER` if the packet must not be answered (RFC 1122
 * section 3.2.2, RFC 4443 section 2.4 e) or there is no own address to answer from.
 *
 * Safety: `frame` points to a frame with its octets, `out` to room for `capacity` octets.
 */
enum lvs_status lvs_answer_port_unreachable(const struct lvs_frame *frame,
                                            const struct lvs_own_addresses *own,
                                            uint8_t *out,
                                            size_t capacity,
                                            size_t *length);

/**
 * Writes the ICMP error to a client whose packet may go no further: time exceeded [RT-5]. For the
 * rest as `lvs_answer_port_unreachable`.
 *
 * Errors: As for `lvs_answer_port_unreachable`.
 *
 * Safety: `frame` points to a frame with its octets, `out` to room for `capacity` octets.
 */
enum lvs_status lvs_answer_time_exceeded(const struct lvs_frame *frame,
                                         const struct lvs_own_addresses *own,
                                         uint8_t *out,
                                         size_t capacity,
                                         size_t *length);

/**
 * Writes the ICMP error to a client whose packet is longer than `mtu` and must not be sent in
 * fragments: fragmentation needed, or packet too big [RT-7] [RT-8]. For the rest as
 * `lvs_answer_port_unreachable`.
 *
 * Errors: As for `lvs_answer_port_unreachable`.
 *
 * Safety: `frame` points to a frame with its octets, `out` to room for `capacity` octets.
 */
enum lvs_status lvs_answer_packet_too_big(const struct lvs_frame *frame,
                                          const struct lvs_own_addresses *own,
                                          uint32_t mtu,
                                          uint8_t *out,
                                          size_t capacity,
                                          size_t *length);

/**
 * Writes the answer to an ARP request [W-33] or a neighbor solicitation [W-35] for one of the
 * `count` addresses: it is at `mac`. `*length` is the octets written. A virtual router answers so
 * with its virtual MAC address, and while Active only.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_BUFFER_TOO_SMALL`;
 * `LVS_ERR_NO_ANSWER` if the frame does not ask for any of them, or is not to be answered.
 *
 * Safety: `frame` points to a frame with its octets, `addresses` to `count` addresses, `out` to room for
 * `capacity` octets.
 */
enum lvs_status lvs_answer_neighbor(const struct lvs_frame *frame,
                                    const struct lvs_address *addresses,
                                    size_t count,
                                    const struct lvs_mac *mac,
                                    uint8_t *out,
                                    size_t capacity,
                                    size_t *length);

/* ---------------------------------------------------------------------------
 * Schedulers.
 */

/**
 * Flag 1 of a scheduler; of sh it is sh-fallback, of mh mh-fallback: look further if the place is
 * unavailable.
 */
#define LVS_SCHEDULER_FLAG_1 1

/** Flag 2 of a scheduler; of sh it is sh-port, of mh mh-port: the client's port counts, too. */
#define LVS_SCHEDULER_FLAG_2 2

/** Flag 3 of a scheduler; means nothing yet. */
#define LVS_SCHEDULER_FLAG_3 4

/** Who picks destinations, by the names of ipvsadm -s. */
enum lvs_scheduler {
    /** Round robin: each in turn. */
    LVS_SCHEDULER_RR = 0,
    /** Weighted round robin: each in turn, the heavier more often. */
    LVS_SCHEDULER_WRR = 1,
    /** Least connection: where the fewest are. */
    LVS_SCHEDULER_LC = 2,
    /** Weighted least connection: where the fewest are for its weight. The default. */
    LVS_SCHEDULER_WLC = 3,
    /** Locality-based least connection: the same place for one destination address, for caches. */
    LVS_SCHEDULER_LBLC = 4,
    /** The same with replication: a set of places for one destination address. */
    LVS_SCHEDULER_LBLCR = 5,
    /** Destination hashing: a fixed place for each destination address. */
    LVS_SCHEDULER_DH = 6,
    /** Source hashing: a fixed place for each client. */
    LVS_SCHEDULER_SH = 7,
    /** Shortest expected delay: as wlc, the connection to come included. */
    LVS_SCHEDULER_SED = 8,
    /** Never queue: as sed, but an idle one first. */
    LVS_SCHEDULER_NQ = 9,
    /** Weighted failover: all to the heaviest. */
    LVS_SCHEDULER_FO = 10,
    /** Weighted overflow: to the heaviest, and beyond its weight to the next. */
    LVS_SCHEDULER_OVF = 11,
    /** Maglev hashing: a fixed place for each client, and few move when places come and go. */
    LVS_SCHEDULER_MH = 12,
    /** The power of two choices: the less loaded of two that are drawn by weight. */
    LVS_SCHEDULER_TWOS = 13,
};

/** Whose decisions are made, to the bit. */
enum lvs_profile {
    /**
     * Those of almost every running kernel: an active connection weighs 256 inactive ones. The
     * default.
     */
    LVS_PROFILE_CLASSIC = 0,
    /** Those of Linux 6.1.183 and its likes: it weighs 257, and what came with that. */
    LVS_PROFILE_LINUX_6_1_183 = 1,
};

/* ---------------------------------------------------------------------------
 * Tunnels.
 */

/** What stands between the outer IP header of a tunnel and the packet that it carries [TUN-6]. */
enum lvs_tunnel_kind {
    /** Nothing (RFC 2003, RFC 2473, RFC 4213; --tun-type ipip) [TUN-2]. */
    LVS_TUNNEL_IPIP = 0,
    /** UDP and Generic UDP Encapsulation (--tun-type gue) [TUN-3]. */
    LVS_TUNNEL_GUE = 1,
    /** Generic Routing Encapsulation (RFC 2784; --tun-type gre) [TUN-4]. */
    LVS_TUNNEL_GRE = 2,
};

/** The checksum of a tunnel. */
enum lvs_tunnel_checksum {
    /** None (--tun-nocsum). */
    LVS_TUNNEL_CHECKSUM_NONE = 0,
    /** That of UDP or of GRE (--tun-csum). */
    LVS_TUNNEL_CHECKSUM = 1,
    /**
     * Of GUE, as LVS_TUNNEL_CHECKSUM: in a frame from the wire no checksum is left for a receiver
     * to finish (--tun-remcsum) [TUN-3].
     */
    LVS_TUNNEL_CHECKSUM_REMOTE = 2,
};

/** How a packet is carried by LVS_METHOD_TUNNEL; zeros are IP in IP. */
struct lvs_tunnel {
    /** One of `enum lvs_tunnel_kind`. */
    uint8_t kind;
    /** One of `enum lvs_tunnel_checksum`. */
    uint8_t checksum;
    /** Of GUE the real server's UDP port, in host order. */
    uint16_t port;
};

/* ---------------------------------------------------------------------------
 * Destinations.
 */

/** Names a destination of one pool, and never another one that came after it. */
typedef uint64_t lvs_dest_id;

/** No destination. */
#define LVS_NO_DEST UINT64_MAX

/** How packets get to a destination. */
enum lvs_method {
    /** Addresses and ports are translated, both ways (ipvsadm -m). */
    LVS_METHOD_NAT = 0,
    /** The packet stays as it is and goes to the server's link address (ipvsadm -g). */
    LVS_METHOD_DIRECT_ROUTE = 1,
    /** The packet is carried in another IP packet (ipvsadm -i). */
    LVS_METHOD_TUNNEL = 2,
    /** Addresses and ports of both ends are translated, both ways (--fullnat of DPVS). */
    LVS_METHOD_FULL_NAT = 3,
};

/** What a destination is told to be. */
struct lvs_dest_config {
    /** The sizeof of this struct. */
    size_t size;
    /** The real server's address. */
    struct lvs_address address;
    /** The real server's port in host order; 0 keeps the packet's own. */
    uint16_t port;
    /** The share of new connections, 0 to INT32_MAX; 0 is quiesced: no new ones [DST-14]. */
    uint32_t weight;
    /** One of `enum lvs_method`. */
    int method;
    /** How packets are carried there; LVS_METHOD_TUNNEL alone asks. */
    struct lvs_tunnel tunnel;
    /**
     * At this many connections, active and inactive, the destination is overloaded; 0 is never
     * [OVL-1].
     */
    uint32_t upper_threshold;
    /**
     * Below this many connections it is no longer overloaded; at most the upper one; 0 stands for
     * three quarters of it [OVL-1].
     */
    uint32_t lower_threshold;
};

/** What is known of a destination. */
struct lvs_dest {
    /** The sizeof of this struct. */
    size_t size;
    /** The real server's address. */
    struct lvs_address address;
    /** The real server's port in host order. */
    uint16_t port;
    /** The share of new connections; 0 is quiesced. */
    uint32_t weight;
    /** How packets get there, one of `enum lvs_method`. */
    int method;
    /** How they are carried there; of LVS_METHOD_TUNNEL. */
    struct lvs_tunnel tunnel;
    /** Connections that are active [CNT-6]. */
    uint32_t active_conns;
    /** All other connections [CNT-1]. */
    uint32_t inactive_conns;
    /** Persistence templates [CNT-3]. */
    uint32_t persistent_conns;
    /** 1 if the thresholds keep new connections away [OVL-5], else 0. */
    uint8_t overloaded;
    /** 1 if it is in the list; 0 if it was deleted and waits for its last connections [DST-4]. */
    uint8_t available;
};

/**
 * Fills in a destination of weight 1 by direct routing, without thresholds, as ipvsadm does
 * [ADM-1]. `config->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`.
 *
 * Safety: `config` points to a `struct lvs_dest_config` of any version.
 */
enum lvs_status lvs_dest_config_init(struct lvs_dest_config *config,
                                     const struct lvs_address *address,
                                     uint16_t port);

/* ---------------------------------------------------------------------------
 * Pools: a scheduler and a list of destinations, for programs with a flow table of their own,
 * who tell it what opened and what closed.
 */

/** Names a connection of one pool, and never another one that came after it. */
typedef uint64_t lvs_conn_token;

/** What a pool is told to be. */
struct lvs_pool_config {
    /** The sizeof of this struct. */
    size_t size;
    /** One of `enum lvs_scheduler`. */
    int scheduler;
    /** The sum of some of `LVS_SCHEDULER_FLAG_*`. */
    uint32_t scheduler_flags;
    /** One of `enum lvs_profile`. */
    int profile;
    /** The most connections that are open at once; memory for them is taken at creation. */
    uint32_t connections;
    /**
     * Of rr and wrr: places after the head of the list where each walk begins, so that several
     * pools do not all begin at one server. 0 is the kernel's way.
     */
    uint32_t start_offset;
    /**
     * Of lblc and lblcr: addresses above which old ones are cleared away; half as many again is
     * the most that the cache holds [LBLC-1]. Memory for them is taken at creation.
     */
    uint32_t lblc_capacity;
    /** Of lblc and lblcr: seconds after which an unused address is forgotten [LBLC-8]. */
    uint32_t lblc_expiration_secs;
    /** Of mh: the index of its table, 8 to 17; the kernel's 12 is 4093 slots [MH-1]. */
    uint32_t mh_table_index;
    /**
     * A secret, for tables that strangers fill, whose speed alone depends on it, and for the draws
     * of twos.
     */
    uint64_t seed[2];
};

/** A scheduler and its destinations. */
struct lvs_pool;

/**
 * Fills in the defaults: wlc as every kernel does it. `config->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `config` points to a `struct lvs_pool_config` of any version.
 */
enum lvs_status lvs_pool_config_init(struct lvs_pool_config *config);

/**
 * Makes an empty pool.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_SCHEDULER`, `LVS_ERR_SCHEDULER_FLAGS`,
 * `LVS_ERR_PROFILE`, `LVS_ERR_MH_TABLE_INDEX`, `LVS_ERR_NO_MEMORY`.
 *
 * Safety: `config` points to a `struct lvs_pool_config` of any version.
 */
enum lvs_status lvs_pool_create(const struct lvs_pool_config *config,
                                lvs_time now,
                                struct lvs_pool **out);

/** Ends a pool; NULL is allowed. The handle is not to be used again. */
void lvs_pool_destroy(struct lvs_pool *pool);

/**
 * Adds a destination, at the head of the list [DST-1]; one that was deleted while it had
 * connections comes back with them [DST-5].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_METHOD`, `LVS_ERR_TUNNEL`,
 * `LVS_ERR_TUNNEL_PORT`, `LVS_ERR_WEIGHT`,
 * `LVS_ERR_THRESHOLDS_CROSSED`, `LVS_ERR_UPPER_THRESHOLD`, `LVS_ERR_NOT_UNICAST`,
 * `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_DEST_EXISTS`, `LVS_ERR_NO_MEMORY`.
 *
 * Safety: `config` points to a `struct lvs_dest_config` of any version.
 */
enum lvs_status lvs_pool_add_dest(struct lvs_pool *pool,
                                  lvs_time now,
                                  const struct lvs_dest_config *config,
                                  lvs_dest_id *out);

/**
 * Replaces the configuration of the destination of that address and port [DST-10].
 *
 * Errors: As for `lvs_pool_add_dest`, and `LVS_ERR_NO_SUCH_DEST`.
 *
 * Safety: `config` points to a `struct lvs_dest_config` of any version.
 */
enum lvs_status lvs_pool_edit_dest(struct lvs_pool *pool,
                                   lvs_time now,
                                   const struct lvs_dest_config *config);

/**
 * Takes the destination of that address and port out of the list. Its id stays good until two
 * minutes and more after its last connection was closed [DST-6].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_DEST`.
 */
enum lvs_status lvs_pool_delete_dest(struct lvs_pool *pool,
                                     lvs_time now,
                                     const struct lvs_address *address,
                                     uint16_t port);

/**
 * Picks a destination for each of `count` new connections, in order, and writes it to the same
 * place of `dests`: `LVS_NO_DEST` where there is none to offer. Of the schedulers dh, sh, mh, lblc and
 * lblcr look at the flows: if one is neither LVS_IPV4 nor LVS_IPV6, it is `LVS_NO_DEST` as well.
 *
 * Nothing is counted: say `lvs_pool_open_conn` for what is used.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
 *
 * Safety: `flows` points to `count` flows, `dests` to room for as many.
 */
enum lvs_status lvs_pool_pick_burst(struct lvs_pool *pool,
                                    lvs_time now,
                                    const struct lvs_flow *flows,
                                    size_t count,
                                    lvs_dest_id *dests);

/**
 * A connection to `dest` was made; it counts as inactive [CNT-2]. `out` is its token, good until
 * the connection is closed, whatever becomes of the destination.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_DEST`, `LVS_ERR_TABLE_FULL`.
 */
enum lvs_status lvs_pool_open_conn(struct lvs_pool *pool, lvs_dest_id dest, lvs_conn_token *out);

/**
 * The connection became active, or still is [CNT-5].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STALE_CONN`.
 */
enum lvs_status lvs_pool_activate_conn(struct lvs_pool *pool, lvs_conn_token conn);

/**
 * The connection became inactive, or still is [CNT-5].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STALE_CONN`.
 */
enum lvs_status lvs_pool_deactivate_conn(struct lvs_pool *pool, lvs_conn_token conn);

/**
 * The connection ended [CNT-4]; its token is not good any more.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STALE_CONN`.
 */
enum lvs_status lvs_pool_close_conn(struct lvs_pool *pool, lvs_conn_token conn);

/**
 * Fills in what is known of `dest`. `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_SUCH_DEST`.
 *
 * Safety: `out` points to a `struct lvs_dest` of any version.
 */
enum lvs_status lvs_pool_get_dest(const struct lvs_pool *pool,
                                  lvs_dest_id dest,
                                  struct lvs_dest *out);

/**
 * Does what is due: deleted destinations and cached addresses are forgotten. Calls that come early
 * do nothing.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_pool_handle_timeout(struct lvs_pool *pool, lvs_time now);

/**
 * When `lvs_pool_handle_timeout` is wanted: 1 and the moment in `out`, or 0 if it is not. Every
 * other call may change that.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_pool_next_deadline(const struct lvs_pool *pool, lvs_time *out);

/* ---------------------------------------------------------------------------
 * Verdicts: what becomes of a packet.
 */

/** What to do with a packet. */
enum lvs_verdict_kind {
    /** Not ours: hand it to the local stack, untouched. */
    LVS_VERDICT_PASS = 0,
    /** Send it on to a real server, `hop`. */
    LVS_VERDICT_FORWARD = 1,
    /**
     * A real server's answer: let it go on to the client [NAT-6]. `hop` is whom it is to come
     * from in the client's eyes; for methods that do not translate it stays as it is.
     */
    LVS_VERDICT_REPLY = 2,
    /** Drop it and tell the client that the port is unreachable [SVC-12]. */
    LVS_VERDICT_REJECT = 3,
    /** Drop it in silence, for `reason`. */
    LVS_VERDICT_DROP = 4,
};

/** Why a packet is dropped without an answer. */
enum lvs_drop_reason {
    /** It is not dropped. */
    LVS_DROP_NONE = 0,
    /** The transport header is cut short or in an earlier fragment [SVC-10]. */
    LVS_DROP_HEADER_UNREADABLE = 1,
    /**
     * Its connection belongs to a destination that was deleted [NOD-1], or goes through a tunnel
     * to one that never was [BK-8].
     */
    LVS_DROP_DESTINATION_DELETED = 2,
    /**
     * Its connection is over, but it rides on that one's conntrack entry: the client sends it
     * again, and gets through [REUSE-4].
     */
    LVS_DROP_TRACKED = 3,
    /** The connection table has no room for a new connection or template. */
    LVS_DROP_TABLE_FULL = 4,
    /** It would have opened one connection more than the defences let through [DEF-3]. */
    LVS_DROP_DEFENDED = 5,
    /** Its service tells calls apart, and it is no message of a call [PE-1]. */
    LVS_DROP_NO_CALL_ID = 6,
    /** An ICMP error that may not go on [SVC-12] [ICMP-6]. */
    LVS_DROP_ICMP_ERROR = 7,
    /**
     * A later fragment of a packet whose first one was not seen, was seen too long ago, or was
     * refused [NAT-9].
     */
    LVS_DROP_LATER_FRAGMENT = 8,
    /** No local address and port is free for a new connection to its real server [FN-1]. */
    LVS_DROP_NO_LOCAL_PORT = 9,
};

/** The other end of a packet's way. */
struct lvs_hop {
    /** How it gets there, one of `enum lvs_method`. */
    uint8_t method;
    /** Its address. */
    struct lvs_address address;
    /** Its port in host order; only a method that translates writes it into the packet. */
    uint16_t port;
    /** How the packet is carried there; zeros of other methods than LVS_METHOD_TUNNEL. */
    struct lvs_tunnel tunnel;
    /**
     * Of LVS_METHOD_FULL_NAT, the other end of the packet: of LVS_VERDICT_FORWARD the local address
     * that the real server sees, of LVS_VERDICT_REPLY the client. Zeros of other methods.
     */
    struct lvs_address peer;
    /** Not 0 if the packet tells the real server who the client is [FN-4]. */
    uint8_t toa;
    /** The port of `peer`, in host order. */
    uint16_t peer_port;
};

/** What to do with one packet. */
struct lvs_verdict {
    /** One of `enum lvs_verdict_kind`. */
    uint8_t kind;
    /** One of `enum lvs_drop_reason`. */
    uint8_t reason;
    /** To or from where; zeros unless LVS_VERDICT_FORWARD or LVS_VERDICT_REPLY. */
    struct lvs_hop hop;
};

/* ---------------------------------------------------------------------------
 * Routes: the ways to neighbors.
 */

/** The way to whoever takes a frame next. */
struct lvs_route {
    /**
     * Whom it leads to: a real server or a client. 0.0.0.0 and :: are everybody of that family who
     * has no route of his own, by way of a gateway.
     */
    struct lvs_address address;
    /** Not 0 if that is this host; then nothing else here counts. */
    uint8_t is_local;
    /**
     * Not 0 if a tunnel over IPv4 carries packets in fragments that must not be sent so (the
     * sysctl pmtu_disc=0) [RT-7] [TUN-1].
     */
    uint8_t ignore_dont_fragment;
    /** The Ethernet address of the interface that frames leave by. */
    struct lvs_mac source;
    /** The neighbor's Ethernet address. */
    struct lvs_mac destination;
    /** This host's address towards a real server, where tunnels begin [RT-1]; zeros if none do. */
    struct lvs_address tunnel_source;
    /** Octets of the longest IP packet that may be sent [RT-6], 1500 on most links. */
    uint32_t mtu;
};

/* ---------------------------------------------------------------------------
 * Policies: what the kernel lets its administrator choose.
 */

/**
 * The connections of a deleted destination end [NOD-2] [NOD-3], and those of a quiesced one
 * when they are opened anew [REUSE-2].
 */
#define LVS_POLICY_EXPIRE_NODEST_CONN 1

/** Templates of quiesced destinations are given up [TPL-12]. */
#define LVS_POLICY_EXPIRE_QUIESCENT_TEMPLATE 2

/** A TCP connection may begin with any segment but a reset [SVC-10]. */
#define LVS_POLICY_SLOPPY_TCP 4

/** An SCTP association may begin with any chunk but an abort [SVC-10]. */
#define LVS_POLICY_SLOPPY_SCTP 8

/**
 * Packets of a mark's service that has no destination to offer go where they are addressed, past
 * all caches, if that is another host [SVC-12].
 */
#define LVS_POLICY_CACHE_BYPASS 16

/**
 * An ICMP error about no connection is scheduled as its client's packet would be [ICMP-3]. Of the
 * director's policy alone.
 */
#define LVS_POLICY_SCHEDULE_ICMP 32

/**
 * A real server that is translated hears of it when it sends to a connection that is no more
 * [NAT-8]. Of the director's policy alone.
 */
#define LVS_POLICY_NAT_ICMP_SEND 64

/**
 * Clients' packets pass untouched, for the time that this director is only the backup of another;
 * answers of real servers are seen to all the same [IN-1]. Of the director's policy alone.
 */
#define LVS_POLICY_BACKUP_ONLY 128

/** How packets are decided about; the kernel's defaults are no flags and mode 1. */
struct lvs_policy {
    /** The sum of some of `LVS_POLICY_*`. */
    uint32_t flags;
    /**
     * Whether a client that opens a connection anew in the place of one that is over gets it
     * scheduled anew: 0 is no; bit 1 also counts FIN_WAIT as over where replies are not seen; at
     * most 255 [REUSE-3].
     */
    uint32_t conn_reuse_mode;
};

/** When a defence against too many connections is on. */
enum lvs_defence {
    /** Never: mode 0. The default. */
    LVS_DEFENCE_OFF = 0,
    /** As long as room is scarce, looked at every second: modes 1 and 2. */
    LVS_DEFENCE_AUTOMATIC = 1,
    /** Always: mode 3. */
    LVS_DEFENCE_ON = 2,
};

/**
 * The defences of a director against too many connections. What is memory in the kernel is room in
 * the connection table here.
 */
struct lvs_defences {
    /** The sizeof of this struct. */
    size_t size;
    /**
     * Ends half-open and idle connections before their time, at random: some every second, and
     * some when the table is full [DEF-2]. One of `enum lvs_defence`.
     */
    int drop_entry;
    /**
     * Drops one in so many packets that would open a connection [DEF-3]. One of `enum
     * lvs_defence`.
     */
    int drop_packet;
    /**
     * Moves TCP connections by the tables that believe no client [DEF-5]. One of `enum
     * lvs_defence`.
     */
    int secure_tcp;
    /** With LVS_DEFENCE_ON, `drop_packet` drops one in so many; 0 is none, 1 is all [DEF-4]. */
    uint32_t am_droprate;
    /** Room is scarce when fewer connections than these fit the table. */
    uint32_t amemthresh;
};

/**
 * Fills in the kernel's defaults, all off. `defences->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `defences` points to a `struct lvs_defences` of any version.
 */
enum lvs_status lvs_defences_init(struct lvs_defences *defences);

/* ---------------------------------------------------------------------------
 * Services: what is balanced, and how it is configured.
 */

/**
 * What makes a packet belong to a service: the address that clients send to, or a firewall mark
 * [SVC-1].
 */
struct lvs_service_key {
    /** The virtual address; of a mark, the family alone counts. */
    struct lvs_address address;
    /** 6 is TCP, 17 is UDP, 132 is SCTP; of a mark, nothing. */
    uint8_t protocol;
    /** The virtual port in host order; 0 is every port; of a mark, nothing. */
    uint16_t port;
    /** The firewall mark; 0 for a service of an address. */
    uint32_t mark;
};

/** How clients of a persistent service are told apart beyond their addresses (ipvsadm --pe). */
enum lvs_persistence_engine {
    /** Not at all. The default. */
    LVS_PERSISTENCE_ENGINE_NONE = 0,
    /** By the Call-ID of SIP messages over UDP; packets without one are dropped [PE-1]. */
    LVS_PERSISTENCE_ENGINE_SIP = 1,
};

/** What a service is told to be. */
struct lvs_service_config {
    /** The sizeof of this struct. */
    size_t size;
    /** What makes a packet belong to it. */
    struct lvs_service_key key;
    /** Who picks destinations, one of `enum lvs_scheduler`. */
    int scheduler;
    /** The sum of some of `LVS_SCHEDULER_FLAG_*`. */
    uint32_t scheduler_flags;
    /** Not 0 if clients stay with their destination. */
    uint8_t persistent;
    /** Not 0 if each UDP packet is scheduled anew [OPS-1]. */
    uint8_t one_packet;
    /** Not 0 if `policy` counts instead of the director's. */
    uint8_t has_policy;
    /** Over IPv6, the length in bits of the prefix that is one client: 1 to 128 [SVC-3]. */
    uint8_t persistence_prefix;
    /** Over IPv4, the bits of an address that are one client, in network order [TPL-1]. */
    uint8_t persistence_mask[4];
    /** Seconds from a client's last new connection to its being forgotten. */
    uint32_t persistence_timeout_secs;
    /** How calls are told apart, one of `enum lvs_persistence_engine`. */
    int persistence_engine;
    /** How its packets are decided about. */
    struct lvs_policy policy;
};

/**
 * Fills in the defaults of ipvsadm for a service of `key`: wlc without flags, not persistent; of
 * persistence, single addresses and 360 seconds [ADM-1]. `config->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`.
 *
 * Safety: `config` points to a `struct lvs_service_config` of any version.
 */
enum lvs_status lvs_service_config_init(struct lvs_service_config *config,
                                        const struct lvs_service_key *key);

/* ---------------------------------------------------------------------------
 * What a director is told once.
 */

/** What a director is told to be. */
struct lvs_director_config {
    /** The sizeof of this struct. */
    size_t size;
    /** Whose decisions are made, one of `enum lvs_profile`. */
    int profile;
    /**
     * Microseconds from one tick of the kernel's clock to the next: timers fire as late as the
     * kernel's [CONV-9]. 4000 by default; 0 lets them fire when they are due.
     */
    uint32_t tick_micros;
    /** The most connections and templates of IPv4; memory for them is taken at creation. */
    uint32_t connections;
    /** The most of IPv6. */
    uint32_t connections_v6;
    /**
     * The most of them, at a time, of the kinds that need memory of their own: templates for
     * calls, connections through a tunnel to a real server of the other family, and those that
     * another one of the same client and port replaces before they have ended [CON-12].
     */
    uint32_t rare;
    /** The most templates for SIP calls [PE-2]; memory for their Call-IDs is taken at creation. */
    uint32_t calls;
    /**
     * The most packets in fragments of which is remembered, for half a minute, what became of the
     * first one, so that the others go the same way [NAT-9]. 0 is the kernel's way, which sees
     * packets only when they have been put together: then later fragments are dropped.
     */
    uint32_t fragments;
    /**
     * Of each lblc service: addresses above which old ones are cleared away; half as many again
     * is the most that the cache holds [LBLC-1]. Memory for them is taken with the service.
     */
    uint32_t lblc_capacity;
    /** Of each lblc service: seconds after which an unused address is forgotten [LBLC-8]. */
    uint32_t lblc_expiration_secs;
    /** The same of each lblcr service. */
    uint32_t lblcr_capacity;
    /** The same of each lblcr service, and after as many a set loses a member [LBLCR-5]. */
    uint32_t lblcr_expiration_secs;
    /** Of mh: the index of its table, 8 to 17; the kernel's 12 is 4093 slots [MH-1]. */
    uint32_t mh_table_index;
    /**
     * Of rr and wrr: places after the head of the list where each walk begins, so that several
     * directors do not all begin at one server. 0 is the kernel's way.
     */
    uint32_t start_offset;
    /**
     * The size of the connection table to show in the first line of listings; nothing else
     * depends on it.
     */
    uint32_t table_size;
    /** The lowest port of local addresses [FN-1], in host order. */
    uint16_t local_port_first;
    /** The highest. */
    uint16_t local_port_last;
    /**
     * Of several directors that share local addresses the number of this one, from 0 on: it has
     * the ports that leave this number when divided by `lcores`.
     */
    uint16_t lcore;
    /** How many directors share local addresses; 0 counts as 1. */
    uint16_t lcores;
    /**
     * A secret: the speed of tables that strangers fill depends on it, the draws of twos, and which
     * local port comes first.
     */
    uint64_t seed[2];
};

/**
 * Fills in the defaults: 65536 connections of each family, 4096 rare ones, 1024 calls, no packets
 * in fragments, a seed of zeros, and the kernel's figures. `config->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `config` points to a `struct lvs_director_config` of any version.
 */
enum lvs_status lvs_director_config_init(struct lvs_director_config *config);

/* ---------------------------------------------------------------------------
 * Directors: whole virtual servers.
 */

/**
 * A virtual server: services, their destinations, the connections to them, and what becomes of
 * each packet.
 *
 * Its loop: hand in packets; when the deadline has come, call `lvs_director_handle_timeout`; of a sync
 * master, send what `lvs_director_poll_sync_message` has. Calls that come early do nothing, and a packet
 * finds a connection that is due gone all the same.
 */
struct lvs_director;

/**
 * Makes a director without services, with the kernel's policy, defences and timeouts.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_PROFILE`, `LVS_ERR_MH_TABLE_INDEX`,
 * `LVS_ERR_NO_MEMORY`.
 *
 * Safety: `config` points to a `struct lvs_director_config` of any version.
 */
enum lvs_status lvs_director_create(const struct lvs_director_config *config,
                                    struct lvs_director **out);

/** Ends a director; NULL is allowed. The handle is not to be used again. */
void lvs_director_destroy(struct lvs_director *director);

/**
 * Sets how packets are decided about from now on, but for services with a policy of their own.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_POLICY`.
 */
enum lvs_status lvs_director_set_policy(struct lvs_director *director,
                                        const struct lvs_policy *policy);

/**
 * Sets the defences from now on.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_DEFENCE`.
 *
 * Safety: `defences` points to a `struct lvs_defences` of any version.
 */
enum lvs_status lvs_director_set_defences(struct lvs_director *director,
                                          lvs_time now,
                                          const struct lvs_defences *defences);

/**
 * Sets the timeouts of established and of half-closed TCP connections and of UDP ones, of each
 * connection from its next packet on; zeros stay what they were [TMO-2].
 *
 * Errors: `LVS_ERR_NULL`; `LVS_ERR_TIMEOUT` if one is longer than INT32_MAX ticks.
 */
enum lvs_status lvs_director_set_timeouts(struct lvs_director *director,
                                          uint32_t tcp_secs,
                                          uint32_t tcp_fin_secs,
                                          uint32_t udp_secs);

/**
 * Sets after how many seconds the caches of lblc services forget an unused address [LBLC-8].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_director_set_lblc_expiration(struct lvs_director *director, uint32_t secs);

/**
 * The same of lblcr services; after as many a set loses a member [LBLCR-5].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_director_set_lblcr_expiration(struct lvs_director *director, uint32_t secs);

/**
 * Does what is due, and hardly more of it than `budget`: one for each connection or template that is
 * looked at or ended, for each service and each deleted destination that is looked after, and for
 * every 64 places of their caches. Call it again at once as long as the deadline is not later than
 * `now`.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_director_handle_timeout(struct lvs_director *director,
                                            lvs_time now,
                                            size_t budget);

/**
 * When `lvs_director_handle_timeout` is wanted: 1 and the moment in `out`, or 0 if it is not. Every
 * other call may change that.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_director_next_deadline(const struct lvs_director *director, lvs_time *out);

/* ---------------------------------------------------------------------------
 * The services of a director and their destinations, one by one.
 */

/**
 * Adds a service.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_SCHEDULER`,
 * `LVS_ERR_SCHEDULER_FLAGS`, `LVS_ERR_ENGINE`, `LVS_ERR_POLICY`, `LVS_ERR_PROTOCOL`,
 * `LVS_ERR_NETMASK`, `LVS_ERR_SERVICE_EXISTS`, `LVS_ERR_NO_MEMORY`.
 *
 * Safety: `config` points to a `struct lvs_service_config` of any version.
 */
enum lvs_status lvs_director_add_service(struct lvs_director *director,
                                         lvs_time now,
                                         const struct lvs_service_config *config);

/**
 * Replaces the configuration of the service of that key. Its connections and templates stay as
 * they are, and so does the state of a scheduler that stays the same [SVC-6] [SCH-5].
 *
 * Errors: As for `lvs_director_add_service`, but `LVS_ERR_NO_SUCH_SERVICE`, and `LVS_ERR_TOO_MANY_DESTS`
 * if the scheduler cannot start with so many destinations [MH-9].
 *
 * Safety: `config` points to a `struct lvs_service_config` of any version.
 */
enum lvs_status lvs_director_edit_service(struct lvs_director *director,
                                          lvs_time now,
                                          const struct lvs_service_config *config);

/**
 * Deletes a service and its destinations. Its connections stay until they end, but their packets
 * are dropped [SVC-7], or passed if no service is left [IN-1]; where `expire_nodest_conn` is set
 * they end at once [DST-7].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
 */
enum lvs_status lvs_director_delete_service(struct lvs_director *director,
                                            lvs_time now,
                                            const struct lvs_service_key *service);

/**
 * Deletes all services.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_director_clear(struct lvs_director *director, lvs_time now);

/**
 * Writes the keys of the services, the oldest first: at most `capacity`. `*count` is how many
 * there are, be it more.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
 *
 * Safety: `keys` points to room for `capacity` keys.
 */
enum lvs_status lvs_director_get_services(const struct lvs_director *director,
                                          struct lvs_service_key *keys,
                                          size_t capacity,
                                          size_t *count);

/**
 * Fills in what a service was told to be. `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
 *
 * Safety: `out` points to a `struct lvs_service_config` of any version.
 */
enum lvs_status lvs_director_get_service(const struct lvs_director *director,
                                         const struct lvs_service_key *service,
                                         struct lvs_service_config *out);

/**
 * Adds a destination to a service, at the head of its list [DST-1]. One that was deleted and
 * still has connections comes back with them [DST-5].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_METHOD`, `LVS_ERR_TUNNEL`,
 * `LVS_ERR_TUNNEL_PORT`, `LVS_ERR_WEIGHT`,
 * `LVS_ERR_THRESHOLDS_CROSSED`, `LVS_ERR_UPPER_THRESHOLD`, `LVS_ERR_NOT_UNICAST`,
 * `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_DEST_EXISTS`,
 * `LVS_ERR_NO_MEMORY`.
 *
 * Safety: `config` points to a `struct lvs_dest_config` of any version.
 */
enum lvs_status lvs_director_add_dest(struct lvs_director *director,
                                      lvs_time now,
                                      const struct lvs_service_key *service,
                                      const struct lvs_dest_config *config,
                                      lvs_dest_id *out);

/**
 * Replaces the configuration of the destination of that address and port, in its place [DST-3]
 * [DST-10].
 *
 * Errors: As for `lvs_director_add_dest`, but `LVS_ERR_NO_SUCH_DEST`.
 *
 * Safety: `config` points to a `struct lvs_dest_config` of any version.
 */
enum lvs_status lvs_director_edit_dest(struct lvs_director *director,
                                       lvs_time now,
                                       const struct lvs_service_key *service,
                                       const struct lvs_dest_config *config);

/**
 * Takes a destination out of a service. Its connections stay until they end, but their packets are
 * dropped [NOD-1].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_NO_SUCH_DEST`.
 */
enum lvs_status lvs_director_delete_dest(struct lvs_director *director,
                                         lvs_time now,
                                         const struct lvs_service_key *service,
                                         const struct lvs_address *address,
                                         uint16_t port);

/**
 * Writes the ids of the destinations of a service in list order, the newest first [DST-1]: at
 * most `capacity`. `*count` is how many there are, be it more.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
 *
 * Safety: `dests` points to room for `capacity` ids.
 */
enum lvs_status lvs_director_get_dests(const struct lvs_director *director,
                                       const struct lvs_service_key *service,
                                       lvs_dest_id *dests,
                                       size_t capacity,
                                       size_t *count);

/**
 * Fills in what is known of a destination; of a deleted one as long as it is remembered.
 * `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_SUCH_DEST`.
 *
 * Safety: `out` points to a `struct lvs_dest` of any version.
 */
enum lvs_status lvs_director_get_dest(const struct lvs_director *director,
                                      lvs_dest_id dest,
                                      struct lvs_dest *out);

/* ---------------------------------------------------------------------------
 * The services of a director and their destinations, as ipvsadm-save writes them.
 */

/** Octets of the words of an error, NUL included. */
#define LVS_RULE_ERROR_WORDS 128

/** Where a text of rules was refused, and why. */
struct lvs_rule_error {
    /** The sizeof of this struct. */
    size_t size;
    /** The line, counted from 1. */
    size_t line;
    /** Where in the text what is wrong begins, in octets. */
    size_t offset;
    /** How long it is, in octets; 0 if something is missing there. */
    size_t length;
    /** What was expected there, or why the line was not applied; ends with a NUL. */
    char words[LVS_RULE_ERROR_WORDS];
};

/**
 * Does what lines of ipvsadm say, like "-A -t 192.0.2.100:80 -s rr", in their order, as
 * ipvsadm-restore does. The leading word "ipvsadm" may be left out; blank lines and lines that
 * begin with "#" say nothing. Addresses are numeric.
 *
 * The first line that is refused changes nothing, and what follows is not looked at; lines before
 * it stay applied. `error` is filled in then, unless it is NULL; `error->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`; `LVS_ERR_TEXT` if the text is not UTF-8; `LVS_ERR_RULE` if
 * a line is no rule; and those of `lvs_director_add_service`, `lvs_director_add_dest` and
 * `lvs_director_set_timeouts`.
 *
 * Safety: `text` ends with a NUL; `error` points to a `struct lvs_rule_error` of any version.
 */
enum lvs_status lvs_director_apply(struct lvs_director *director,
                                   lvs_time now,
                                   const char *text,
                                   struct lvs_rule_error *error);

/**
 * Writes the rules that make these services and destinations, one a line, as `ipvsadm -S -n` does:
 * in sorted order [OUT-6], but thresholds are not lost [WART-18]. As with snprintf, what does
 * not fit is cut off, the text ends with a NUL if `capacity` is not 0, and `*length` is the octets
 * of all of it without the NUL.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
 *
 * Safety: `text` points to room for `capacity` octets.
 */
enum lvs_status lvs_director_write_rules(const struct lvs_director *director,
                                         char *text,
                                         size_t capacity,
                                         size_t *length);

/* ---------------------------------------------------------------------------
 * The local addresses of full address translation.
 */

/**
 * Adds an address that packets of LVS_METHOD_FULL_NAT may come from in the eyes of real servers, from
 * the ports that the director was created with (`ipvsadm --add-laddr` of DPVS), for all services.
 * Answers to it must reach this director; nobody else may use those ports.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NOT_UNICAST`, `LVS_ERR_LOCAL_EXISTS`,
 * `LVS_ERR_NO_MEMORY`.
 */
enum lvs_status lvs_director_add_local(struct lvs_director *director,
                                       const struct lvs_address *address);

/**
 * Gives a local address to no more new connections; those that have it keep it.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_LOCAL`.
 */
enum lvs_status lvs_director_delete_local(struct lvs_director *director,
                                          const struct lvs_address *address);

/* ---------------------------------------------------------------------------
 * Packets through a director.
 */

/**
 * What to do with a frame. It is unchanged but for LVS_OUTCOME_SEND, LVS_OUTCOME_SEND_WITHOUT_TOA and
 * LVS_OUTCOME_DELIVER.
 */
enum lvs_outcome_kind {
    /** It was rewritten: send it out. One that was put into a tunnel begins earlier in its buffer. */
    LVS_OUTCOME_SEND = 0,
    /** It was rewritten, and is for this host: hand it to the local stack [RT-4]. */
    LVS_OUTCOME_DELIVER = 1,
    /**
     * There is no route to `next`: find one, then `lvs_director_follow`. Do not process the frame
     * again: it has been counted.
     */
    LVS_OUTCOME_UNRESOLVED = 2,
    /** Not ours: hand it to the local stack. */
    LVS_OUTCOME_PASS = 3,
    /** Drop it and answer with `lvs_answer_port_unreachable`. */
    LVS_OUTCOME_REJECT = 4,
    /** Drop it and answer with `lvs_answer_time_exceeded` [RT-5]. */
    LVS_OUTCOME_TIME_EXCEEDED = 5,
    /** Drop it and answer with `lvs_answer_packet_too_big` and `mtu` [RT-7] [RT-8]. */
    LVS_OUTCOME_TOO_BIG = 6,
    /** Drop it in silence, for the reason of the verdict. */
    LVS_OUTCOME_DROP = 7,
    /** Drop it in silence: it cannot be rewritten, for `refusal`. */
    LVS_OUTCOME_NOT_REWRITTEN = 8,
    /** It carries neither IPv4 nor IPv6, ARP for instance: hand it to the local stack. */
    LVS_OUTCOME_NOT_IP = 9,
    /** It is cut short or damaged, or has no octets, or its hook is none: drop it. */
    LVS_OUTCOME_MALFORMED = 10,
    /** As LVS_OUTCOME_SEND; but there was no room to tell the real server who the client is [FN-4]. */
    LVS_OUTCOME_SEND_WITHOUT_TOA = 11,
};

/** Why a frame was not rewritten. */
enum lvs_refusal {
    /** It was, or need not be. */
    LVS_REFUSAL_NONE = 0,
    /** There is no room in front of the frame for the headers of the tunnel. */
    LVS_REFUSAL_NO_HEADROOM = 1,
    /** The route takes packets that are too short for a tunnel [RT-6]. */
    LVS_REFUSAL_TUNNEL_MTU = 2,
    /** The route has no `tunnel_source` of the real server's family. */
    LVS_REFUSAL_NO_TUNNEL_SOURCE = 3,
    /** The outer packet would be longer than its length field can say. */
    LVS_REFUSAL_TOO_LONG = 4,
    /** A packet cannot be given an address of the other family. */
    LVS_REFUSAL_FAMILY = 5,
    /** The transport header is cut short [SVC-10]. */
    LVS_REFUSAL_HEADER_UNREADABLE = 6,
    /** The checksum of an ICMP error does not verify [ICMP-4] [ICMP-6]. */
    LVS_REFUSAL_ICMP_CHECKSUM = 7,
    /**
     * An ICMP error in fragments, or one that quotes its packet too briefly to be translated
     * [ICMP-1] [ICMP-2].
     */
    LVS_REFUSAL_ICMP_UNREADABLE = 8,
    /** Ports of SCTP cannot change in one fragment: its checksum covers all of them [NAT-4]. */
    LVS_REFUSAL_SCTP_FRAGMENT = 9,
    /** A reason that has no number yet. */
    LVS_REFUSAL_OTHER = 10,
};

/** What became of one frame. */
struct lvs_outcome {
    /** One of `enum lvs_outcome_kind`. */
    uint8_t kind;
    /** One of `enum lvs_refusal`. */
    uint8_t refusal;
    /** What the director said of it; zeros where it was not asked. */
    struct lvs_verdict verdict;
    /** Of LVS_OUTCOME_TOO_BIG, octets of the longest packet that may come this way. */
    uint32_t mtu;
    /** Whom a route was looked for to: a real server, or the client of an answer; else zeros. */
    struct lvs_address next;
};

/**
 * The verdict on a packet seen at `now`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_HOOK`.
 */
enum lvs_status lvs_director_decide(struct lvs_director *director,
                                    lvs_time now,
                                    const struct lvs_flow *flow,
                                    struct lvs_verdict *out);

/**
 * The same for a packet that is a message of a call, for services that tell calls apart [PE-1]:
 * `call_id` are the `length` octets, 1 to 255, of its Call-ID.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_HOOK`, `LVS_ERR_CALL_ID`.
 *
 * Safety: `call_id` points to `length` octets.
 */
enum lvs_status lvs_director_decide_call(struct lvs_director *director,
                                         lvs_time now,
                                         const struct lvs_flow *flow,
                                         const uint8_t *call_id,
                                         size_t length,
                                         struct lvs_verdict *out);

/**
 * The verdicts on `count` packets seen at `now`, in order, each written to the same place of
 * `verdicts`. Of a flow whose family or hook is none it is LVS_VERDICT_PASS, and nothing counts.
 * Bursts of 32 are best.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
 *
 * Safety: `flows` points to `count` flows, `verdicts` to room for as many.
 */
enum lvs_status lvs_director_decide_burst(struct lvs_director *director,
                                          lvs_time now,
                                          const struct lvs_flow *flows,
                                          size_t count,
                                          struct lvs_verdict *verdicts);

/**
 * Parses a frame seen at `now`, decides about it, and rewrites it in place. `routes` are the ways to
 * `route_count` neighbors, sorted by the `memcmp` of their addresses. `frame->offset` and
 * `frame->length` change with a frame that grows.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`. What is wrong with the frame is said by its outcome.
 *
 * Safety: `frame` points to a frame with its octets, `routes` to `route_count` routes.
 */
enum lvs_status lvs_director_process(struct lvs_director *director,
                                     lvs_time now,
                                     struct lvs_frame *frame,
                                     const struct lvs_route *routes,
                                     size_t route_count,
                                     struct lvs_outcome *out);

/**
 * The same for `count` frames, in order, the outcome of each written to the same place of
 * `outcomes`. Bursts of 32 are best.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`. What is wrong with a frame is said by its outcome.
 *
 * Safety: `frames` points to `count` frames with their octets, no two of which share any; `routes` to
 * `route_count` routes, `outcomes` to room for `count` outcomes.
 */
enum lvs_status lvs_director_process_burst(struct lvs_director *director,
                                           lvs_time now,
                                           struct lvs_frame *frames,
                                           size_t count,
                                           const struct lvs_route *routes,
                                           size_t route_count,
                                           struct lvs_outcome *outcomes);

/**
 * Does with a frame what `verdict`, that of an earlier outcome, says, now that there is a `route` to
 * its `next`. Nothing is decided or counted.
 *
 * Errors: `LVS_ERR_NULL`; `LVS_ERR_VERDICT`, `LVS_ERR_METHOD`, `LVS_ERR_FAMILY` and `LVS_ERR_TUNNEL` if the
 * verdict is not one that a director gave. What is wrong with the frame is said by its outcome.
 *
 * Safety: `frame` points to a frame with its octets.
 */
enum lvs_status lvs_director_follow(struct lvs_director *director,
                                    struct lvs_frame *frame,
                                    const struct lvs_verdict *verdict,
                                    const struct lvs_route *route,
                                    struct lvs_outcome *out);

/* ---------------------------------------------------------------------------
 * What a director has counted.
 */

/** How many packets met with which verdict, and what else went wrong. */
struct lvs_director_counters {
    /** The sizeof of this struct. */
    size_t size;
    /** LVS_VERDICT_FORWARD. */
    uint64_t forwarded;
    /** LVS_VERDICT_REPLY. */
    uint64_t replied;
    /** LVS_VERDICT_PASS. */
    uint64_t passed;
    /** LVS_VERDICT_REJECT. */
    uint64_t rejected;
    /** LVS_DROP_HEADER_UNREADABLE. */
    uint64_t dropped_header_unreadable;
    /** LVS_DROP_DESTINATION_DELETED. */
    uint64_t dropped_destination_deleted;
    /** LVS_DROP_TRACKED. */
    uint64_t dropped_tracked;
    /** LVS_DROP_TABLE_FULL. */
    uint64_t dropped_table_full;
    /** LVS_DROP_DEFENDED. */
    uint64_t dropped_defended;
    /** LVS_DROP_NO_CALL_ID. */
    uint64_t dropped_no_call_id;
    /** LVS_DROP_ICMP_ERROR. */
    uint64_t dropped_icmp_error;
    /** LVS_DROP_NO_LOCAL_PORT. */
    uint64_t dropped_no_local_port;
    /** LVS_DROP_LATER_FRAGMENT. */
    uint64_t dropped_later_fragment;
    /**
     * Packets in fragments that were forgotten before their time, for want of room: what follows
     * of them is dropped.
     */
    uint64_t forgotten_fragments;
};

/**
 * What went through a destination, a service or a director [EST-1], and how fast, as of the last
 * `lvs_director_estimate`: an average over some 8 s [EST-7].
 */
struct lvs_statistics {
    /** The sizeof of this struct. */
    size_t size;
    /** Connections scheduled; templates do not count. */
    uint64_t conns;
    /** Packets from clients. */
    uint64_t in_packets;
    /** Packets from real servers that the director saw. */
    uint64_t out_packets;
    /** Octets of the packets from clients, IP headers included, as they came. */
    uint64_t in_octets;
    /** Octets of the packets from real servers, IP headers included, as they went to the client. */
    uint64_t out_octets;
    /** Connections scheduled per second. */
    uint64_t conns_per_sec;
    /** Packets from clients per second. */
    uint64_t in_packets_per_sec;
    /** Packets from real servers per second. */
    uint64_t out_packets_per_sec;
    /** Octets from clients per second. */
    uint64_t in_octets_per_sec;
    /** Octets from real servers per second. */
    uint64_t out_octets_per_sec;
};

/**
 * Fills in how many packets met with which verdict. `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `out` points to a `struct lvs_director_counters` of any version.
 */
enum lvs_status lvs_director_get_counters(const struct lvs_director *director,
                                          struct lvs_director_counters *out);

/**
 * Fills in what went through all services. `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `out` points to a `struct lvs_statistics` of any version.
 */
enum lvs_status lvs_director_get_statistics(const struct lvs_director *director,
                                            struct lvs_statistics *out);

/**
 * Fills in what went through a service. `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
 *
 * Safety: `out` points to a `struct lvs_statistics` of any version.
 */
enum lvs_status lvs_director_get_service_statistics(const struct lvs_director *director,
                                                    const struct lvs_service_key *service,
                                                    struct lvs_statistics *out);

/**
 * Fills in what went through a destination; a deleted one as long as it is remembered.
 * `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_SUCH_DEST`.
 *
 * Safety: `out` points to a `struct lvs_statistics` of any version.
 */
enum lvs_status lvs_director_get_dest_statistics(const struct lvs_director *director,
                                                 lvs_dest_id dest,
                                                 struct lvs_statistics *out);

/**
 * Advances the rates of the director, its services and their destinations. Who shows rates calls
 * this every 2 seconds; nothing else depends on it, and so no deadline tells of it [EST-3].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_director_estimate(struct lvs_director *director);

/**
 * Counts a service and its destinations from zero again; everything, if `service` is NULL
 * [CTL-9].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
 */
enum lvs_status lvs_director_zero(struct lvs_director *director,
                                  const struct lvs_service_key *service);

/* ---------------------------------------------------------------------------
 * What a director has, as ipvsadm -L -n shows it.
 */

/** What a listing shows of each destination. */
enum lvs_columns {
    /** Method, weight, active and inactive connections: what ipvsadm shows if nothing is said. */
    LVS_COLUMNS_CONNECTIONS = 0,
    /** Method, kind of tunnel, weight, active and inactive connections (--tun-info). */
    LVS_COLUMNS_TUNNELS = 1,
    /** Upper and lower threshold, active and inactive connections (--thresholds). */
    LVS_COLUMNS_THRESHOLDS = 2,
    /** Weight, templates, active and inactive connections (--persistent-conn). */
    LVS_COLUMNS_PERSISTENCE = 3,
    /** Connections, packets and octets, in and out (--stats). */
    LVS_COLUMNS_STATISTICS = 4,
    /** The same per second (--rate). */
    LVS_COLUMNS_RATES = 5,
};

/** Statistics and rates are written out however large they are (--exact). */
#define LVS_LISTING_EXACT 1

/** Destinations are in list order and services as they were made (--nosort). */
#define LVS_LISTING_KERNEL_ORDER 2

/**
 * Writes the services and destinations as `ipvsadm -L -n` shows them [OUT-1], or one service
 * alone if `service` is not NULL. `columns` is one of `enum lvs_columns`, `flags` the sum of some
 * of `LVS_LISTING_*`. As with snprintf, what does not fit is cut off, the text ends with a NUL if
 * `capacity` is not 0, and `*length` is the octets of all of it without the NUL.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_COLUMNS`,
 * `LVS_ERR_LISTING_FLAGS`.
 *
 * Safety: `text` points to room for `capacity` octets.
 */
enum lvs_status lvs_director_write_listing(const struct lvs_director *director,
                                           const struct lvs_service_key *service,
                                           int columns,
                                           uint32_t flags,
                                           char *text,
                                           size_t capacity,
                                           size_t *length);

/**
 * Writes the connections and templates as `ipvsadm -L -n -c` shows them at `now` [OUT-5], in no
 * order that means anything; with the columns of persistence engines (--persistent-conn) if
 * `persistence` is not 0. As with snprintf, what does not fit is cut off, the text ends with a NUL
 * if `capacity` is not 0, and `*length` is the octets of all of it without the NUL.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
 *
 * Safety: `text` points to room for `capacity` octets.
 */
enum lvs_status lvs_director_write_conns(const struct lvs_director *director,
                                         lvs_time now,
                                         int persistence,
                                         char *text,
                                         size_t capacity,
                                         size_t *length);

/* ---------------------------------------------------------------------------
 * The connections and templates of a director.
 */

/**
 * A connection, or the template that holds a client's connections together; as it was at the
 * moment asked for.
 */
struct lvs_conn {
    /** The sizeof of this struct. */
    size_t size;
    /** The client's address; of a template, what the netmask leaves of it [TPL-1]. */
    struct lvs_address client;
    /** The IP protocol number; 0 for templates of marks [TPL-2]. */
    uint8_t protocol;
    /** The client's port in host order; 0 for templates. */
    uint16_t client_port;
    /** The virtual address; of a template of a mark, the mark as an address. */
    struct lvs_address virtual_address;
    /** 1 if it is a template, else 0. */
    uint8_t is_template;
    /** The virtual port in host order. */
    uint16_t virtual_port;
    /**
     * Where its packets go, by the method of the time it was made [FWD-1]; address and port are
     * zeros if they go past all destinations to where they are addressed.
     */
    struct lvs_hop hop;
    /**
     * The number of its state in the kernel's table of its protocol; of a template, 1 if it is
     * assured [TPL-13].
     */
    uint16_t state;
    /** 1 if it is in a state that counts as active [CNT-6], else 0. */
    uint8_t is_active;
    /** The mark of the packet that it was made for; 0 is none. */
    uint32_t mark;
    /** The name of its state in ipvsadm -Lc; static, never NULL. */
    const char *state_name;
    /**
     * Its destination; an id that names nothing if it has none, because it goes past them all or
     * another director told of it.
     */
    lvs_dest_id dest;
    /** How long it lives without a packet (a template: without a new connection). */
    uint64_t timeout_micros;
    /** How long it has left if nothing comes; timers that tick may give it some more. */
    uint64_t left_micros;
    /** Of a template, the Call-ID that it is for [PE-4], or NULL; good during the visit. */
    const uint8_t *call_id;
    /** Octets of the Call-ID, at most 255. */
    size_t call_id_length;
};

/**
 * Is shown one connection after the other, with the `context` of the call. It returns 0 to be shown
 * more, and must not jump out of the call.
 */
typedef int (*lvs_conn_visit_fn)(void *context, const struct lvs_conn *conn);

/**
 * Shows the connections and templates to `visit`, as they are at `now`, in no order that means
 * anything; those that are due and not yet ended included.
 *
 * Errors: `LVS_ERR_NULL`.
 *
 * Safety: `visit` does with `context` what it should, and hands `director` to nothing that changes it.
 */
enum lvs_status lvs_director_visit_conns(const struct lvs_director *director,
                                         lvs_time now,
                                         lvs_conn_visit_fn visit,
                                         void *context);

/* ---------------------------------------------------------------------------
 * Connections told to other directors, so that they go on there.
 *
 * A master announces its connections in messages that are polled and sent; a backup is a director that
 * is handed them. One may be both. Messages are those of Linux, by UDP to 224.0.0.81 port 8848 with
 * TTL 1 unless agreed otherwise [SYD-1]. They prove nothing about their sender: take them from a
 * link that only directors can send to.
 */

/** What a master or a backup is told to be. */
struct lvs_sync_config {
    /** The sizeof of this struct. */
    size_t size;
    /**
     * Of a master: a connection is announced at those of its request packets whose number leaves
     * `threshold_packets` when divided by `threshold_period`; with a period of 0 at that number alone,
     * or at any if there is a refresh period [SYN-7] [SYN-8]. Of a backup: as many packets it takes a
     * connection to have had [BK-10].
     */
    uint32_t threshold_packets;
    /** See there; greater than `threshold_packets`, or 0 [SYN-12]. */
    uint32_t threshold_period;
    /**
     * Of a master: seconds for which what was announced is not announced again while it stays in its
     * state; at most half its timeout counts, or 10 s if that is more. 0 puts nothing off [SYN-6].
     */
    uint32_t refresh_period_secs;
    /**
     * Of a master: microseconds from one tick of the kernel's clock to the next; refreshing goes by
     * ticks. 4000 by default; 0 counts as 1.
     */
    uint32_t tick_micros;
    /**
     * Of a master: the most octets of a message, at least 8; what fits into a packet is best
     * [SYD-3].
     */
    uint16_t message_length;
    /**
     * Of a master: the most messages that wait to be polled; those in excess are lost, and counted.
     * Memory for them is taken at the start.
     */
    uint16_t queue_length;
    /** Of a master: the format of messages, 0 or 1; a backup takes both. */
    uint8_t version;
    /**
     * Of a master: the group of directors that messages are for. Of a backup: the one whose messages
     * it takes; with 0 it takes all [BK-1].
     */
    uint8_t sync_id;
    /**
     * Of a master: how often it is announced again all the same, an eighth of the refresh period
     * apart: 0 to 3; more counts as 3 [SYN-6].
     */
    uint8_t retries;
    /** Of a master: 1 leaves out the connections of templates [SYN-3], else 0. */
    uint8_t persist_mode;
};

/** What became of the records of a message. */
struct lvs_sync_received {
    /** The sizeof of this struct. */
    size_t size;
    /** Of connections and templates that were new. */
    uint32_t created;
    /** Of some that were known. */
    uint32_t updated;
    /** Passed over: about another real server than that of a connection that goes on [BK-7]. */
    uint32_t ignored;
    /** No room for the connection, or for its destination; then it goes on without one [BK-8]. */
    uint32_t table_full;
    /** Not understood, and passed over [BK-4]. */
    uint32_t refused;
    /** 1 if one was damaged: it is lost, and all behind it [BK-3] [BK-4]; else 0. */
    uint32_t damaged;
};

/** How many records and messages a master had. */
struct lvs_sync_counters {
    /** The sizeof of this struct. */
    size_t size;
    /** Records put into messages. */
    uint64_t records;
    /** Messages polled. */
    uint64_t messages;
    /** Records lost with messages for which the queue had no room. */
    uint64_t records_dropped;
    /**
     * Records that no message can carry: IPv6 in version 0, mixed families [BK-13], or longer than
     * a message.
     */
    uint64_t records_unsendable;
};

/**
 * Fills in the kernel's defaults: version 1, announced at the third packet and at every fiftieth after
 * it, no refreshing; sync id 0, and 64 messages that fit into an Ethernet frame. `config->size` is to
 * be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `config` points to a `struct lvs_sync_config` of any version.
 */
enum lvs_status lvs_sync_config_init(struct lvs_sync_config *config);

/**
 * Has a director announce its connections from now on: also those that another director told of
 * [SYN-14], but none by LVS_METHOD_FULL_NAT, of which no message can say enough. Poll for messages
 * after each burst of packets and each `lvs_director_handle_timeout`; the deadline is now also that of a
 * message that has waited 2 s for more records [SYD-6]. Counters begin at zero, and what was left to
 * be polled of an earlier start is lost.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_SYNC_VERSION`, `LVS_ERR_SYNC_THRESHOLD`,
 * `LVS_ERR_SYNC_LENGTH`, `LVS_ERR_NO_MEMORY`; `LVS_ERR_SYNC_MASTER` if it is a master already.
 *
 * Safety: `config` points to a `struct lvs_sync_config` of any version.
 */
enum lvs_status lvs_director_start_sync_master(struct lvs_director *director,
                                               const struct lvs_sync_config *config);

/**
 * Has a director announce no more, if it did. What it has announced can be polled all the same, without
 * waiting for a deadline.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_director_stop_sync_master(struct lvs_director *director);

/**
 * Writes the next message, to be sent at once as a UDP datagram, the oldest first. Returns 1 and its
 * octets in `*length`, or 0 if there is none. A `capacity` of `message_length` is always enough; with
 * less, a message that is longer stays the next.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`.
 *
 * Safety: `message` points to room for `capacity` octets.
 */
int lvs_director_poll_sync_message(struct lvs_director *director,
                                   uint8_t *message,
                                   size_t capacity,
                                   size_t *length);

/**
 * Takes the connections that another director announced: `message` is what a UDP datagram carried,
 * `config` that of this backup. `out->size` is to be set before.
 *
 * A connection goes to its real server as a destination of this director, and counts there; if it has no
 * such destination, by the method of the master, and counts nowhere [BK-8] [BK-12]. A message is
 * taken as far as it can be read: `*out` says how far.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_SYNC_VERSION`,
 * `LVS_ERR_SYNC_THRESHOLD`; `LVS_ERR_SYNC_MESSAGE` if the octets are no message, and
 * `LVS_ERR_SYNC_ID` if it is for other directors [BK-1].
 *
 * Safety: `config` points to a `struct lvs_sync_config` of any version, `message` to `length` octets, and
 * `out` to a `struct lvs_sync_received` of any version.
 */
enum lvs_status lvs_director_receive_sync_message(struct lvs_director *director,
                                                  lvs_time now,
                                                  const struct lvs_sync_config *config,
                                                  const uint8_t *message,
                                                  size_t length,
                                                  struct lvs_sync_received *out);

/**
 * Fills in what a director counted since it was started as a master last; zeros if it never was.
 * `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `out` points to a `struct lvs_sync_counters` of any version.
 */
enum lvs_status lvs_director_get_sync_counters(const struct lvs_director *director,
                                               struct lvs_sync_counters *out);

/* ---------------------------------------------------------------------------
 * What is checked, and how.
 */

/** What a checker is told to be. */
struct lvs_checker_config {
    /** The sizeof of this struct. */
    size_t size;
    /** The most checks of all real servers; memory for them is taken at creation. */
    uint32_t checks;
    /** Spreads the first checks; directors with another seed ask at other moments. */
    uint64_t seed[2];
};

/** When a service is up, and who serves when it is not (virtual_server of keepalived.conf). */
struct lvs_virtual_server {
    /** The sizeof of this struct. */
    size_t size;
    /**
     * Who serves in the place of all real servers as long as quorum is lost; it is copied. NULL is
     * nobody.
     */
    const struct lvs_dest_config *sorry_server;
    /** The service; the director has it already. */
    struct lvs_service_key service;
    /** The total weight of real servers that are up at which the service has quorum; 1 at least. */
    uint32_t quorum;
    /**
     * Quorum is lost only below `quorum - hysteresis`, and gained only at `quorum + hysteresis`; less
     * than `quorum`.
     */
    uint32_t hysteresis;
    /** Not 0 if real servers count as down until their checks have passed. */
    uint8_t alpha;
    /** Not 0 if what is removed is told to be down. */
    uint8_t omega;
    /** Not 0 if the sorry server stays in the service with weight 0 while it is not wanted. */
    uint8_t sorry_server_inhibit;
};

/** What is asked of a real server. */
enum lvs_check_kind {
    /** That it accepts a TCP connection. */
    LVS_CHECK_TCP = 0,
    /** That it answers an HTTP request. */
    LVS_CHECK_HTTP_GET = 1,
    /** The same over TLS. */
    LVS_CHECK_SSL_GET = 2,
    /** What the caller makes of `path`, such as a command line. */
    LVS_CHECK_MISC = 3,
};

/** Codes of HTTP answers. */
struct lvs_status_codes {
    /** The least one. */
    uint16_t first;
    /** The greatest one. */
    uint16_t last;
};

/** The first check begins within `delay_loop_milliseconds`. */
#define LVS_WARMUP_DELAY_LOOP UINT32_MAX

/**
 * One check of a real server, in the words of keepalived.conf.
 *
 * A check is made of attempts: it passes with the first that does, and fails when the first and
 * `retry` more have failed. A server that is down gets no retry. `fall` checks that fail in a row
 * bring a server down, `rise` that pass bring it up.
 */
struct lvs_check_config {
    /** The sizeof of this struct. */
    size_t size;
    /** What the request names, or what a LVS_CHECK_MISC is about; copied, as all that is pointed to. */
    const char *path;
    /** The host that the request names; NULL is the address. */
    const char *virtualhost;
    /** What the body of the answer must hold; NULL is anything. */
    const char *receive;
    /** The MD5 digest that the body must have, 16 octets; NULL is any. */
    const uint8_t *digest;
    /** Of these codes the answer must have one. */
    const struct lvs_status_codes *status_codes;
    /** How many there are; 0 is 200 to 299. */
    size_t status_code_count;
    /** One of `enum lvs_check_kind`. */
    int kind;
    /** From the end of one check to the beginning of the next; more than 0. */
    uint32_t delay_loop_milliseconds;
    /**
     * The first check begins within this span, at a moment that follows from the seed, so that many
     * checks do not begin together; or LVS_WARMUP_DELAY_LOOP.
     */
    uint32_t warmup_milliseconds;
    /** How long an attempt may take, up to the end of the answer; more than 0. */
    uint32_t connect_timeout_milliseconds;
    /** Further attempts after one that failed. */
    uint32_t retry;
    /** From the end of an attempt that failed to the next. */
    uint32_t delay_before_retry_milliseconds;
    /** How many checks in a row must pass before a server that is down is up, 1 at least. */
    uint32_t rise;
    /** How many checks in a row must fail before a server that is up is down, 1 at least. */
    uint32_t fall;
    /** Who is asked; zeros are the real server's address. */
    struct lvs_address connect_ip;
    /** At which port in host order; 0 is the real server's. */
    uint16_t connect_port;
};

/**
 * Fills in the defaults: 1024 checks, a seed of zeros. `config->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `config` points to a `struct lvs_checker_config` of any version.
 */
enum lvs_status lvs_checker_config_init(struct lvs_checker_config *config);

/**
 * Fills in a service that is up as long as a real server is, without sorry server. `config->size` is
 * to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `config` points to a `struct lvs_virtual_server` of any version.
 */
enum lvs_status lvs_virtual_server_init(struct lvs_virtual_server *config,
                                        const struct lvs_service_key *service);

/**
 * Fills in a check of `kind`, one of `enum lvs_check_kind`, with the figures of keepalived's TCP
 * check: every minute, up to 5 s, with 1 retry after 1 s. Of an HTTP request `path` is then to be
 * set. `config->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `config` points to a `struct lvs_check_config` of any version.
 */
enum lvs_status lvs_check_config_init(struct lvs_check_config *config, int kind);

/* ---------------------------------------------------------------------------
 * What comes out of a checker, and what goes in.
 */

/** One attempt of a check, and never another one that came after it. */
struct lvs_check_attempt {
    /** The check. */
    uint64_t check;
    /** Which attempt it is, counted from 1. */
    uint32_t number;
};

/** Things to do. Later versions may ask for more: ignore what you do not know. */
enum lvs_checker_action_kind {
    /**
     * Try `attempt`: ask `target` at `target_port` for what `lvs_checker_get_check` says, and hand
     * in the outcome; LVS_CHECKER_ABORT follows if there is none at `deadline`.
     */
    LVS_CHECKER_START = 1,
    /**
     * The time of `attempt` is over, or its check is removed: stop it. An outcome that still comes
     * is ignored.
     */
    LVS_CHECKER_ABORT = 2,
    /** Add `dest` to `service`: `lvs_director_add_dest`. Changes are taken as done, in this order. */
    LVS_CHECKER_ADD_DEST = 3,
    /** Change it to `dest`: `lvs_director_edit_dest`. */
    LVS_CHECKER_EDIT_DEST = 4,
    /** Delete the destination at the address and port of `dest`: `lvs_director_delete_dest`. */
    LVS_CHECKER_DELETE_DEST = 5,
    /** The real server at the address and port of `dest` is `up` (notify_up, notify_down). */
    LVS_CHECKER_NOTIFY_DEST = 6,
    /** `service` has quorum if `up` (quorum_up, quorum_down). */
    LVS_CHECKER_NOTIFY_QUORUM = 7,
};

/** One thing to do. What its kind does not mention does not count. */
struct lvs_checker_action {
    /** What is to be done, one of `enum lvs_checker_action_kind`. */
    int kind;
    /** 1 or 0. */
    uint8_t up;
    /** Who is asked. */
    struct lvs_address target;
    /** At which port in host order. */
    uint16_t target_port;
    /** A service. */
    struct lvs_service_key service;
    /** A destination of it. */
    struct lvs_dest_config dest;
    /** An attempt. */
    struct lvs_check_attempt attempt;
    /** When it is over. */
    lvs_time deadline;
};

/** What may come of an attempt. */
enum lvs_check_outcome_kind {
    /** The connection was accepted: all that LVS_CHECK_TCP asks. */
    LVS_CHECK_OUTCOME_CONNECTED = 0,
    /** The connection was refused, or there is no way to the server. */
    LVS_CHECK_OUTCOME_REFUSED = 1,
    /** It took too long, as the caller found out before the checker did. */
    LVS_CHECK_OUTCOME_TIMED_OUT = 2,
    /** The server answered an HTTP request. */
    LVS_CHECK_OUTCOME_RESPONSE = 3,
    /** The caller judged by himself: the server is well. */
    LVS_CHECK_OUTCOME_PASSED = 4,
    /** The caller judged by himself: it is not. */
    LVS_CHECK_OUTCOME_FAILED = 5,
};

/** What came of an attempt. Zero what you do not know. */
struct lvs_check_outcome {
    /** One of `enum lvs_check_outcome_kind`. */
    int kind;
    /** The status code of a response. */
    uint16_t status;
    /** Not 0 if its body holds what is to be received. */
    uint8_t received;
    /** Not 0 if `digest` is that of its body. */
    uint8_t has_digest;
    /** An MD5 digest. */
    uint8_t digest[16];
};

/** A check and how it stands. What it points to is there until the checker is changed. */
struct lvs_check {
    /** The sizeof of this struct. */
    size_t size;
    /** What the request names, or what a LVS_CHECK_MISC is about; else NULL. */
    const char *path;
    /** The host that the request names, or NULL. */
    const char *virtualhost;
    /** What the body is to hold, or NULL. */
    const char *receive;
    /** The digest that it is to have, 16 octets, or NULL. */
    const uint8_t *digest;
    /** What is asked, one of `enum lvs_check_kind`. */
    int kind;
    /** The service of the real server. */
    struct lvs_service_key service;
    /** The real server's address. */
    struct lvs_address address;
    /** The real server's port in host order. */
    uint16_t port;
    /** 1 if it says that the real server is up, else 0. */
    uint8_t up;
    /** 1 if an attempt is running, else 0. */
    uint8_t running;
    /** Attempts begun. */
    uint64_t attempts;
    /** Of these, the ones that passed. */
    uint64_t passed;
    /** Of these, the ones that failed. */
    uint64_t failed;
    /** Of those that failed, the ones that took too long. */
    uint64_t timed_out;
    /** Changes from up to down. */
    uint64_t downs;
};

/* ---------------------------------------------------------------------------
 * Checkers: which real servers are well, and what the director is to make of it.
 */

/**
 * The health of real servers, as keepalived's checkers and ldirectord see to it, save for the
 * connections.
 *
 * Its loop: drain `lvs_checker_poll_action` until it is empty, wait for the outcome of an attempt or
 * for the deadline, feed exactly one input, drain again. Real servers come into the director by the
 * actions of the checker, not before, and go the same way. While quorum is lost a sorry server is
 * in, if there is one.
 */
struct lvs_checker;

/**
 * Makes a checker of nothing yet.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_MEMORY`.
 *
 * Safety: `config` points to a `struct lvs_checker_config` of any version.
 */
enum lvs_status lvs_checker_create(const struct lvs_checker_config *config,
                                   struct lvs_checker **out);

/** Ends a checker; NULL is allowed. The handle is not to be used again. */
void lvs_checker_destroy(struct lvs_checker *checker);

/**
 * Adds a virtual server, whose service the director has already.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_QUORUM`, `LVS_ERR_SERVICE_EXISTS` also while one
 * of this key is being removed, `LVS_ERR_NO_MEMORY`, and those of `lvs_director_add_dest` about the
 * fields of the sorry server.
 *
 * Safety: `config` points to a `struct lvs_virtual_server` of any version, its sorry server to a `struct
 * lvs_dest_config` of any version.
 */
enum lvs_status lvs_checker_add_service(struct lvs_checker *checker,
                                        lvs_time now,
                                        const struct lvs_virtual_server *config);

/**
 * Removes a virtual server and its real servers, from the director too; the service itself stays
 * there.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
 */
enum lvs_status lvs_checker_remove_service(struct lvs_checker *checker,
                                           lvs_time now,
                                           const struct lvs_service_key *service);

/**
 * Removes all virtual servers.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_checker_shutdown(struct lvs_checker *checker, lvs_time now);

/**
 * Adds a real server: `dest` is what the director gets while all of its `check_count` checks say
 * that it is up. While it is down it stays with weight 0 if `inhibit_on_failure` is not 0, and else
 * is taken out. Whether it fits the service is for the director to say.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_METHOD`,
 * `LVS_ERR_TUNNEL`, `LVS_ERR_TEXT`, `LVS_ERR_CHECK`, `LVS_ERR_CONNECT_PORT`,
 * `LVS_ERR_TOO_MANY_CHECKS`, `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_NO_MEMORY`; `LVS_ERR_DEST_EXISTS`
 * also while one of this address and port is being removed.
 *
 * Safety: `dest` points to a `struct lvs_dest_config` of any version, `checks` to `check_count` structs
 * whose texts end with a NUL.
 */
enum lvs_status lvs_checker_add_dest(struct lvs_checker *checker,
                                     lvs_time now,
                                     const struct lvs_service_key *service,
                                     const struct lvs_dest_config *dest,
                                     int inhibit_on_failure,
                                     const struct lvs_check_config *checks,
                                     size_t check_count);

/**
 * Replaces what the director gets of the real server of that address and port while it is up, such
 * as its weight. Its checks go on as they are.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_METHOD`, `LVS_ERR_TUNNEL`,
 * `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_NO_SUCH_DEST`.
 *
 * Safety: `dest` points to a `struct lvs_dest_config` of any version.
 */
enum lvs_status lvs_checker_edit_dest(struct lvs_checker *checker,
                                      lvs_time now,
                                      const struct lvs_service_key *service,
                                      const struct lvs_dest_config *dest);

/**
 * Removes a real server, from the director too.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`, `LVS_ERR_NO_SUCH_DEST`.
 */
enum lvs_status lvs_checker_remove_dest(struct lvs_checker *checker,
                                        lvs_time now,
                                        const struct lvs_service_key *service,
                                        const struct lvs_address *address,
                                        uint16_t port);

/**
 * Lets time pass. Before the deadline nothing happens.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_checker_handle_timeout(struct lvs_checker *checker, lvs_time now);

/**
 * An attempt has come to its end. What comes of an attempt that is over is ignored.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_OUTCOME`.
 */
enum lvs_status lvs_checker_handle_outcome(struct lvs_checker *checker,
                                           lvs_time now,
                                           const struct lvs_check_attempt *attempt,
                                           const struct lvs_check_outcome *outcome);

/**
 * The next thing to do: 1 and the action in `out`, or 0 when all is done.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_checker_poll_action(struct lvs_checker *checker, struct lvs_checker_action *out);

/**
 * When `lvs_checker_handle_timeout` is due: 1 and the moment in `out`, or 0 if there are no checks.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_checker_next_deadline(const struct lvs_checker *checker, lvs_time *out);

/**
 * Whether a service has quorum, as of the last drain: 1 or 0.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_SERVICE`.
 */
int lvs_checker_has_quorum(const struct lvs_checker *checker,
                           const struct lvs_service_key *service);

/**
 * Fills in the check of an attempt: what to ask for, and how it stands. `out->size` is to be set
 * before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_STALE_CHECK`.
 *
 * Safety: `out` points to a `struct lvs_check` of any version.
 */
enum lvs_status lvs_checker_get_check(const struct lvs_checker *checker,
                                      const struct lvs_check_attempt *attempt,
                                      struct lvs_check *out);

/* ---------------------------------------------------------------------------
 * Neighbors: the link addresses of next hops, for programs without a kernel that knows them.
 */

/** What a neighbor cache is told to be. */
struct lvs_neighbors_config {
    /** The sizeof of this struct. */
    size_t size;
    /** The most addresses; memory for them is taken at creation. */
    uint32_t capacity;
    /**
     * BaseReachableTime: a neighbor that has answered is believed for half to one and a half times
     * this long, at random.
     */
    uint32_t reachable_milliseconds;
    /** A secret, for a table that strangers may fill, and for the times that are random. */
    uint64_t seed[2];
};

/** Where a packet to a neighbor goes. */
enum lvs_resolution {
    /** Nowhere: nobody answers, the cache is full of others, or no neighbor can have the address. */
    LVS_RESOLUTION_FAILED = 0,
    /** To the link address that was filled in. */
    LVS_RESOLUTION_KNOWN = 1,
    /** That is being asked; LVS_NEIGHBOR_RESOLVED or LVS_NEIGHBOR_UNREACHABLE follows. */
    LVS_RESOLUTION_PENDING = 2,
};

/** Things to do. */
enum lvs_neighbor_action_kind {
    /**
     * Send an ARP request or a neighbor solicitation for `address`: to `mac`, or if that is zeros
     * by broadcast or to the solicited-node group.
     */
    LVS_NEIGHBOR_REQUEST = 0,
    /** Send what waits for `address`, if anything does: it is at `mac`. */
    LVS_NEIGHBOR_RESOLVED = 1,
    /** Drop what waits for `address`, if anything does: nobody answers. */
    LVS_NEIGHBOR_UNREACHABLE = 2,
};

/** One thing to do. */
struct lvs_neighbor_action {
    /** What, one of `enum lvs_neighbor_action_kind`. */
    int kind;
    /** Of whom it is. */
    struct lvs_address address;
    /** Where that is, or is thought to be; else zeros. */
    struct lvs_mac mac;
};

/** How an address stands (RFC 4861 section 7.3.2). */
enum lvs_neighbor_state {
    /** Everybody is being asked. */
    LVS_NEIGHBOR_INCOMPLETE = 0,
    /** It has answered not long ago. */
    LVS_NEIGHBOR_REACHABLE = 1,
    /** It has not answered for long; it is believed until it is used. */
    LVS_NEIGHBOR_STALE = 2,
    /** It is being used, and may show by itself that it is still there. */
    LVS_NEIGHBOR_DELAY = 3,
    /** It is being asked whether it is still there. */
    LVS_NEIGHBOR_PROBE = 4,
    /** Nobody has answered. */
    LVS_NEIGHBOR_FAILED = 5,
    /** It was told, not learned. */
    LVS_NEIGHBOR_STATIC = 6,
};

/** What a neighbor cache has counted. */
struct lvs_neighbor_counters {
    /** The sizeof of this struct. */
    size_t size;
    /** Requests handed out for sending. */
    uint64_t requests;
    /** Addresses given up. */
    uint64_t unreachable;
    /** Addresses that gave way to another. */
    uint64_t replaced;
    /** Times that none could give way. */
    uint64_t full;
    /** Messages about addresses that are not in the cache. */
    uint64_t unknown;
    /** Messages that name a group, or nobody, as a link address (RFC 1812 section 3.3.2). */
    uint64_t bad_mac;
};

/**
 * The neighbors on one link (RFC 4861 section 7.3, for ARP as well).
 *
 * Its loop: drain `lvs_neighbors_poll_action` until it is empty, wait for input or for the
 * deadline, feed exactly one input, drain again. Only addresses that were asked for are in it: what
 * is heard of others makes no entry.
 */
struct lvs_neighbors;

/**
 * Fills in the defaults: 1024 addresses, 30 s, a seed of zeros. `config->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `config` points to a `struct lvs_neighbors_config` of any version.
 */
enum lvs_status lvs_neighbors_config_init(struct lvs_neighbors_config *config);

/**
 * Makes an empty cache.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_MEMORY`.
 *
 * Safety: `config` points to a `struct lvs_neighbors_config` of any version.
 */
enum lvs_status lvs_neighbors_create(const struct lvs_neighbors_config *config,
                                     struct lvs_neighbors **out);

/** Ends a cache; NULL is allowed. The handle is not to be used again. */
void lvs_neighbors_destroy(struct lvs_neighbors *neighbors);

/**
 * Where a packet to `address` goes: one of `enum lvs_resolution`, and the link address in `out` if
 * it is known. An address that is not in the cache comes in and is asked for.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`.
 */
int lvs_neighbors_resolve(struct lvs_neighbors *neighbors,
                          lvs_time now,
                          const struct lvs_address *address,
                          struct lvs_mac *out);

/**
 * Takes in a received Ethernet frame: what ARP and neighbor discovery say of addresses in the cache
 * is learned (RFC 4861 sections 7.2.3 and 7.2.5). Other frames, and damaged ones, say nothing.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
 *
 * Safety: `frame` points to `length` octets.
 */
enum lvs_status lvs_neighbors_handle_frame(struct lvs_neighbors *neighbors,
                                           lvs_time now,
                                           const uint8_t *frame,
                                           size_t length);

/**
 * A neighbor has shown otherwise that it is there, such as by an acknowledgement of what was sent to
 * it (RFC 4861 section 7.3.1).
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`.
 */
enum lvs_status lvs_neighbors_confirm(struct lvs_neighbors *neighbors,
                                      lvs_time now,
                                      const struct lvs_address *address);

/**
 * Lets time pass. Before the deadline nothing happens.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_neighbors_handle_timeout(struct lvs_neighbors *neighbors, lvs_time now);

/**
 * The next thing to do: 1 and the action in `out`, or 0 when all is done.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_neighbors_poll_action(struct lvs_neighbors *neighbors, struct lvs_neighbor_action *out);

/**
 * When `lvs_neighbors_handle_timeout` is due: 1 and the moment in `out`, or 0 as long as nobody is
 * asked.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_neighbors_next_deadline(const struct lvs_neighbors *neighbors, lvs_time *out);

/**
 * Writes the Ethernet frame that LVS_NEIGHBOR_REQUEST asks for, from the own address of its family,
 * which is at `mac`. `*length` is the octets written; LVS_ANSWER_MAX are always enough.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_BUFFER_TOO_SMALL`;
 * `LVS_ERR_NO_OWN_ADDRESS` if there is none of that family.
 *
 * Safety: `frame` points to room for `capacity` octets.
 */
enum lvs_status lvs_neighbors_write_request(const struct lvs_neighbor_action *action,
                                            const struct lvs_own_addresses *own,
                                            const struct lvs_mac *mac,
                                            uint8_t *frame,
                                            size_t capacity,
                                            size_t *length);

/**
 * Makes an entry that is believed whatever is heard and stays until it is removed, in the place of
 * what there was of the address.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`; `LVS_ERR_NOT_A_NEIGHBOR` if no neighbor can have the address or
 * the link address; `LVS_ERR_NEIGHBORS_FULL` if all that is in the cache is in use.
 */
enum lvs_status lvs_neighbors_set_static(struct lvs_neighbors *neighbors,
                                         const struct lvs_address *address,
                                         const struct lvs_mac *mac);

/**
 * Forgets an address.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_NEIGHBOR`.
 */
enum lvs_status lvs_neighbors_remove(struct lvs_neighbors *neighbors,
                                     const struct lvs_address *address);

/**
 * How an address stands, one of `enum lvs_neighbor_state`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_NO_SUCH_NEIGHBOR`.
 */
int lvs_neighbors_get_state(const struct lvs_neighbors *neighbors,
                            lvs_time now,
                            const struct lvs_address *address);

/**
 * Fills in what has been counted. `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `out` points to a `struct lvs_neighbor_counters` of any version.
 */
enum lvs_status lvs_neighbors_get_counters(const struct lvs_neighbors *neighbors,
                                           struct lvs_neighbor_counters *out);

/* ---------------------------------------------------------------------------
 * The choices in a virtual router's configuration.
 */

/**
 * What an Active router does about an advert of lower priority, or of its own priority from a
 * lower address [FSM-13]. The advert is discarded in any case.
 */
enum lvs_vrrp_losing_advert {
    /** Nothing (RFC 3768, RFC 5798). */
    LVS_VRRP_LOSING_ADVERT_IGNORE = 0,
    /** Answer with an advert and leave the advert timer alone (RFC 9568 section 6.4.3). */
    LVS_VRRP_LOSING_ADVERT_REPLY = 1,
    /**
     * Answer with an advert and let the next one follow a full interval later, as keepalived does
     * [FSM-14].
     */
    LVS_VRRP_LOSING_ADVERT_REPLY_AND_REARM = 2,
};

/** What an owner does about adverts of others [FSM-13]. They are counted in any case. */
enum lvs_vrrp_owner_adverts {
    /**
     * Treat them like any advert, so that of two owners the higher address stays (RFC 9568
     * erratum 8298).
     */
    LVS_VRRP_OWNER_ADVERTS_PROCESS = 0,
    /** Discard them (RFC 3768, RFC 5798). */
    LVS_VRRP_OWNER_ADVERTS_DISCARD = 1,
};

/** What becomes of an advert whose addresses are not the configured ones, in any order [RX-5]. */
enum lvs_vrrp_address_mismatch {
    /** The addresses are not looked at. */
    LVS_VRRP_ADDRESS_MISMATCH_OFF = 0,
    /** It is counted and taken (RFC 5798, RFC 9568). */
    LVS_VRRP_ADDRESS_MISMATCH_COUNT = 1,
    /** It is counted and dropped unless an owner sent it (RFC 3768 section 7.1). */
    LVS_VRRP_ADDRESS_MISMATCH_DROP_UNLESS_OWNER = 2,
    /** It is counted and dropped, as keepalived 2.2 does. */
    LVS_VRRP_ADDRESS_MISMATCH_DROP = 3,
};

/** What the checksum of adverts sent by version 3 over IPv4 covers [W-24]. */
enum lvs_vrrp_checksum_transmit {
    /** The message alone, as RFC 9568 settled it. */
    LVS_VRRP_CHECKSUM_TRANSMIT_MESSAGE_ONLY = 0,
    /** With a pseudo-header, as keepalived and FRR read RFC 5798. */
    LVS_VRRP_CHECKSUM_TRANSMIT_PSEUDO_HEADER = 1,
    /** What that of the last accepted advert did; the message alone until there is any. */
    LVS_VRRP_CHECKSUM_TRANSMIT_FOLLOW_MESSAGE_ONLY = 2,
    /** The same, with a pseudo-header until there is any. */
    LVS_VRRP_CHECKSUM_TRANSMIT_FOLLOW_PSEUDO_HEADER = 3,
};

/** What the checksum of adverts received by version 3 over IPv4 may cover [W-23]. */
enum lvs_vrrp_checksum_accept {
    /** Either. */
    LVS_VRRP_CHECKSUM_ACCEPT_ANY = 0,
    /** The message alone. */
    LVS_VRRP_CHECKSUM_ACCEPT_MESSAGE_ONLY = 1,
    /** The message with a pseudo-header. */
    LVS_VRRP_CHECKSUM_ACCEPT_PSEUDO_HEADER = 2,
};

/* ---------------------------------------------------------------------------
 * Adverts by themselves, for programs with a state machine of their own: an IP packet to what it
 * says, and back.
 */

/** The most addresses that an advert has. */
#define LVS_ADVERT_ADDRESSES_MAX 255

/** What the checksum of an advert covers. Only in version 3 over IPv4 is there a choice [W-20]. */
enum lvs_advert_checksum {
    /** The message alone, as RFC 9568 settled it. */
    LVS_ADVERT_CHECKSUM_MESSAGE_ONLY = 0,
    /** With a pseudo-header, as keepalived and FRR read RFC 5798. */
    LVS_ADVERT_CHECKSUM_PSEUDO_HEADER = 1,
    /** With a pseudo-header in which the group stands for the destination [W-22]. */
    LVS_ADVERT_CHECKSUM_GROUP_PSEUDO_HEADER = 2,
};

/** What an advert is to be like in order to be taken. */
struct lvs_advert_policy {
    /** The sizeof of this struct. */
    size_t size;
    /**
     * Where it goes to: a group, and then from TTL or hop limit 255 only, or an address of this
     * host, from anywhere. Zeros are the group of VRRP of its family.
     */
    struct lvs_address destination;
    /** Its version, 2 or 3. */
    uint8_t version;
    /** Its virtual router, 1 to 255. */
    uint8_t vrid;
    /** Not 0 if version 2 over IPv6 is taken, as keepalived speaks it [W-3]. */
    uint8_t v2_over_ipv6;
    /** Not 0 if it may have more behind it; the daemons refuse that. */
    uint8_t trailing_octets;
    /** One of `enum lvs_vrrp_checksum_accept`. */
    int checksum_accept;
};

/** An advert and the packet that it is in. */
struct lvs_advert {
    /** The sizeof of this struct. */
    size_t size;
    /** The virtual addresses in the sender's order. */
    const struct lvs_address *addresses;
    /** How many there are, at most LVS_ADVERT_ADDRESSES_MAX; only version 2 may have none. */
    size_t address_count;
    /** Who sends it. */
    struct lvs_address source;
    /** Where it goes to. */
    struct lvs_address destination;
    /** The TTL or hop limit that it came with; those that are written have 255. */
    uint8_t hop_limit;
    /** 2 or 3. */
    uint8_t version;
    /** The virtual router that it speaks for, 1 to 255. */
    uint8_t vrid;
    /** The sender's priority; 0 if it resigns. */
    uint8_t priority;
    /**
     * The sender's own interval: 1 to 4095 centiseconds; in version 2, 100 to 25500, whole seconds
     * [W-16].
     */
    uint16_t interval_centiseconds;
    /** One of `enum lvs_advert_checksum`. */
    int checksum;
};

/**
 * Fills in the defaults: adverts to the group of VRRP with any checksum. `policy->size` is to be set
 * before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_VERSION`, `LVS_ERR_VRID`.
 *
 * Safety: `policy` points to a `struct lvs_advert_policy` of any version.
 */
enum lvs_status lvs_advert_policy_init(struct lvs_advert_policy *policy,
                                       uint8_t version,
                                       uint8_t vrid);

/**
 * Verifies an IP packet, header included, and reads the advert in it. Its addresses are written to
 * `addresses`; LVS_ADVERT_ADDRESSES_MAX are always enough. `out->size` is to be set before. Adverts
 * that prove who sends them are for virtual routers, by `lvs_vrrp_set_authentication`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`; of the policy
 * `LVS_ERR_VERSION`, `LVS_ERR_VRID`, `LVS_ERR_FAMILY`, `LVS_ERR_CHECKSUM_ACCEPT`; of the packet, by
 * the first check that it fails, `LVS_ERR_NOT_VRRP`, and -90 to -97, `LVS_ERR_V2_OVER_IPV6`,
 * `LVS_ERR_INTERVAL` and `LVS_ERR_NO_ADDRESSES` of `enum lvs_status` [RX-7].
 *
 * Safety: `packet` points to `length` octets, `policy` to a `struct lvs_advert_policy` of any version,
 * `addresses` to room for `capacity` addresses, `out` to a `struct lvs_advert` of any version.
 */
enum lvs_status lvs_advert_parse(const uint8_t *packet,
                                 size_t length,
                                 const struct lvs_advert_policy *policy,
                                 struct lvs_address *addresses,
                                 size_t capacity,
                                 struct lvs_advert *out);

/**
 * Writes the IP packet of an advert, header included, without authentication. `*length` is the octets
 * written; LVS_VRRP_FRAME_MAX are always enough. It takes 5 KiB of stack.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`,
 * `LVS_ERR_FAMILY`, `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_VERSION`, `LVS_ERR_VRID`,
 * `LVS_ERR_INTERVAL`, `LVS_ERR_CHECKSUM_TRANSMIT`, `LVS_ERR_V2_OVER_IPV6`, `LVS_ERR_NO_ADDRESSES`,
 * `LVS_ERR_TOO_MANY_ADDRESSES`, `LVS_ERR_DUPLICATE_ADDRESS`.
 *
 * Safety: `advert` points to a `struct lvs_advert` of any version with its addresses, `packet` to room for
 * `capacity` octets.
 */
enum lvs_status lvs_advert_write(const struct lvs_advert *advert,
                                 uint8_t *packet,
                                 size_t capacity,
                                 size_t *length);

/* ---------------------------------------------------------------------------
 * What a virtual router is told once.
 */

/** Whose defaults a virtual router takes. */
enum lvs_vrrp_profile {
    /** Version 3 by RFC 9568 and its errata. */
    LVS_VRRP_RFC9568 = 0,
    /** Version 3 by RFC 5798. */
    LVS_VRRP_RFC5798 = 1,
    /** Version 2 by RFC 3768. */
    LVS_VRRP_RFC3768 = 2,
    /** Version 2 as keepalived 2.4 does it by default. */
    LVS_VRRP_KEEPALIVED_V2 = 3,
    /** Version 3 as keepalived 2.4 does it by default. */
    LVS_VRRP_KEEPALIVED_V3 = 4,
};

/** The parameters of a virtual router (RFC 9568 section 6.1). */
struct lvs_vrrp_config {
    /** The sizeof of this struct. */
    size_t size;
    /**
     * The virtual addresses, in the order in which they are advertised; they are copied. Over IPv6
     * the first ought to be link-local [V3-TX-7].
     */
    const struct lvs_address *addresses;
    /** How many there are: 1 to 1024, version 2: or none. */
    size_t address_count;
    /** Whom to speak to instead of the group, each by itself [X-28]; they are copied. */
    const struct lvs_vrrp_peer *peers;
    /** How many there are, at most 255; 0 is the group. */
    size_t peer_count;
    /**
     * The primary IPv4 address or the link-local IPv6 address of the interface; with peers, any of
     * its addresses.
     */
    struct lvs_address source;
    /**
     * Another group than that of VRRP for adverts to go to and come from; over IPv6 of link-local
     * scope [X-31]. Zeros are that of VRRP.
     */
    struct lvs_address group;
    /** The version that the virtual router speaks: 2 or 3. */
    uint8_t version;
    /** The virtual router: 1 to 255. */
    uint8_t vrid;
    /**
     * 1 to 254, or 255 on the router whose interface has the virtual addresses as its own; an
     * owner preempts and accepts whatever the fields say [FSM-20].
     */
    uint8_t priority;
    /** Not 0 if a Backup router displaces an Active one of lower priority. */
    uint8_t preempt;
    /**
     * Not 0 if packets to the virtual addresses are accepted while Active, not only forwarded
     * (RFC 9568 Accept_Mode).
     */
    uint8_t accept;
    /**
     * The intervals of silence after which the Active router counts as down: 1 to 100, 3 by the
     * RFCs. To be the same on all routers of the virtual router.
     */
    uint8_t advert_count;
    /**
     * The time between own adverts: 1 to 4095 centiseconds; in version 2, 100 to 25500, whole
     * seconds [T-9].
     */
    uint16_t interval_centiseconds;
    /**
     * The longest interval that is learned from adverts, or the own one if that is longer: a forged
     * one cannot delay a takeover beyond that [SEC-9]. 0 is any.
     */
    uint16_t max_learned_interval_centiseconds;
    /**
     * How long a Backup router puts up with an Active one of lower priority, counted from its first
     * advert; at most 1000000 [X-4].
     */
    uint32_t preempt_delay_milliseconds;
    /** One of `enum lvs_vrrp_losing_advert`. */
    int losing_advert;
    /** One of `enum lvs_vrrp_owner_adverts`. */
    int owner_adverts;
    /** One of `enum lvs_vrrp_address_mismatch`. */
    int address_mismatch;
    /** One of `enum lvs_vrrp_checksum_transmit`. */
    int checksum_transmit;
    /** One of `enum lvs_vrrp_checksum_accept`. */
    int checksum_accept;
    /** The time between two rounds of announcements [X-19]. */
    uint32_t announce_gap_milliseconds;
    /**
     * The time between announcements after the first rounds for as long as the router is Active; 0
     * is never [X-20].
     */
    uint32_t announce_refresh_milliseconds;
    /** Rounds of announcements on becoming Active; 0 is none. */
    uint8_t announce_rounds;
    /** Rounds after an advert that lost [X-13]; 0 is none. */
    uint8_t announce_rounds_on_losing;
    /** How often a round announces each address [X-18]. */
    uint8_t announce_repeat;
    /** How often a refresh does. */
    uint8_t announce_refresh_repeat;
    /** Not 0 if an Active router whose priority changes sends an advert at once [X-46]. */
    uint8_t advert_on_priority_change;
    /**
     * Not 0 if a Backup router that wakes up late becomes Active at once instead of waiting for
     * another interval and Skew_Time [S-9].
     */
    uint8_t late_backup_promotes;
    /**
     * Not 0 if an Active router that wakes up late becomes Backup instead of announcing its
     * addresses again [S-10].
     */
    uint8_t late_active_steps_down;
    /** Not 0 if only the router that was last taken for the Active one can resign [FSM-9]. */
    uint8_t resign_by_active_only;
    /** Not 0 if an Active router that hears a winning advert sends a last one of its own [X-12]. */
    uint8_t advert_before_demotion;
    /**
     * Not 0 if an advert over IPv6 is dropped whose first address is not link-local; it is counted
     * in any case [W-17].
     */
    uint8_t link_local_first;
    /**
     * Not 0 if only peers may send adverts, where there are peers, and from the distance that each
     * may have [X-29].
     */
    uint8_t check_peers;
    /**
     * Not 0 if an Active router sends its second advert early, by its VRID and by less than a quarter
     * of an interval, so that routers that became Active together do not go on together [S-6].
     */
    uint8_t stagger_adverts;
    /**
     * Not 0 if a router with peers that was at fault, or without its interface, tells the link where
     * it is once it runs again: LVS_VRRP_ANNOUNCE_SOURCE [X-26].
     */
    uint8_t announce_source;
    /**
     * Not 0 if a router that hears its own address from somebody else gives way to him, and does not
     * only say so [S-16].
     */
    uint8_t duplicate_steps_down;
    /**
     * How many of the addresses, from the first on, adverts list, at most 255; the others are
     * installed and announced like them, and may be of the other family [X-35].
     * LVS_VRRP_ADVERTISE_ALL is all of them.
     */
    uint16_t advertised_count;
    /**
     * Not 0 if an Active router says that an advert lost, at most once between two adverts of its own:
     * LVS_VRRP_REASON_LOSING_ADVERT [X-13].
     */
    uint8_t report_losing;
};

/** Adverts list all virtual addresses. */
#define LVS_VRRP_ADVERTISE_ALL UINT16_MAX

/** A router that speaks VRRP by unicast. */
struct lvs_vrrp_peer {
    /** Its address. */
    struct lvs_address address;
    /**
     * The least TTL or hop limit that its adverts may arrive with: 255 on the link, less by one for
     * each router between [X-30].
     */
    uint8_t min_hop_limit;
    /** The greatest one. */
    uint8_t max_hop_limit;
};

/**
 * Fills in the defaults of a `profile`, one of `enum lvs_vrrp_profile`, for the virtual router
 * `vrid`, 1 to 255; source and addresses are then to be set. `config->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_PROFILE`, `LVS_ERR_VRID`.
 *
 * Safety: `config` points to a `struct lvs_vrrp_config` of any version.
 */
enum lvs_status lvs_vrrp_config_init(struct lvs_vrrp_config *config, int profile, uint8_t vrid);

/* ---------------------------------------------------------------------------
 * What a virtual router asks for.
 */

/** The state of a virtual router (RFC 9568 section 6.4). */
enum lvs_vrrp_state {
    /** Not running: not started, shut down, without its interface, or in fault. Adverts are ignored. */
    LVS_VRRP_INITIALIZE = 0,
    /** Waiting for the Active router to fall silent. */
    LVS_VRRP_BACKUP = 1,
    /** Forwarding for the virtual addresses. */
    LVS_VRRP_ACTIVE = 2,
};

/** Why the state changed. */
enum lvs_vrrp_reason {
    /** The router was started, its interface came up, or the last fault is over. */
    LVS_VRRP_REASON_STARTUP = 0,
    /** To Active: nothing was heard for the active-down interval. */
    LVS_VRRP_REASON_NO_RESPONSE = 1,
    /** To Active: the Active router resigned. */
    LVS_VRRP_REASON_RESIGNED = 2,
    /** To Active: only adverts of lower priority were heard. */
    LVS_VRRP_REASON_PREEMPTED = 3,
    /** To Backup: an advert won, by priority or, the priorities being equal, by source address. */
    LVS_VRRP_REASON_BETTER_ADVERT = 4,
    /** The router was shut down. */
    LVS_VRRP_REASON_SHUTDOWN = 5,
    /** The interface went down. */
    LVS_VRRP_REASON_INTERFACE_DOWN = 6,
    /**
     * The router woke up late. An Active one goes on and announces its addresses again, or becomes
     * Backup; a Backup one waits once more [S-9], [S-10].
     */
    LVS_VRRP_REASON_LATE = 7,
    /** Something that is watched says that the router cannot do its work. */
    LVS_VRRP_REASON_FAULT = 8,
    /**
     * Another member of its sync group lost to an advert, or cannot run [X-59], [X-60]; or the
     * router that it follows is in that state [X-67].
     */
    LVS_VRRP_REASON_GROUP = 9,
    /**
     * The adverts of a router that ought to give way keep coming: it does not hear this one, which
     * stays Active [S-14].
     */
    LVS_VRRP_REASON_ONE_WAY_REACHABILITY = 10,
    /** Another router advertises from this one's address [S-16]. */
    LVS_VRRP_REASON_DUPLICATE_SOURCE = 11,
    /**
     * Another router was Active too, and is to give way: hosts may have followed it. Told on request,
     * `report_losing` [X-13].
     */
    LVS_VRRP_REASON_LOSING_ADVERT = 12,
};

/** A change of state, or one that did not come about: then both states are the same. */
struct lvs_vrrp_event {
    /**
     * 1 for a router's first change, then one more each; a gap tells of changes that were
     * overtaken before the actions were drained [X-52].
     */
    uint64_t sequence;
    /** When the state changed. */
    lvs_time at;
    /** The state before, one of `enum lvs_vrrp_state`. */
    int from;
    /** The state after, likewise. */
    int to;
    /** Why it changed, one of `enum lvs_vrrp_reason`. */
    int reason;
};

/**
 * What is to be done. Becoming Active gives 1 to 4, 7 and 8, leaving it 1, 5 to 8, in that order
 * [FSM-5a] [SC-23]; 3, 6 and 7 are for IPv6 only.
 *
 * A change of state drops what is left of an earlier one. Hence an address may be removed or a
 * group left that was never installed or joined; that is no error. Later versions may ask for
 * more: ignore what you do not know.
 */
enum lvs_vrrp_action_kind {
    /** Send the frame of `lvs_vrrp_write_advert` with `priority`, 0 on leaving Active. */
    LVS_VRRP_SEND_ADVERT = 1,
    /**
     * Receive frames for the virtual MAC address and answer ARP or neighbor solicitations for the
     * virtual addresses with it; IPv6 addresses without duplicate address detection [ND-2].
     * Unless `enable`, drop other packets to the addresses, save ARP and neighbor discovery
     * [ND-5].
     *
     * It comes again when `lvs_vrrp_apply` changes the addresses or `enable`. Remove addresses that are
     * no longer among them then, and leave the groups that no address is in any more: the group of an
     * address is ff02::1:ff00:0 and its last three octets [CORE-1] [FSM-26].
     */
    LVS_VRRP_INSTALL_ADDRESSES = 2,
    /**
     * Join the solicited-node group `address`. A group that several addresses share is joined once
     * [W-36].
     */
    LVS_VRRP_JOIN_SOLICITED_NODE = 3,
    /**
     * Send the frame of `lvs_vrrp_write_announcement` for `address`, once it is installed
     * [FSM-5].
     */
    LVS_VRRP_ANNOUNCE = 4,
    /** Undo `LVS_VRRP_INSTALL_ADDRESSES`. An owner may keep the addresses, its own [FSM-22]. */
    LVS_VRRP_REMOVE_ADDRESSES = 5,
    /** Leave the solicited-node group `address`, once as well. */
    LVS_VRRP_LEAVE_SOLICITED_NODE = 6,
    /** Begin (`enable`) or cease to send router advertisements for the virtual router. */
    LVS_VRRP_SET_ROUTER_ADVERTISEMENTS = 7,
    /** The state has changed: `event`. */
    LVS_VRRP_NOTIFY = 8,
    /**
     * Tell the link where the address is that adverts come from, with the MAC address of the
     * interface [X-26].
     */
    LVS_VRRP_ANNOUNCE_SOURCE = 9,
};

/** One thing to do. What its kind does not mention is zero. */
struct lvs_vrrp_action {
    /** What is to be done, one of `enum lvs_vrrp_action_kind`. */
    int kind;
    /** The priority to advertise. */
    uint8_t priority;
    /** 1 or 0. */
    uint8_t enable;
    /** A virtual address or a group. */
    struct lvs_address address;
    /** A change of state. */
    struct lvs_vrrp_event event;
};

/** The word of RFC 9568 for a state, or "unknown"; static, never NULL. */
const char *lvs_vrrp_state_name(int state);

/* ---------------------------------------------------------------------------
 * What a virtual router has counted.
 */

/**
 * The statistics of a virtual router, in the words of RFC 6527 [RX-7].
 *
 * A discarded advert counts exactly once, by the check that it failed; a router that is not
 * running counts nothing [X-56].
 */
struct lvs_vrrp_counters {
    /** The sizeof of this struct. */
    size_t size;
    /** Adverts that passed all checks. */
    uint64_t adv_rcvd;
    /** Of these, the ones of a resigning router. */
    uint64_t prio_zero_rcvd;
    /** Of these, the ones whose checksum covers a pseudo-header: over IPv6 all. */
    uint64_t pseudo_header_rcvd;
    /** Of these, the ones whose pseudo-header has the group where the packet has a peer [W-22]. */
    uint64_t group_pseudo_header_rcvd;
    /** Adverts handed out for sending. */
    uint64_t adv_sent;
    /** Of these, the resignations. */
    uint64_t prio_zero_sent;
    /** Changes to Active. */
    uint64_t become_active;
    /** Changes from Active. */
    uint64_t release_active;
    /** The checksum does not verify. */
    uint64_t checksum_errors;
    /** The version is unknown or not this router's. */
    uint64_t version_errors;
    /** The VRID is 0 or another router's. */
    uint64_t vrid_errors;
    /** The TTL or hop limit is not 255, nor what is configured for the peer. */
    uint64_t ip_ttl_errors;
    /** The type is not ADVERTISEMENT. */
    uint64_t invalid_type_packets;
    /** The length does not fit the address count. */
    uint64_t packet_length_errors;
    /** There is an authentication trailer that is not asked for [W-41]. */
    uint64_t unexpected_trailers;
    /** The destination is not the group, or the own address where there are peers. */
    uint64_t address_class_errors;
    /** The sender is no peer. */
    uint64_t unknown_peers;
    /** The authentication type does not exist. */
    uint64_t invalid_auth_type;
    /**
     * The authentication type is not the configured one, or an authentication header is missing
     * or not asked for [W-6].
     */
    uint64_t auth_type_mismatch;
    /** The sender does not prove that it may speak, or repeats itself [W-11]. */
    uint64_t auth_failures;
    /**
     * The interval is 0 or not the configured one; version 3 takes the latter all the same
     * [RX-9].
     */
    uint64_t adv_interval_errors;
    /**
     * The address list is empty, is not the configured one, or does not start with a link-local
     * IPv6 address. Whether the advert is taken all the same is configured [RX-5].
     */
    uint64_t address_list_errors;
    /** Adverts from the own source address, looped back. */
    uint64_t self_received;
    /** Adverts that an owner heard from somebody else. */
    uint64_t owner_conflicts;
    /**
     * Why the router last became Active: never 0, a resignation 1, it preempted or started as the
     * owner 2, no response 3 (vrrpv3StatisticsNewMasterReason) [RX-8].
     */
    int new_active_reason;
    /**
     * The last protocol error: none 0, TTL or hop limit 1, version 2, checksum 3, VRID 4
     * (vrrpv3StatisticsProtoErrReason).
     */
    int proto_err_reason;
};

/* ---------------------------------------------------------------------------
 * Virtual routers.
 */

/**
 * A virtual router: one VRID of one address family on one interface (RFC 9568).
 *
 * Its loop: drain `lvs_vrrp_poll_action` until it is empty, wait for input or for the deadline,
 * feed exactly one input, drain again. Inputs are `lvs_vrrp_startup`, `lvs_vrrp_shutdown`,
 * `lvs_vrrp_interface_up`, `lvs_vrrp_interface_down`, `lvs_vrrp_resumed`, `lvs_vrrp_peer_down`,
 * `lvs_vrrp_track`, `lvs_vrrp_set_tracked`, `lvs_vrrp_set_priority`, `lvs_vrrp_set_source`,
 * `lvs_vrrp_apply`, `lvs_vrrp_hold_announcements`, `lvs_vrrp_handle_frame`,
 * `lvs_vrrp_handle_packet` and `lvs_vrrp_handle_timeout`; only they, and `lvs_vrrp_restore`, change
 * actions and deadline.
 */
struct lvs_vrrp;

/**
 * Octets of memory that hold any virtual router but for its addresses and peers; `lvs_vrrp_sizeof`
 * may want less.
 */
#define LVS_VRRP_MEMORY 2048

/**
 * Octets of memory that each virtual address and each peer takes besides, at most: for itself, and for
 * another one that `lvs_vrrp_apply` may put in its place.
 */
#define LVS_VRRP_MEMORY_PER_ADDRESS 40

/**
 * Makes a virtual router that is not started, whose interface is believed to be up.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`,
 * `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_NOT_UNICAST`, `LVS_ERR_NO_MEMORY`, and -40 to -59, -80, -81 and
 * -88 of `enum lvs_status`, one for each field that does not fit.
 *
 * Safety: `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
 */
enum lvs_status lvs_vrrp_create(const struct lvs_vrrp_config *config,
                                struct lvs_vrrp **out);

/**
 * Octets of memory that `lvs_vrrp_init` wants for so many addresses and peers at any time, wherever it
 * begins; 0 if there are more than 1024 addresses or 255 peers.
 */
size_t lvs_vrrp_sizeof(size_t address_count,
                       size_t peer_count);

/**
 * As `lvs_vrrp_create`, but in `memory` of the caller's, of `size` octets, which has to stay where it
 * is and as long as the virtual router is used. Nothing is allocated, now or later: if there are to be
 * more addresses or peers some day, have `size` be what `lvs_vrrp_sizeof` says of those.
 *
 * Errors: As for `lvs_vrrp_create`, and `LVS_ERR_BUFFER_TOO_SMALL` if `size` is less than
 * `lvs_vrrp_sizeof` says. After an error the memory is the caller's as before, whatever is in it.
 *
 * Safety: `memory` points to room for `size` octets that nobody else uses, `config` to a `struct
 * lvs_vrrp_config` of any version, with its addresses and peers.
 */
enum lvs_status lvs_vrrp_init(void *memory,
                              size_t size,
                              const struct lvs_vrrp_config *config,
                              struct lvs_vrrp **out);

/**
 * Ends a virtual router; NULL is allowed. Nothing is sent: shut it down first and drain its
 * actions. The handle is not to be used again, but memory of the caller's is.
 *
 * Safety: `vrrp` is NULL or comes from `lvs_vrrp_create` or `lvs_vrrp_init` and has not been ended.
 */
void lvs_vrrp_destroy(struct lvs_vrrp *vrrp);

/* ---------------------------------------------------------------------------
 * How virtual routers prove that they may speak.
 */

/** How adverts prove who sends them. */
enum lvs_vrrp_authentication_kind {
    /** None: whoever is on the link may speak (RFC 9568). */
    LVS_VRRP_AUTHENTICATION_NONE = 0,
    /** Version 2 only: a password that everybody can read (RFC 2338) [W-4]. */
    LVS_VRRP_AUTHENTICATION_PASSWORD = 1,
    /** Version 2 only: an IP authentication header of HMAC-MD5 (RFC 2338) [W-5]. */
    LVS_VRRP_AUTHENTICATION_HEADER = 2,
    /** A trailer of HMAC-SHA256 behind the message (draft-cassen-vrrp-auth-hmac) [W-37]. */
    LVS_VRRP_AUTHENTICATION_TRAILER = 3,
};

/** A key. */
struct lvs_vrrp_key {
    /** Its octets; they are copied. At most 8 for a password or a header, 32 to 64 for a trailer. */
    const uint8_t *octets;
    /** How many there are. */
    size_t length;
    /** For a trailer: its number, 1 to 255. */
    uint8_t id;
};

/** What a virtual router has to prove, and others to it. */
struct lvs_vrrp_authentication {
    /** The sizeof of this struct. */
    size_t size;
    /** The keys. Adverts go out with the first; those with any are taken. */
    const struct lvs_vrrp_key *keys;
    /** How many there are: 1 for a password or a header, 1 or 2 for a trailer, else 0. */
    size_t key_count;
    /** For a trailer: what to add to an `lvs_time` to have microseconds since 1970 in UTC. */
    int64_t utc_offset_micros;
    /** One of `enum lvs_vrrp_authentication_kind`. */
    int kind;
    /** For a trailer: how many seconds its time may be off; 0 does not look at the time. */
    uint16_t window_seconds;
    /** For a trailer: not 0 if adverts without one are refused. */
    uint8_t required;
};

/**
 * Sets how adverts are authenticated from now on; at first they are not. To change a key, or the
 * offset of a clock that was set, call it again: numbers of trailers go on from the last.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_KEY`; `LVS_ERR_AUTHENTICATION` if
 * the kind does not exist, or not in the router's version, or not in this build of the library.
 *
 * Safety: `authentication` points to a `struct lvs_vrrp_authentication` of any version, its keys to
 * `key_count` keys with their octets.
 */
enum lvs_status lvs_vrrp_set_authentication(struct lvs_vrrp *vrrp,
                                            const struct lvs_vrrp_authentication *authentication);

/* ---------------------------------------------------------------------------
 * Virtual routers at work.
 */

/**
 * Starts the router: an owner becomes Active at once, any other Backup. If its interface is down
 * it starts when that comes up [FSM-4].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_startup(struct lvs_vrrp *vrrp, lvs_time now);

/**
 * Stops the router. An Active one resigns first [FSM-23].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_shutdown(struct lvs_vrrp *vrrp, lvs_time now);

/**
 * The interface is usable, with the source address in place: a router that was started begins
 * afresh [FSM-25].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_interface_up(struct lvs_vrrp *vrrp, lvs_time now);

/**
 * The interface is not usable, or has no source address any more. The resignation of an Active
 * router is worth a try only; that it cannot be sent is no error [FSM-24].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_interface_down(struct lvs_vrrp *vrrp, lvs_time now);

/**
 * Lets time pass. Before the deadline nothing happens [FSM-2]. Hand in what was received until
 * `now` first; it may postpone the deadline [S-7].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_handle_timeout(struct lvs_vrrp *vrrp, lvs_time now);

/**
 * The host slept for `gap` microseconds, or was paused, and this is the first that the router hears
 * of it: the clock may not have counted it. A Backup router that may have missed adverts waits
 * longer, an Active one that may have been replaced says so again [S-8].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_resumed(struct lvs_vrrp *vrrp, lvs_time now, uint64_t gap);

/**
 * Lets announcements wait until that moment, so that those of many routers do not fill a link;
 * whatever else there is to do goes on [X-22].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_hold_announcements(struct lvs_vrrp *vrrp, lvs_time until);

/**
 * Changes the effective priority, as trackers do: 0 counts as 1 and 255 as 254 [X-43], and an
 * owner keeps its own [FSM-19]. The deadline of a Backup router moves by the difference [T-7]; an
 * Active router may say so at once, `advert_on_priority_change` [X-46].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_set_priority(struct lvs_vrrp *vrrp,
                                      lvs_time now,
                                      uint8_t priority);

/**
 * Changes the address that adverts come from. An Active router advertises from it at once
 * [W-29]. If no address is left, that is `lvs_vrrp_interface_down`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_SOURCE_FAMILY`, `LVS_ERR_SOURCE_NOT_UNICAST`,
 * `LVS_ERR_SOURCE_NOT_LINK_LOCAL`, `LVS_ERR_PEER` if it is that of a peer.
 */
enum lvs_status lvs_vrrp_set_source(struct lvs_vrrp *vrrp,
                                    lvs_time now,
                                    const struct lvs_address *source);

/**
 * Something else has noticed that a peer does not answer any more. If it was the Active router, a
 * Backup one waits no longer than Skew_Time [X-66].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`.
 */
enum lvs_status lvs_vrrp_peer_down(struct lvs_vrrp *vrrp,
                                   lvs_time now,
                                   const struct lvs_address *peer);

/**
 * Takes in a received Ethernet frame: an advert is verified, decoded and fed; one that is refused
 * counts by the check that it failed, one for another VRID as well, and changes nothing else
 * [RX-1].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`; `LVS_ERR_NOT_VRRP` if it is no VRRP frame, or malformed, or a
 * fragment, or from an address that no host has.
 *
 * Safety: `frame` points to `length` octets.
 */
enum lvs_status lvs_vrrp_handle_frame(struct lvs_vrrp *vrrp,
                                      lvs_time now,
                                      const uint8_t *frame,
                                      size_t length);

/**
 * The same for an IP packet, header included, as raw sockets give it.
 *
 * Errors: As for `lvs_vrrp_handle_frame`.
 *
 * Safety: `packet` points to `length` octets.
 */
enum lvs_status lvs_vrrp_handle_packet(struct lvs_vrrp *vrrp,
                                       lvs_time now,
                                       const uint8_t *packet,
                                       size_t length);

/**
 * The VRID that a received Ethernet frame is for, 1 to 255, so that a host of several virtual
 * routers can find the one to hand it to.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, and `LVS_ERR_NOT_VRRP` as for `lvs_vrrp_handle_frame` or if
 * the VRID is missing or 0.
 *
 * Safety: `frame` points to `length` octets.
 */
int lvs_vrrp_vrid_of_frame(const uint8_t *frame, size_t length);

/**
 * The next thing to do: 1 and the action in `out`, or 0 when all is done.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_vrrp_poll_action(struct lvs_vrrp *vrrp, struct lvs_vrrp_action *out);

/**
 * When `lvs_vrrp_handle_timeout` is due: 1 and the moment in `out`, or 0 in Initialize.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_vrrp_next_deadline(const struct lvs_vrrp *vrrp, lvs_time *out);

/* ---------------------------------------------------------------------------
 * Other configurations for virtual routers that run.
 */

/**
 * It is another virtual router: version, VRID or family differ. Shut this one down, drain its actions,
 * and make a new one.
 */
#define LVS_VRRP_PLAN_RESTART 1

/** The configured priority changes. The effective one keeps its distance [T-7]. */
#define LVS_VRRP_PLAN_PRIORITY 2

/**
 * The interval changes, or the count of adverts. Running timers move by the difference; the advert that
 * is due next may come sooner, but not later [T-7].
 */
#define LVS_VRRP_PLAN_TIMERS 4

/** The virtual addresses change, or their order, or how many of them adverts list. */
#define LVS_VRRP_PLAN_ADDRESSES 8

/** The peers change, or their order. */
#define LVS_VRRP_PLAN_PEERS 16

/** Something else changes, which counts from its next use on. */
#define LVS_VRRP_PLAN_OPTIONS 32

/**
 * What `lvs_vrrp_apply` would change: `plan` is the sum of some of `LVS_VRRP_PLAN_*`, 0 if nothing
 * changes [FSM-26].
 *
 * Errors: As for `lvs_vrrp_apply`, but `LVS_ERR_RESTART`: then `plan` has `LVS_VRRP_PLAN_RESTART`.
 *
 * Safety: `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
 */
enum lvs_status lvs_vrrp_plan(struct lvs_vrrp *vrrp,
                              const struct lvs_vrrp_config *config,
                              uint32_t *plan);

/**
 * Takes another configuration and keeps state and deadlines; `plan` is what has changed, as with
 * `lvs_vrrp_plan`. An unchanged virtual router does nothing [FSM-26].
 *
 * An Active router whose addresses changed, or that begins or ceases to accept packets to them, has
 * them installed; it announces them if one is new, and the advert that is due next lists them. Another
 * priority is as with `lvs_vrrp_set_priority`. `config->source` is ignored: `lvs_vrrp_set_source` changes
 * that. Authentication stays as it is.
 *
 * Errors: As for `lvs_vrrp_create`, but for `source`; `LVS_ERR_RESTART` if it is another virtual router;
 * `LVS_ERR_BUFFER_TOO_SMALL` if `lvs_vrrp_init` had less memory than `lvs_vrrp_sizeof` says for so many
 * addresses and peers.
 *
 * Safety: `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
 */
enum lvs_status lvs_vrrp_apply(struct lvs_vrrp *vrrp,
                               lvs_time now,
                               const struct lvs_vrrp_config *config,
                               uint32_t *plan);

/* ---------------------------------------------------------------------------
 * Interfaces that come and go, or hear nothing yet.
 */

/**
 * Between an interface and its routers: whether it counts as up.
 *
 * After each input ask for the deadline, and tell each router by `lvs_vrrp_interface_up` or
 * `lvs_vrrp_interface_down` when `lvs_interface_hold_is_up` has changed. Before the first report the
 * interface is down.
 */
struct lvs_interface_hold;

/** Octets of memory that hold any `struct lvs_interface_hold`. */
#define LVS_INTERFACE_HOLD_MEMORY 128

/** How long an interface is not believed. */
struct lvs_interface_hold_config {
    /** The sizeof of this struct. */
    size_t size;
    /** How long its link has to be up before it counts as up [X-42]. */
    uint32_t up_milliseconds;
    /**
     * How long its link has to be down before it counts as down, if that is not longer than its
     * routers bear [X-42].
     */
    uint32_t down_milliseconds;
    /**
     * How long it has to hear something after that; 30 seconds are usual. Bonds, switches and
     * spanning trees may carry what is sent long before they carry what is to be heard [X-41].
     */
    uint32_t proof_milliseconds;
};

/**
 * Fills in the defaults: an interface is believed at once. `config->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `config` points to a `struct lvs_interface_hold_config` of any version.
 */
enum lvs_status lvs_interface_hold_config_init(struct lvs_interface_hold_config *config);

/**
 * Makes an interface whose link is down, in `memory` of the caller's, of `size` octets, which has to
 * stay where it is and as long as it is used; there is nothing to end. Nothing is allocated.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`; `LVS_ERR_BUFFER_TOO_SMALL`, never for
 * LVS_INTERFACE_HOLD_MEMORY octets.
 *
 * Safety: `memory` points to room for `size` octets that nobody else uses, `config` to a `struct
 * lvs_interface_hold_config` of any version.
 */
enum lvs_status lvs_interface_hold_init(void *memory,
                                        size_t size,
                                        const struct lvs_interface_hold_config *config,
                                        struct lvs_interface_hold **out);

/**
 * The link is up if `link_up` is not 0. One that is as it was starts nothing anew.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_interface_hold_report(struct lvs_interface_hold *hold,
                                          lvs_time now,
                                          int link_up);

/**
 * Whatever it was, something was received. Call it before the routers hear of an advert.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_interface_hold_frame_received(struct lvs_interface_hold *hold, lvs_time now);

/**
 * The least `lvs_vrrp_get_interface_tolerance` of the routers on the interface, in microseconds,
 * which changes when they learn another interval [X-42].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_interface_hold_set_tolerance(struct lvs_interface_hold *hold,
                                                 lvs_time now,
                                                 uint64_t tolerance);

/**
 * Lets time pass. Before the deadline nothing happens.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_interface_hold_handle_timeout(struct lvs_interface_hold *hold, lvs_time now);

/**
 * When `lvs_interface_hold_handle_timeout` is due: 1 and the moment in `out`, or 0 if the link is as
 * it counts.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_interface_hold_next_deadline(const struct lvs_interface_hold *hold,
                                     lvs_time *out);

/**
 * Whether the interface counts as up: 1 or 0.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_interface_hold_is_up(const struct lvs_interface_hold *hold);

/**
 * How many microseconds the router's interface may be down before others take over: an interval
 * less than they wait for [X-42].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_get_interface_tolerance(const struct lvs_vrrp *vrrp, uint64_t *out);

/* ---------------------------------------------------------------------------
 * Trackers: what virtual routers depend on.
 */

/** Something that is well or not: an interface, a script, a route. */
struct lvs_tracker;

/** What a tracker is told to be. */
struct lvs_tracker_config {
    /** The sizeof of this struct. */
    size_t size;
    /**
     * -254 to 254. Above 0 it is added to the priority while all is well, below 0 while it is not;
     * 0 puts the router into fault while it is not.
     */
    int16_t weight;
    /**
     * Not 0 if the weight counts the other way round: what would be added is taken off, and with
     * weight 0 it is a fault that all is well.
     */
    uint8_t reverse;
    /** How many good reports in a row make a tracker well again, 1 at least. */
    uint8_t rise;
    /** How many bad ones end that, 1 at least. */
    uint8_t fall;
    /** Not 0 if it counts as unwell until the first report, not as unknown. */
    uint8_t starts_unwell;
};

/**
 * Fills in the defaults: a fault while not all is well, at the first report that says so.
 * `config->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `config` points to a `struct lvs_tracker_config` of any version.
 */
enum lvs_status lvs_tracker_config_init(struct lvs_tracker_config *config);

/**
 * Makes a tracker that knows nothing yet.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_TRACKER_WEIGHT`, `LVS_ERR_NO_REPORTS`,
 * `LVS_ERR_NO_MEMORY`.
 *
 * Safety: `config` points to a `struct lvs_tracker_config` of any version.
 */
enum lvs_status lvs_tracker_create(const struct lvs_tracker_config *config,
                                   struct lvs_tracker **out);

/** Ends a tracker; NULL is allowed. The handle is not to be used again. */
void lvs_tracker_destroy(struct lvs_tracker *tracker);

/**
 * Takes a report: all is well if `well` is not 0. The first one decides alone, later ones `rise` or
 * `fall` at a time, and one that agrees begins the count anew. Tell the routers that depend on it
 * by `lvs_vrrp_track`.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_tracker_report(struct lvs_tracker *tracker, int well);

/**
 * Whether all is well: 1 or 0; before the first report 0.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_tracker_is_well(const struct lvs_tracker *tracker);

/**
 * Takes what the `count` trackers come to: their sum is added to the configured priority and
 * confined to 1 to 254 [X-43]; an owner keeps its own. In fault the router does not run: an Active
 * one resigns first [X-54]; after the last fault it begins afresh [X-55].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`.
 *
 * Safety: `trackers` points to `count` pointers to trackers.
 */
enum lvs_status lvs_vrrp_track(struct lvs_vrrp *vrrp,
                               lvs_time now,
                               const struct lvs_tracker *const *trackers,
                               size_t count);

/**
 * The same for what the caller tracks by himself: the effective priority, and whether the router
 * cannot do its work.
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_set_tracked(struct lvs_vrrp *vrrp,
                                     lvs_time now,
                                     uint8_t priority,
                                     int fault);

/* ---------------------------------------------------------------------------
 * What virtual routers send.
 */

/**
 * Octets that hold any frame that a virtual router sends: 255 IPv6 addresses and a trailer behind
 * the headers.
 */
#define LVS_VRRP_FRAME_MAX 4170

/** Octets of an Ethernet header; behind them in a frame is the IP or ARP packet. */
#define LVS_ETHERNET_HEADER_LEN 14

/**
 * Writes the Ethernet frame that `LVS_VRRP_SEND_ADVERT` asks for, with the priority of the action,
 * TTL or hop limit 255. `path` 0 is to the group, or to the first peer, 1 to the second, and so on:
 * go on until there are no more. `*length` is the octets written; `LVS_VRRP_FRAME_MAX` are always
 * enough. Frames are not padded to the 60 octets that Ethernet wants: network interfaces do that.
 *
 * To the group it goes from the virtual MAC address. In a frame to a peer both MAC addresses are
 * zeros: fill in the ways to it. A raw IP socket takes what is behind the first
 * `LVS_ETHERNET_HEADER_LEN` octets.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`; `LVS_ERR_PATH` if there are no more
 * paths.
 *
 * Safety: `frame` points to room for `capacity` octets.
 */
enum lvs_status lvs_vrrp_write_advert(struct lvs_vrrp *vrrp,
                                      lvs_time now,
                                      uint8_t priority,
                                      size_t path,
                                      uint8_t *frame,
                                      size_t capacity,
                                      size_t *length);

/**
 * Writes the Ethernet frame that `LVS_VRRP_ANNOUNCE` asks for, with the address of the action: a
 * gratuitous ARP [W-32] or an unsolicited neighbor advertisement [W-34] of the virtual MAC
 * address. `*length` is the octets written.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`, `LVS_ERR_BUFFER_TOO_SMALL`.
 *
 * Safety: `frame` points to room for `capacity` octets.
 */
enum lvs_status lvs_vrrp_write_announcement(const struct lvs_vrrp *vrrp,
                                            const struct lvs_address *address,
                                            uint8_t *frame,
                                            size_t capacity,
                                            size_t *length);

/* ---------------------------------------------------------------------------
 * How virtual routers stand.
 */

/** How a virtual router stands. */
struct lvs_vrrp_status {
    /** The sizeof of this struct. */
    size_t size;
    /** The state, one of `enum lvs_vrrp_state`. */
    int state;
    /** The effective priority. */
    uint8_t priority;
    /** The priority of the Active router, its own or that of the last accepted advert; 0 if unknown. */
    uint8_t active_priority;
    /** 1 if packets to the virtual addresses are accepted while Active, else 0. */
    uint8_t accepts;
    /** The address of the Active router, likewise; zeros if unknown. */
    struct lvs_address active_address;
    /** The address that adverts come from. */
    struct lvs_address source;
    /** The interval of the Active router as learned from its adverts, or the own one. */
    uint16_t active_interval_centiseconds;
    /** Skew_Time: what the router waits after a resignation [T-1] [T-2]. */
    uint64_t skew_micros;
    /** Active_Down_Interval: the silence after which the router takes over [T-1] [T-2]. */
    uint64_t active_down_micros;
};

/**
 * Fills in how the router stands. `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `out` points to a `struct lvs_vrrp_status` of any version.
 */
enum lvs_status lvs_vrrp_get_status(const struct lvs_vrrp *vrrp, struct lvs_vrrp_status *out);

/**
 * The state, one of `enum lvs_vrrp_state`. It also says what ought to be in place: addresses,
 * groups and router advertisements in Active, nothing elsewhere [CORE-1].
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_vrrp_get_state(const struct lvs_vrrp *vrrp);

/**
 * The MAC address of the virtual router (RFC 9568 section 7.3).
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_get_virtual_mac(const struct lvs_vrrp *vrrp, struct lvs_mac *out);

/**
 * Fills in what has been counted. `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `out` points to a `struct lvs_vrrp_counters` of any version.
 */
enum lvs_status lvs_vrrp_get_counters(const struct lvs_vrrp *vrrp, struct lvs_vrrp_counters *out);

/* ---------------------------------------------------------------------------
 * Virtual routers that outlive their process.
 */

/** Octets that hold any snapshot of a virtual router. */
#define LVS_VRRP_SNAPSHOT_MAX 1024

/**
 * Writes what the virtual router is and knows, its addresses, peers and keys aside, in a form that is
 * the same on all machines. Drain the actions first: what is left to do is not part of it. `*length`
 * is the octets written; LVS_VRRP_SNAPSHOT_MAX are always enough.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`.
 *
 * Safety: `snapshot` points to room for `capacity` octets.
 */
enum lvs_status lvs_vrrp_snapshot(const struct lvs_vrrp *vrrp,
                                  uint8_t *snapshot,
                                  size_t capacity,
                                  size_t *length);

/**
 * Puts a virtual router into the state of a snapshot, with the configuration in it and as much time left
 * to its deadlines as there was: nothing is elected, and nothing is to be done. `now` may be of another
 * epoch. The addresses and peers that it has are to be those of the snapshot; its
 * authentication stays.
 *
 * What has changed meanwhile comes afterwards: another source address by `lvs_vrrp_set_source`, the
 * time that nobody listened by `lvs_vrrp_resumed`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`; `LVS_ERR_SNAPSHOT` if the octets are no snapshot, or one of another
 * release; `LVS_ERR_AUTHENTICATION` if its version cannot be authenticated as this router is; and those
 * of `lvs_vrrp_create` if it does not fit the addresses and peers.
 *
 * Safety: `snapshot` points to `length` octets.
 */
enum lvs_status lvs_vrrp_restore(struct lvs_vrrp *vrrp,
                                 lvs_time now,
                                 const uint8_t *snapshot,
                                 size_t length);

/* ---------------------------------------------------------------------------
 * Engines, each in one piece of memory.
 */

/**
 * Virtual routers on any number of interfaces, of both families (RFC 9568).
 *
 * Its loop: drain `lvs_engine_poll_action` until it is empty, wait for input or for the deadline, feed
 * exactly one input, drain again. It lives in memory of the caller's, and there is nothing to be ended.
 */
struct lvs_engine;

/**
 * Octets of memory that `lvs_engine_init` wants for so many virtual routers, each with so many
 * addresses and peers at most, wherever it begins; 0 if they are more than 1024 or 255, or more than
 * memory.
 */
size_t lvs_engine_sizeof(uint32_t routers,
                         size_t address_count,
                         size_t peer_count);

/**
 * Makes an engine for so many virtual routers, each with so many addresses and peers at most, in
 * `memory` of `size` octets, which has to stay where it is and as long as the engine is used. Nothing
 * is allocated, now or later.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_TOO_MANY_ADDRESSES`, `LVS_ERR_PEER`;
 * `LVS_ERR_BUFFER_TOO_SMALL` if `size` is less than `lvs_engine_sizeof` says.
 *
 * Safety: `memory` points to room for `size` octets that nobody else uses.
 */
enum lvs_status lvs_engine_init(void *memory,
                                size_t size,
                                uint32_t routers,
                                size_t address_count,
                                size_t peer_count,
                                struct lvs_engine **out);

/* ---------------------------------------------------------------------------
 * Many virtual routers, with one deadline and one stream of actions.
 */

/** Names a virtual router of one engine, and never another one that came after it. */
typedef uint64_t lvs_router_id;

/**
 * Adds a virtual router that is not started, whose interface is believed to be up. `interface` is the
 * caller's number of the link, on which routers of one VRID and family are told apart by their group or
 * their peers [X-38]. `out` names it.
 *
 * Errors: As for `lvs_vrrp_create`, but no memory is taken; also if there are more addresses or peers than
 * there is room for; `LVS_ERR_ENGINE_FULL`; `LVS_ERR_ROUTER_EXISTS` if the interface has one of this
 * VRID and family that would hear the same.
 *
 * Safety: `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
 */
enum lvs_status lvs_engine_add(struct lvs_engine *engine,
                               uint32_t interface,
                               const struct lvs_vrrp_config *config,
                               lvs_router_id *out);

/**
 * Removes a virtual router with its keys, and from its sync group, at the last moment that the engine
 * was handed. Nothing is sent: shut it down first and drain the actions.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
 */
enum lvs_status lvs_engine_remove(struct lvs_engine *engine,
                                  lvs_router_id router);

/**
 * Has a virtual router join the sync group of `member`, or form a group with it: they are Active
 * together or not at all [X-57]. One that becomes unable to run takes the others with it [X-60].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`; `LVS_ERR_SYNC_GROUP` if it is in a group already, is to join
 * itself, or one of them follows another.
 */
enum lvs_status lvs_engine_join(struct lvs_engine *engine,
                                lvs_router_id router,
                                lvs_router_id member);

/**
 * Has a virtual router leave its sync group, if it is in one, at the last moment that the engine was
 * handed.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
 */
enum lvs_status lvs_engine_leave(struct lvs_engine *engine,
                                 lvs_router_id router);

/**
 * Has a virtual router follow another one from now on: whenever that changes its state, so does it, with
 * all actions but without an advert [X-67]. It may follow somebody else later. Start it like any.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`; `LVS_ERR_SYNC_GROUP` if it is in a group or followed, if the
 * leader follows, or if both are the same.
 */
enum lvs_status lvs_engine_follow(struct lvs_engine *engine,
                                  lvs_time now,
                                  lvs_router_id router,
                                  lvs_router_id leader);

/**
 * Sets how the adverts of a virtual router are authenticated from now on; at first they are not.
 *
 * Errors: As for `lvs_vrrp_set_authentication`, and `LVS_ERR_NO_SUCH_ROUTER`.
 *
 * Safety: `authentication` points to a `struct lvs_vrrp_authentication` of any version, its keys to
 * `key_count` keys with their octets.
 */
enum lvs_status lvs_engine_set_authentication(struct lvs_engine *engine,
                                              lvs_router_id router,
                                              const struct lvs_vrrp_authentication *authentication);

/**
 * Takes in an Ethernet frame that was received on `interface`: an advert is verified, decoded and fed
 * to its virtual router; one that is refused, or that is for none, is counted and changes nothing else
 * [RX-1].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, and `LVS_ERR_NOT_VRRP` as for `lvs_vrrp_handle_frame` or if the
 * VRID is missing or 0.
 *
 * Safety: `frame` points to `length` octets.
 */
enum lvs_status lvs_engine_handle_frame(struct lvs_engine *engine,
                                        lvs_time now,
                                        uint32_t interface,
                                        const uint8_t *frame,
                                        size_t length);

/**
 * Lets time pass for the virtual routers whose deadline is due, the earliest first, `budget` of them
 * at most. Gives how many that were: if it is `budget`, more may be due. Hand in what was received
 * until `now` first [S-7].
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_engine_handle_timeout(struct lvs_engine *engine,
                              lvs_time now,
                              uint16_t budget);

/**
 * The next thing to do: 1 and the action in `out`, of `router`; or 0 when all is done. Adverts of all
 * come before whatever else they want done [S-4].
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_engine_poll_action(struct lvs_engine *engine,
                           lvs_router_id *router,
                           struct lvs_vrrp_action *out);

/**
 * When `lvs_engine_handle_timeout` is due: 1 and the moment in `out`, or 0 if no virtual router runs.
 *
 * Errors: `LVS_ERR_NULL`.
 */
int lvs_engine_next_deadline(const struct lvs_engine *engine,
                             lvs_time *out);

/**
 * As `lvs_vrrp_write_advert`, for the virtual router of the action.
 *
 * Errors: As there, and `LVS_ERR_NO_SUCH_ROUTER`.
 *
 * Safety: `frame` points to room for `capacity` octets.
 */
enum lvs_status lvs_engine_write_advert(struct lvs_engine *engine,
                                        lvs_time now,
                                        lvs_router_id router,
                                        uint8_t priority,
                                        size_t path,
                                        uint8_t *frame,
                                        size_t capacity,
                                        size_t *length);

/**
 * As `lvs_vrrp_write_announcement`, for the virtual router of the action.
 *
 * Errors: As there, and `LVS_ERR_NO_SUCH_ROUTER`.
 *
 * Safety: `frame` points to room for `capacity` octets.
 */
enum lvs_status lvs_engine_write_announcement(const struct lvs_engine *engine,
                                              lvs_router_id router,
                                              const struct lvs_address *address,
                                              uint8_t *frame,
                                              size_t capacity,
                                              size_t *length);

/* ---------------------------------------------------------------------------
 * What virtual routers of an engine are told.
 */

/** What a virtual router of an engine can be told. */
enum lvs_engine_input_kind {
    /** As `lvs_vrrp_startup`. */
    LVS_ENGINE_INPUT_STARTUP = 0,
    /** As `lvs_vrrp_shutdown`. */
    LVS_ENGINE_INPUT_SHUTDOWN = 1,
    /** As `lvs_vrrp_interface_up`. */
    LVS_ENGINE_INPUT_INTERFACE_UP = 2,
    /** As `lvs_vrrp_interface_down`. */
    LVS_ENGINE_INPUT_INTERFACE_DOWN = 3,
};

/**
 * Feeds `kind`, one of `enum lvs_engine_input_kind`, to a virtual router.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`, `LVS_ERR_INPUT`.
 */
enum lvs_status lvs_engine_input(struct lvs_engine *engine,
                                 lvs_time now,
                                 lvs_router_id router,
                                 int kind);

/**
 * As `lvs_vrrp_resumed`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
 */
enum lvs_status lvs_engine_resumed(struct lvs_engine *engine,
                                   lvs_time now,
                                   lvs_router_id router,
                                   uint64_t gap);

/**
 * As `lvs_vrrp_hold_announcements`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
 */
enum lvs_status lvs_engine_hold_announcements(struct lvs_engine *engine,
                                              lvs_router_id router,
                                              lvs_time until);

/**
 * As `lvs_vrrp_set_priority`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
 */
enum lvs_status lvs_engine_set_priority(struct lvs_engine *engine,
                                        lvs_time now,
                                        lvs_router_id router,
                                        uint8_t priority);

/**
 * As `lvs_vrrp_set_source`.
 *
 * Errors: As there, `LVS_ERR_NO_SUCH_ROUTER`, and `LVS_ERR_ROUTER_EXISTS` if another virtual router of its
 * interface, VRID and family hears what it would hear there [X-38].
 */
enum lvs_status lvs_engine_set_source(struct lvs_engine *engine,
                                      lvs_time now,
                                      lvs_router_id router,
                                      const struct lvs_address *source);

/**
 * As `lvs_vrrp_peer_down`.
 *
 * Errors: As there, and `LVS_ERR_NO_SUCH_ROUTER`.
 */
enum lvs_status lvs_engine_peer_down(struct lvs_engine *engine,
                                     lvs_time now,
                                     lvs_router_id router,
                                     const struct lvs_address *peer);

/**
 * As `lvs_vrrp_set_tracked`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
 */
enum lvs_status lvs_engine_set_tracked(struct lvs_engine *engine,
                                       lvs_time now,
                                       lvs_router_id router,
                                       uint8_t priority,
                                       int fault);

/* ---------------------------------------------------------------------------
 * Other configurations for virtual routers of an engine.
 */

/**
 * As `lvs_vrrp_plan`, of one virtual router.
 *
 * Errors: As for `lvs_engine_apply`, but `LVS_ERR_RESTART`: then `plan` has `LVS_VRRP_PLAN_RESTART`.
 *
 * Safety: `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
 */
enum lvs_status lvs_engine_plan(struct lvs_engine *engine,
                                lvs_router_id router,
                                const struct lvs_vrrp_config *config,
                                uint32_t *plan);

/**
 * As `lvs_vrrp_apply`, for one virtual router.
 *
 * Errors: As there, but `LVS_ERR_TOO_MANY_ADDRESSES` or `LVS_ERR_PEER` if there are more than the engine has
 * room for; `LVS_ERR_NO_SUCH_ROUTER`; and `LVS_ERR_ROUTER_EXISTS` if another one of its interface, VRID
 * and family hears what it would hear then [X-38].
 *
 * Safety: `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers.
 */
enum lvs_status lvs_engine_apply(struct lvs_engine *engine,
                                 lvs_time now,
                                 lvs_router_id router,
                                 const struct lvs_vrrp_config *config,
                                 uint32_t *plan);

/* ---------------------------------------------------------------------------
 * How virtual routers of an engine stand.
 */

/**
 * Fills in how a virtual router stands. `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_SUCH_ROUTER`.
 *
 * Safety: `out` points to a `struct lvs_vrrp_status` of any version.
 */
enum lvs_status lvs_engine_get_status(const struct lvs_engine *engine,
                                      lvs_router_id router,
                                      struct lvs_vrrp_status *out);

/**
 * As `lvs_vrrp_get_interface_tolerance`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_NO_SUCH_ROUTER`.
 */
enum lvs_status lvs_engine_get_interface_tolerance(const struct lvs_engine *engine,
                                                   lvs_router_id router,
                                                   uint64_t *out);

/**
 * Fills in what a virtual router has counted. `out->size` is to be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_NO_SUCH_ROUTER`.
 *
 * Safety: `out` points to a `struct lvs_vrrp_counters` of any version.
 */
enum lvs_status lvs_engine_get_counters(const struct lvs_engine *engine,
                                        lvs_router_id router,
                                        struct lvs_vrrp_counters *out);

/**
 * What was received that concerns no virtual router in particular, or all of them: the global counters
 * of RFC 6527.
 */
struct lvs_engine_counters {
    /** The sizeof of this struct. */
    size_t size;
    /** Messages for a VRID that no virtual router has on the interface in their family. */
    uint64_t vrid_errors;
    /** Messages of virtual routers whose checksum does not verify. */
    uint64_t checksum_errors;
    /** Messages of virtual routers of an unknown version or of one that is not the router's. */
    uint64_t version_errors;
};

/**
 * Fills in what the engine has counted beside the counters of each virtual router. `out->size` is to
 * be set before.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`.
 *
 * Safety: `out` points to a `struct lvs_engine_counters` of any version.
 */
enum lvs_status lvs_engine_get_global_counters(const struct lvs_engine *engine,
                                               struct lvs_engine_counters *out);

/* ---------------------------------------------------------------------------
 * Virtual routers of an engine that outlive their process.
 */

/**
 * As `lvs_vrrp_snapshot`, of one virtual router. Its sync group, and whom it follows, are not in it.
 *
 * Errors: As there, and `LVS_ERR_NO_SUCH_ROUTER`.
 *
 * Safety: `snapshot` points to room for `capacity` octets.
 */
enum lvs_status lvs_engine_snapshot(const struct lvs_engine *engine,
                                    lvs_router_id router,
                                    uint8_t *snapshot,
                                    size_t capacity,
                                    size_t *length);

/**
 * Adds a virtual router in the state of a snapshot, as `lvs_vrrp_restore` has it. Of `config` only the
 * addresses and peers count, which have to be those that the router had. Its authentication, its sync
 * group and whom it follows are to be set again afterwards.
 *
 * Errors: As for `lvs_engine_add`; `LVS_ERR_SNAPSHOT` if the octets are no snapshot, or one of another release.
 *
 * Safety: `config` points to a `struct lvs_vrrp_config` of any version, with its addresses and peers,
 * `snapshot` to `length` octets.
 */
enum lvs_status lvs_engine_restore(struct lvs_engine *engine,
                                   lvs_time now,
                                   uint32_t interface,
                                   const struct lvs_vrrp_config *config,
                                   const uint8_t *snapshot,
                                   size_t length,
                                   lvs_router_id *out);

#ifdef __cplusplus
}
#endif

#endif /* LVS_H */
