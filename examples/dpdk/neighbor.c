/* Who is where: a table of the main lcore, of which every worker has a copy. It learns from ARP and
 * neighbor discovery. SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "director.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <rte_arp.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#define ND_SOLICIT 135
#define ND_ADVERT 136
#define ND_SOURCE_LINK_ADDRESS 1
#define ND_TARGET_LINK_ADDRESS 2

/* A solicitation or an advertisement with one option (RFC 4861 sections 4.3, 4.4 and 4.6.1). */
struct nd_message {
    uint8_t type, code;
    uint16_t checksum;
    uint8_t flags[4];
    uint8_t target[16];
    uint8_t option_type, option_length; /* in units of 8 octets */
    struct rte_ether_addr link_address;
};

/* Sorted by memcmp of the addresses, as the library wants it. */
static struct lvs_route routes[MAX_ROUTES];
static bool is_static[MAX_ROUTES];
static size_t route_count;

/* Where the address is, or belongs. */
static size_t place_of(const struct lvs_address *address, bool *found)
{
    size_t place = 0;

    while (place < route_count && memcmp(&routes[place].address, address, sizeof *address) < 0)
        place++;
    *found = place < route_count && memcmp(&routes[place].address, address, sizeof *address) == 0;
    return place;
}

bool neighbor_is_known(const struct lvs_address *address)
{
    bool found;

    place_of(address, &found);
    return found;
}

/* Whether the table has changed. A full one stays as it is: strangers can fill it, but not grow it. */
static bool put(const struct lvs_address *address, const struct rte_ether_addr *mac, uint16_t port,
                bool is_given)
{
    bool found;
    size_t place = place_of(address, &found);
    struct lvs_route route = {.address = *address, .mtu = 1500};

    memcpy(&route.source, &site.macs[port], sizeof route.source);
    memcpy(&route.destination, mac, sizeof route.destination);
    if (found) {
        if ((is_static[place] && !is_given) || memcmp(&routes[place], &route, sizeof route) == 0)
            return false;
    } else {
        if (route_count == MAX_ROUTES)
            return false;
        memmove(&routes[place + 1], &routes[place], (route_count - place) * sizeof routes[0]);
        memmove(&is_static[place + 1], &is_static[place], (route_count - place) * sizeof is_static[0]);
        route_count++;
    }
    routes[place] = route;
    is_static[place] = is_given;
    return true;
}

/* ADDRESS=MAC, and of the second port @1 behind it. */
bool neighbor_option(const char *text)
{
    char copy[96];
    struct lvs_address address;
    struct rte_ether_addr mac;
    unsigned long port = 0;
    uint8_t octets[16];

    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
        return false;
    char *equals = strchr(copy, '='), *at = strchr(copy, '@');
    if (equals == NULL)
        return false;
    *equals = '\0';
    if (at != NULL) {
        *at = '\0';
        port = strtoul(at + 1, NULL, 10);
    }
    if (inet_pton(AF_INET, copy, octets) == 1)
        address = ipv4_address(octets);
    else if (inet_pton(AF_INET6, copy, octets) == 1)
        address = ipv6_address(octets);
    else
        return false;
    return port < site.ports && rte_ether_unformat_addr(equals + 1, &mac) == 0 &&
           put(&address, &mac, (uint16_t)port, true);
}

static void copy_routes(struct worker *worker, void *argument)
{
    (void)argument;
    memcpy(worker->routes, routes, route_count * sizeof routes[0]);
    worker->route_count = route_count;
}

void neighbor_publish(void)
{
    on_every_lcore(copy_routes, NULL);
}

static void learn(const struct lvs_address *address, const struct rte_ether_addr *mac, uint16_t port)
{
    static const struct lvs_address nobody[2] = {{.family = LVS_IPV4}, {.family = LVS_IPV6}};

    if (memcmp(address, &nobody[address->family == LVS_IPV6], sizeof *address) != 0 &&
        rte_is_valid_assigned_ether_addr(mac) && put(address, mac, port, false))
        neighbor_publish();
}

static void learn_from(const struct rte_mbuf *mbuf)
{
    const struct rte_ether_hdr *ethernet = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
    const struct rte_arp_hdr *arp = (const void *)(ethernet + 1);
    const struct rte_ipv6_hdr *ip = (const void *)(ethernet + 1);
    const struct nd_message *nd = (const void *)(ip + 1);
    struct lvs_address address;

    if (mbuf->data_len >= sizeof *ethernet + sizeof *arp &&
        ethernet->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) &&
        arp->arp_protocol == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)) {
        address = ipv4_address(&arp->arp_data.arp_sip);
        learn(&address, &arp->arp_data.arp_sha, mbuf->port);
    } else if (mbuf->data_len >= sizeof *ethernet + sizeof *ip + sizeof *nd &&
               ethernet->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6) &&
               ip->proto == IPPROTO_ICMPV6 && ip->hop_limits == 255 && nd->option_length == 1) {
        if (nd->type == ND_ADVERT && nd->option_type == ND_TARGET_LINK_ADDRESS)
            address = ipv6_address(nd->target);
        else if (nd->type == ND_SOLICIT && nd->option_type == ND_SOURCE_LINK_ADDRESS)
            address = ipv6_address(ip->src_addr);
        else
            return;
        learn(&address, &nd->link_address, mbuf->port);
    }
}

