/*
 * Linux Virtual Server for C: schedulers over destinations, and VRRP virtual routers.
 *
 * Nothing here opens a socket, reads a clock or starts a thread. Flows, frames and time go in;
 * destinations, actions, frames and deadlines come out. The same calls give the same answers,
 * always.
 *
 * Handles (`struct lvs_pool`, `struct lvs_vrrp`) are opaque. `*_create` makes one, `*_destroy`
 * ends it and takes NULL, too.
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
 * from one at a time. Nothing is locked and nothing is global. Pointers of one call must not
 * overlap.
 *
 * Time is an argument, `lvs_time`. What is timed has one loop: drain `lvs_vrrp_poll_action` until
 * it is empty, wait for input or for the deadline, feed exactly one input, drain again.
 *
 * Panics, should there be any, end at this door: the call gives `LVS_ERR_PANIC`, and so does every
 * later call with the same handle, which can still be destroyed. Where panics abort, they do.
 *
 * Rule ids like [WRR-4] name the rules of the behavioural specification that the library follows.
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
    /** The VRRP version is neither 2 nor 3. */
    LVS_ERR_VERSION = -40,
    /** VRID 0 is none. */
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
    /** There are more than 255 virtual addresses. */
    LVS_ERR_TOO_MANY_ADDRESSES = -52,
    /** A virtual address is listed twice [W-18]. */
    LVS_ERR_DUPLICATE_ADDRESS = -53,
    /** The source address is of another family than the virtual addresses. */
    LVS_ERR_SOURCE_FAMILY = -54,
    /** The source address is not that of one machine. */
    LVS_ERR_SOURCE_NOT_UNICAST = -55,
    /** The IPv6 source address is not link-local [V3-TX-15]. */
    LVS_ERR_SOURCE_NOT_LINK_LOCAL = -56,
    /** The packet does not carry a whole VRRP message from a host on the link. */
    LVS_ERR_NOT_VRRP = -57,
};

/** A few words for `status`, static and never NULL, whatever the number. */
const char *lvs_strerror(int status);

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
 * Flows.
 */

/** What a decision may depend on in a packet. Zero what you do not know. */
struct lvs_flow {
    /** LVS_IPV4 or LVS_IPV6, of both addresses. */
    uint8_t family;
    /** The IP protocol number: 6 is TCP, 17 is UDP. */
    uint8_t protocol;
    /** Of TCP the control bits: FIN 1, SYN 2, RST 4, ACK 16 (RFC 9293 section 3.1). */
    uint8_t tcp_flags;
    /** Not 0 if the transport header is not in this packet: cut short, or in an earlier fragment. */
    uint8_t unreadable;
    /** Of TCP and UDP the client's port, in host order. */
    uint16_t source_port;
    /** Of TCP and UDP the virtual port, in host order. */
    uint16_t destination_port;
    /** The firewall mark that the caller put on the packet; 0 is no mark. */
    uint32_t mark;
    /** Octets of the IP packet, headers included; statistics count them. */
    uint32_t length;
    /** The client's address in network order; of IPv4 the first four octets. */
    uint8_t source[16];
    /** The virtual address, likewise. */
    uint8_t destination[16];
};

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
    /** Connections that are active [CNT-6]. */
    uint32_t active_conns;
    /** All other connections [CNT-1]. */
    uint32_t inactive_conns;
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
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_FAMILY`, `LVS_ERR_METHOD`, `LVS_ERR_WEIGHT`,
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
 * place of `dests`: `LVS_NO_DEST` where there is none to offer, or where the flow is neither
 * LVS_IPV4 nor LVS_IPV6.
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
    /** The time between two rounds of announcements. */
    uint32_t announce_gap_milliseconds;
    /**
     * The time between announcements after the first rounds for as long as the router is Active; 0
     * is never.
     */
    uint32_t announce_refresh_milliseconds;
    /** Rounds of announcements on becoming Active; 0 is none. */
    uint8_t announce_rounds;
    /** Rounds after an advert that lost; 0 is none. */
    uint8_t announce_rounds_on_losing;
    /** How often a round announces each address. */
    uint8_t announce_repeat;
    /** How often a refresh does. */
    uint8_t announce_refresh_repeat;
    /** Not 0 if an Active router whose priority changes sends an advert at once. */
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
};

/**
 * Fills in the defaults of a `profile`, one of `enum lvs_vrrp_profile`, for the virtual router
 * `vrid`, 1 to 255. `config->size` is to be set before.
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
    /** Not running: not started, shut down, or without its interface. Adverts are ignored. */
    LVS_VRRP_INITIALIZE = 0,
    /** Waiting for the Active router to fall silent. */
    LVS_VRRP_BACKUP = 1,
    /** Forwarding for the virtual addresses. */
    LVS_VRRP_ACTIVE = 2,
};

/** Why the state changed. */
enum lvs_vrrp_reason {
    /** The router was started, or its interface came up. */
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
     * Backup; a Backup one waits once more [S-9], [S-10]. States may be the same before and
     * after.
     */
    LVS_VRRP_REASON_LATE = 7,
    /** Something that is watched says that the router cannot do its work. */
    LVS_VRRP_REASON_FAULT = 8,
};

/** A change of state. */
struct lvs_vrrp_event {
    /**
     * 1 for a router's first change, then one more each; a gap tells of changes that were
     * overtaken before the actions were drained.
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
     * Receive frames for the virtual MAC address and answer ARP or neighbour solicitations for the
     * virtual addresses with it; IPv6 addresses without duplicate address detection [ND-2].
     * Unless `enable`, drop other packets to the addresses, save neighbour discovery [ND-5].
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
 * running counts nothing.
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
    /** The TTL or hop limit is not 255. */
    uint64_t ip_ttl_errors;
    /** The type is not ADVERTISEMENT. */
    uint64_t invalid_type_packets;
    /** The length does not fit the address count. */
    uint64_t packet_length_errors;
    /** The destination is not the VRRP group. */
    uint64_t address_class_errors;
    /** The authentication type does not exist. */
    uint64_t invalid_auth_type;
    /** The authentication type is not the configured one. */
    uint64_t auth_type_mismatch;
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

/** Octets that hold any frame that a virtual router sends: 255 IPv6 addresses behind the headers. */
#define LVS_VRRP_FRAME_MAX 4142

/** Octets of an Ethernet header; behind them in a frame is the IP or ARP packet. */
#define LVS_ETHERNET_HEADER_LEN 14

/**
 * A virtual router: one VRID of one address family on one interface (RFC 9568).
 *
 * Its loop: drain `lvs_vrrp_poll_action` until it is empty, wait for input or for the deadline,
 * feed exactly one input, drain again. Inputs are `lvs_vrrp_startup`, `lvs_vrrp_shutdown`,
 * `lvs_vrrp_interface_up`, `lvs_vrrp_interface_down`, `lvs_vrrp_set_priority`,
 * `lvs_vrrp_set_source`, `lvs_vrrp_handle_frame`, `lvs_vrrp_handle_packet` and
 * `lvs_vrrp_handle_timeout`; only they change actions and deadline.
 */
struct lvs_vrrp;

/**
 * Makes a virtual router that is not started, whose interface is believed to be up.
 *
 * `source` is the primary IPv4 address or the link-local IPv6 address of the interface;
 * `addresses` are the `count` virtual ones, 1 to 255 (version 2: or none) of one family, in the
 * order in which they are advertised; they are copied. Over IPv6 the first ought to be link-local
 * [V3-TX-7].
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_STRUCT_SIZE`, `LVS_ERR_COUNT`, `LVS_ERR_FAMILY`,
 * `LVS_ERR_MIXED_FAMILIES`, `LVS_ERR_NOT_UNICAST`, `LVS_ERR_NO_MEMORY`, and -40 to -56 of
 * `enum lvs_status`, one for each field that does not fit.
 *
 * Safety: `config` points to a `struct lvs_vrrp_config` of any version, `addresses` to `count` addresses.
 */
