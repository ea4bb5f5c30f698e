/* What the files of the director share. SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef DIRECTOR_H
#define DIRECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include <lvs.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#define BURST 32
#define MAX_PORTS 2
#define MAX_WORKERS 64
#define MAX_ADDRESSES 64
#define MAX_ROUTES 256

struct worker;

/* Something that a worker does between two bursts, when the main lcore asks for it. */
typedef void errand_fn(struct worker *worker, void *argument);

/* What one lcore has. Others touch the rings, and `errand` and its argument, only. */
struct worker {
    struct lvs_director *director;
    struct rte_ring *handed; /* frames of its clients that another lcore received */
    struct rte_ring *outbox; /* frames of the main lcore, to be sent by `port` of each */
    errand_fn *errand;
    void *argument;
    uint16_t index; /* its queue on each port, too */
    size_t route_count;
    uint64_t received, sent, unsent, dropped, handed_over, exceptions, lost;
    uint64_t cycles; /* from received to sent */
    struct lvs_route routes[MAX_ROUTES];
} __rte_cache_aligned;

struct addresses {
    struct lvs_address list[MAX_ADDRESSES];
    size_t count;
};

/* What everybody knows and nobody changes once the lcores run. */
struct site {
    uint16_t ports;
    struct rte_ether_addr macs[MAX_PORTS];
    uint16_t workers;
    bool alone;           /* the main lcore is the only worker */
    bool device_steers;   /* both ways of a client's packets come to one queue */
    bool without_director; /* to see what the call costs */
    uint64_t cycles_per_micro;
    struct rte_mempool *pool;
    struct rte_ring *to_main;
    struct addresses own, virtual, local;
    const char *rules;
    uint32_t connections;
    uint8_t vrid, priority;
    uint16_t interval_centiseconds;
    uint64_t packets; /* stop after so many */
};

extern struct site site;
extern struct worker *workers[MAX_WORKERS];

/* Why the main lcore gets a frame; in the private area of its mbuf. */
struct note {
    uint8_t outcome; /* one of enum lvs_outcome_kind */
    uint32_t mtu;
    struct lvs_address next;
};

static inline struct note *note_of(struct rte_mbuf *mbuf)
{
    return rte_mbuf_to_priv(mbuf);
}

lvs_time now_micros(void);
bool is_one_of(const struct addresses *addresses, const struct lvs_address *address);
struct lvs_address ipv4_address(const void *octets);
struct lvs_address ipv6_address(const void *octets);

/* worker.c: the packet path. */
void worker_poll(struct worker *worker);

/* control.c: the main lcore. */
void on_every_lcore(errand_fn *errand, void *argument);
bool control_start(void);
void control_poll(lvs_time now);
void control_stop(lvs_time now);
void control_destroy(void);
void reload_rules(void);

/* Hands a frame out, to be sent by `port`; `length` octets of it are written. */
void send_frame(struct rte_mbuf *mbuf, uint16_t port, size_t length);
struct rte_mbuf *new_frame(void);

/* rules.c: the commands that make the services of `current` those of `wanted`, both as
 * lvs_director_write_rules has them, for one lcore; to be freed. */
char *rules_between(const char *current, const char *wanted, uint16_t lcore, uint16_t lcores);

/* report.c: what was counted, by lcore and in all. */
void report(void);

/* vrrp.c: the virtual routers, one for each family that has virtual addresses. */
bool vrrp_start(lvs_time now);
void vrrp_stop(lvs_time now);
void vrrp_poll(lvs_time now);
bool vrrp_receive(const struct rte_mbuf *mbuf, lvs_time now);
bool vrrp_is_active(uint8_t family);
const struct lvs_mac *vrrp_mac(uint8_t family, uint16_t port);

/* neighbor.c: who is where. */
bool neighbor_option(const char *text);
void neighbor_receive(struct rte_mbuf *mbuf);
void neighbor_ask(const struct lvs_address *address);
bool neighbor_is_known(const struct lvs_address *address);
void neighbor_publish(void);

#endif
