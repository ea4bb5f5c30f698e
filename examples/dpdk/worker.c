/* The packet path: what an lcore receives, decides about in one call, and sends.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "director.h"

#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_jhash.h>
#include <rte_prefetch.h>

static void transmit(struct worker *worker, uint16_t port, struct rte_mbuf **burst, uint16_t count)
{
    uint16_t sent = rte_eth_tx_burst(port, worker->index, burst, count);

    worker->sent += sent;
    if (unlikely(sent < count)) {
        worker->unsent += count - sent;
        rte_pktmbuf_free_bulk(burst + sent, count - sent);
    }
}

/* The main lcore sees to it; it may be slower than the wire, and then loses some. */
static void hand_to_main(struct worker *worker, struct rte_mbuf *mbuf,
                         const struct lvs_outcome *outcome)
{
    struct note *note = note_of(mbuf);

    note->outcome = outcome->kind;
    note->mtu = outcome->mtu;
    note->next = outcome->next;
    worker->exceptions++;
    if (rte_ring_enqueue(site.to_main, mbuf) != 0) {
        worker->lost++;
        rte_pktmbuf_free(mbuf);
    }
}

/* The route has chosen the source address, and so the port. */
static uint16_t port_of(const struct rte_mbuf *mbuf)
{
    const struct rte_ether_hdr *ethernet = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);

    return site.ports > 1 && rte_is_same_ether_addr(&ethernet->src_addr, &site.macs[1]);
}

/* Whether the frame is to be sent; otherwise it has been seen to. */
static bool is_to_send(struct worker *worker, struct rte_mbuf *mbuf, const struct lvs_frame *frame,
                       const struct lvs_outcome *outcome)
{
    switch (outcome->kind) {
    case LVS_OUTCOME_SEND:
    case LVS_OUTCOME_SEND_WITHOUT_TOA:
        mbuf->data_off = (uint16_t)frame->offset;
        mbuf->data_len = (uint16_t)frame->length;
        mbuf->pkt_len = mbuf->data_len;
        return true;
    case LVS_OUTCOME_DROP:
    case LVS_OUTCOME_NOT_REWRITTEN:
    case LVS_OUTCOME_MALFORMED:
        worker->dropped++;
        rte_pktmbuf_free(mbuf);
        return false;
    default:
        hand_to_main(worker, mbuf, outcome);
        return false;
    }
}

static void process(struct worker *worker, lvs_time now, struct rte_mbuf **burst, uint16_t count)
{
    struct lvs_frame frames[BURST];
    struct lvs_outcome outcomes[BURST];
    struct rte_mbuf *leaving[MAX_PORTS][BURST];
    uint16_t leaving_count[MAX_PORTS] = {0};

    for (uint16_t i = 0; i < count; i++)
        rte_prefetch0(rte_pktmbuf_mtod(burst[i], void *));
    for (uint16_t i = 0; i < count; i++)
        frames[i] = (struct lvs_frame){
            .buffer = burst[i]->buf_addr,
            .offset = burst[i]->data_off,
            .length = burst[i]->data_len,
            .hook = LVS_HOOK_LOCAL_IN,
        };
    if (likely(!site.without_director))
        lvs_director_process_burst(worker->director, now, frames, count, worker->routes,
                                   worker->route_count, outcomes);
    else
        for (uint16_t i = 0; i < count; i++)
            outcomes[i].kind = LVS_OUTCOME_SEND;

    for (uint16_t i = 0; i < count; i++) {
        if (likely(is_to_send(worker, burst[i], &frames[i], &outcomes[i]))) {
            uint16_t port = port_of(burst[i]);

            leaving[port][leaving_count[port]++] = burst[i];
        }
    }
    for (uint16_t port = 0; port < site.ports; port++)
        if (leaving_count[port] != 0)
            transmit(worker, port, leaving[port], leaving_count[port]);
}

/* Octets of a frame in front of its IP header, and which IP that is; 0 if it is none. */
static size_t ip_offset(const struct rte_mbuf *mbuf, uint8_t *family)
{
    const uint8_t *octets = rte_pktmbuf_mtod(mbuf, const uint8_t *);
    size_t at = 2 * RTE_ETHER_ADDR_LEN;

    while (at + 2 <= mbuf->data_len) {
        uint16_t type = (uint16_t)(octets[at] << 8 | octets[at + 1]);

        if (type == RTE_ETHER_TYPE_VLAN || type == RTE_ETHER_TYPE_QINQ) {
            at += sizeof(struct rte_vlan_hdr);
            continue;
        }
        *family = type == RTE_ETHER_TYPE_IPV4 ? LVS_IPV4 : LVS_IPV6;
        at += 2;
        size_t header = *family == LVS_IPV4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
        bool is_ip = type == RTE_ETHER_TYPE_IPV4 || type == RTE_ETHER_TYPE_IPV6;
        return is_ip && at + header + 4 <= mbuf->data_len ? at : 0;
    }
    return 0;
}