enum lvs_status lvs_vrrp_create(const struct lvs_vrrp_config *config,
                                const struct lvs_address *source,
                                const struct lvs_address *addresses,
                                size_t count,
                                struct lvs_vrrp **out);

/**
 * Ends a virtual router; NULL is allowed. Nothing is sent: shut it down first and drain its
 * actions. The handle is not to be used again.
 */
void lvs_vrrp_destroy(struct lvs_vrrp *vrrp);

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
 * Changes the effective priority, as trackers do: 0 counts as 1 and 255 as 254, and an
 * owner keeps its own [FSM-19].
 *
 * Errors: `LVS_ERR_NULL`.
 */
enum lvs_status lvs_vrrp_set_priority(struct lvs_vrrp *vrrp, lvs_time now, uint8_t priority);

/**
 * Changes the address that adverts come from. An Active router advertises from it at once
 * [W-29]. If no address is left, that is `lvs_vrrp_interface_down`.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_FAMILY`, `LVS_ERR_SOURCE_FAMILY`, `LVS_ERR_SOURCE_NOT_UNICAST`,
 * `LVS_ERR_SOURCE_NOT_LINK_LOCAL`.
 */
enum lvs_status lvs_vrrp_set_source(struct lvs_vrrp *vrrp,
                                    lvs_time now,
                                    const struct lvs_address *source);

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

/**
 * Writes the Ethernet frame that `LVS_VRRP_SEND_ADVERT` asks for, with the priority of the action:
 * from the virtual MAC address to the VRRP group, TTL or hop limit 255. `*length` is the octets
 * written; `LVS_VRRP_FRAME_MAX` are always enough. Frames are not padded to the 60 octets that
 * Ethernet wants: network interfaces do that.
 *
 * A raw IP socket takes what is behind the first `LVS_ETHERNET_HEADER_LEN` octets.
 *
 * Errors: `LVS_ERR_NULL`, `LVS_ERR_COUNT`, `LVS_ERR_BUFFER_TOO_SMALL`.
 *
 * Safety: `frame` points to room for `capacity` octets.
 */
enum lvs_status lvs_vrrp_write_advert(const struct lvs_vrrp *vrrp,
                                      uint8_t priority,
                                      uint8_t *frame,
                                      size_t capacity,
                                      size_t *length);

/**
 * Writes the Ethernet frame that `LVS_VRRP_ANNOUNCE` asks for, with the address of the action: a
 * gratuitous ARP [W-32] or an unsolicited neighbour advertisement [W-34] of the virtual MAC
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

#ifdef __cplusplus
}
#endif

#endif /* LVS_H */