/* Answers who asks for one of the addresses of a family. */
static bool answer(struct rte_mbuf *question, const struct addresses *addresses,
                   const struct lvs_mac *mac)
{
    struct lvs_frame frame = {.buffer = question->buf_addr, .offset = question->data_off,
                              .length = question->data_len};
    struct rte_mbuf *mbuf = new_frame();
    size_t length;

    if (mbuf == NULL)
        return false;
    if (lvs_answer_neighbor(&frame, addresses->list, addresses->count, mac,
                            rte_pktmbuf_mtod(mbuf, uint8_t *), rte_pktmbuf_tailroom(mbuf),
                            &length) == LVS_OK) {
        send_frame(mbuf, question->port, length);
        return true;
    }
    rte_pktmbuf_free(mbuf);
    return false;
}

void neighbor_receive(struct rte_mbuf *mbuf)
{
    const struct rte_ether_hdr *ethernet = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
    uint8_t family = ethernet->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) ? LVS_IPV4 : LVS_IPV6;

    learn_from(mbuf);
    if (answer(mbuf, &site.own, (const struct lvs_mac *)&site.macs[mbuf->port]))
        return;
    if (vrrp_is_active(family))
        answer(mbuf, &site.virtual, vrrp_mac(family, mbuf->port));
}

/* The own address that has the most leading bits in common, or NULL. */
static const struct lvs_address *own_towards(const struct lvs_address *address)
{
    const struct lvs_address *best = NULL;
    int most = -1;

    for (size_t i = 0; i < site.own.count; i++) {
        const struct lvs_address *own = &site.own.list[i];
        int bits = 0;

        while (bits < 128 && ((own->octets[bits / 8] ^ address->octets[bits / 8]) & 0x80 >> bits % 8) == 0)
            bits++;
        if (own->family == address->family && bits > most) {
            most = bits;
            best = own;
        }
    }
    return best;
}

static size_t write_arp(uint8_t *frame, const struct rte_ether_addr *mac, const uint8_t *own,
                        const uint8_t *target)
{
    struct rte_ether_hdr *ethernet = (void *)frame;
    struct rte_arp_hdr *arp = (void *)(ethernet + 1);

    memset(&ethernet->dst_addr, 0xff, RTE_ETHER_ADDR_LEN);
    ethernet->src_addr = *mac;
    ethernet->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP);
    *arp = (struct rte_arp_hdr){
        .arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER),
        .arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
        .arp_hlen = RTE_ETHER_ADDR_LEN,
        .arp_plen = 4,
        .arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST),
        .arp_data.arp_sha = *mac,
    };
    memcpy(&arp->arp_data.arp_sip, own, 4);
    memcpy(&arp->arp_data.arp_tip, target, 4);
    return sizeof *ethernet + sizeof *arp;
}

static size_t write_solicitation(uint8_t *frame, const struct rte_ether_addr *mac, const uint8_t *own,
                                 const uint8_t *target)
{
    static const uint8_t group[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
    struct rte_ether_hdr *ethernet = (void *)frame;
    struct rte_ipv6_hdr *ip = (void *)(ethernet + 1);
    struct nd_message *nd = (void *)(ip + 1);

    *ip = (struct rte_ipv6_hdr){
        .vtc_flow = rte_cpu_to_be_32(6u << 28),
        .payload_len = rte_cpu_to_be_16(sizeof *nd),
        .proto = IPPROTO_ICMPV6,
        .hop_limits = 255,
    };
    memcpy(ip->src_addr, own, 16);
    memcpy(ip->dst_addr, group, sizeof group);
    memcpy(ip->dst_addr + sizeof group, target + sizeof group, 3);
    ethernet->dst_addr = (struct rte_ether_addr){{0x33, 0x33, 0xff, target[13], target[14], target[15]}};
    ethernet->src_addr = *mac;
    ethernet->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6);
    *nd = (struct nd_message){.type = ND_SOLICIT, .option_type = ND_SOURCE_LINK_ADDRESS,
                              .option_length = 1, .link_address = *mac};
    memcpy(nd->target, target, 16);
    /* It is that of UDP, over another protocol number. */
    nd->checksum = rte_ipv6_udptcp_cksum(ip, nd);
    return sizeof *ethernet + sizeof *ip + sizeof *nd;
}

/* Asks on every port; the answer is learned. */
void neighbor_ask(const struct lvs_address *address)
{
    const struct lvs_address *own = own_towards(address);

    for (uint16_t port = 0; own != NULL && port < site.ports; port++) {
        struct rte_mbuf *mbuf = new_frame();

        if (mbuf == NULL)
            return;
        uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
        size_t length = address->family == LVS_IPV4
                            ? write_arp(frame, &site.macs[port], own->octets, address->octets)
                            : write_solicitation(frame, &site.macs[port], own->octets, address->octets);
        send_frame(mbuf, port, length);
    }
}