/* The worker that has the connections of a frame's client: whoever sends to a virtual address, or is
 * sent to by a real server. What is sent to a local address belongs to the port's worker [FN-1]. */
static uint16_t owner_of(const struct worker *worker, const struct rte_mbuf *mbuf)
{
    uint8_t family;
    size_t at = ip_offset(mbuf, &family);
    struct lvs_address source, destination;
    const uint8_t *ip = rte_pktmbuf_mtod_offset(mbuf, const uint8_t *, at);
    uint32_t words[4];

    if (at == 0)
        return worker->index;
    source = family == LVS_IPV4 ? ipv4_address(ip + 12) : ipv6_address(ip + 8);
    destination = family == LVS_IPV4 ? ipv4_address(ip + 16) : ipv6_address(ip + 24);
    if (is_one_of(&site.local, &destination)) {
        size_t header = family == LVS_IPV4 ? (size_t)(ip[0] & 15) * 4 : sizeof(struct rte_ipv6_hdr);
        const uint8_t *ports = ip + header;

        return at + header + 4 <= mbuf->data_len ? (ports[2] << 8 | ports[3]) % site.workers
                                                 : worker->index;
    }
    if (site.device_steers)
        return worker->index;
    memcpy(words, is_one_of(&site.virtual, &destination) ? source.octets : destination.octets,
           sizeof words);
    return rte_jhash_32b(words, RTE_DIM(words), 0) % site.workers;
}

/* Keeps the frames of own clients, and hands the others to their lcores. Returns how many are kept. */
static uint16_t steer(struct worker *worker, struct rte_mbuf **burst, uint16_t count)
{
    uint16_t kept = 0;

    for (uint16_t i = 0; i < count; i++) {
        uint16_t owner = owner_of(worker, burst[i]);

        if (owner == worker->index) {
            burst[kept++] = burst[i];
        } else if (rte_ring_enqueue(workers[owner]->handed, burst[i]) == 0) {
            worker->handed_over++;
        } else {
            worker->lost++;
            rte_pktmbuf_free(burst[i]);
        }
    }
    return kept;
}

/* The library wants whole frames; so do most of today's links. */
static uint16_t linearize(struct worker *worker, struct rte_mbuf **burst, uint16_t count)
{
    uint16_t kept = 0;

    for (uint16_t i = 0; i < count; i++) {
        if (likely(burst[i]->nb_segs == 1) || rte_pktmbuf_linearize(burst[i]) == 0) {
            burst[kept++] = burst[i];
        } else {
            worker->dropped++;
            rte_pktmbuf_free(burst[i]);
        }
    }
    return kept;
}

static void receive(struct worker *worker, lvs_time now, uint16_t port)
{
    struct rte_mbuf *burst[BURST];
    uint16_t count = rte_eth_rx_burst(port, worker->index, burst, BURST);
    uint64_t start = rte_rdtsc();

    if (count == 0)
        return;
    worker->received += count;
    count = linearize(worker, burst, count);
    if (site.workers > 1)
        count = steer(worker, burst, count);
    process(worker, now, burst, count);
    worker->cycles += rte_rdtsc() - start;
}

void worker_poll(struct worker *worker)
{
    errand_fn *errand = __atomic_load_n(&worker->errand, __ATOMIC_ACQUIRE);
    struct rte_mbuf *burst[BURST];
    lvs_time now = now_micros();
    unsigned int count;

    if (unlikely(errand != NULL)) {
        errand(worker, worker->argument);
        __atomic_store_n(&worker->errand, NULL, __ATOMIC_RELEASE);
    }
    if (unlikely(worker->director == NULL))
        return; /* the first errand makes it */
    for (uint16_t port = 0; port < site.ports; port++)
        receive(worker, now, port);
    count = rte_ring_dequeue_burst(worker->handed, (void **)burst, BURST, NULL);
    if (count != 0)
        process(worker, now, burst, (uint16_t)count);
    count = rte_ring_dequeue_burst(worker->outbox, (void **)burst, BURST, NULL);
    for (unsigned int i = 0; i < count; i++)
        transmit(worker, burst[i]->port, &burst[i], 1);
    lvs_director_handle_timeout(worker->director, now, 64);
}
