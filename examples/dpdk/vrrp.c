/* The virtual routers, one for each family that has virtual addresses; on the main lcore.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "director.h"

#include <stdio.h>
#include <string.h>

struct router {
    struct lvs_vrrp *vrrp; /* NULL without a VRID, or without addresses */
    bool active;
    struct lvs_mac mac;
};

static struct router routers[2];

static struct router *router_of(uint8_t family)
{
    return &routers[family == LVS_IPV6];
}

/* Without VRRP the virtual addresses are always here. */
bool vrrp_is_active(uint8_t family)
{
    return site.vrid == 0 || router_of(family)->active;
}

const struct lvs_mac *vrrp_mac(uint8_t family, uint16_t port)
{
    return site.vrid == 0 ? (const struct lvs_mac *)&site.macs[port] : &router_of(family)->mac;
}

static void set_policy(struct worker *worker, void *policy)
{
    lvs_director_set_policy(worker->director, policy);
}

/* Clients are served as long as a family's addresses are here; answers of real servers always. */
static void set_active(struct router *router, bool active)
{
    struct lvs_policy policy = {.flags = LVS_POLICY_BACKUP_ONLY, .conn_reuse_mode = 1};

    router->active = active;
    if (routers[0].active || routers[1].active)
        policy.flags = 0;
    on_every_lcore(set_policy, &policy);
}

static void advertise(struct router *router, lvs_time now, uint8_t priority)
{
    struct rte_mbuf *mbuf = new_frame();
    size_t length;

    if (mbuf == NULL)
        return;
    if (lvs_vrrp_write_advert(router->vrrp, now, priority, 0, rte_pktmbuf_mtod(mbuf, uint8_t *),
                              rte_pktmbuf_tailroom(mbuf), &length) == LVS_OK)
        send_frame(mbuf, 0, length);
    else
        rte_pktmbuf_free(mbuf);
}

/* On every port: the real servers' gateway moves as well. */
static void announce(struct router *router, const struct lvs_address *address)
{
    for (uint16_t port = 0; port < site.ports; port++) {
        struct rte_mbuf *mbuf = new_frame();
        size_t length;

        if (mbuf == NULL)
            return;
        if (lvs_vrrp_write_announcement(router->vrrp, address, rte_pktmbuf_mtod(mbuf, uint8_t *),
                                        rte_pktmbuf_tailroom(mbuf), &length) == LVS_OK)
            send_frame(mbuf, port, length);
        else
            rte_pktmbuf_free(mbuf);
    }
}

/* Does all that the router asks for. Ports are promiscuous, so that no groups are to be joined. */
static void drain(struct router *router, lvs_time now)
{
    struct lvs_vrrp_action action;

    while (lvs_vrrp_poll_action(router->vrrp, &action) > 0) {
        switch (action.kind) {
        case LVS_VRRP_SEND_ADVERT:
            advertise(router, now, action.priority);
            break;
        case LVS_VRRP_INSTALL_ADDRESSES:
            set_active(router, true);
            break;
        case LVS_VRRP_REMOVE_ADDRESSES:
            set_active(router, false);
            break;
        case LVS_VRRP_ANNOUNCE:
            announce(router, &action.address);
            break;
        case LVS_VRRP_NOTIFY:
            printf("IPv%d: %s -> %s\n", router == &routers[0] ? 4 : 6,
                   lvs_vrrp_state_name(action.event.from), lvs_vrrp_state_name(action.event.to));
            break;
        }
    }
}

/* The address that adverts come from: over IPv6 a link-local one. */
static const struct lvs_address *source_of(uint8_t family)
{
    for (size_t i = 0; i < site.own.count; i++) {
        const struct lvs_address *own = &site.own.list[i];
        bool link_local = own->octets[0] == 0xfe && (own->octets[1] & 0xc0) == 0x80;

        if (own->family == family && (family == LVS_IPV4 || link_local))
            return own;
    }
    return NULL;
}

static int create(struct router *router, uint8_t family)
{
    struct lvs_vrrp_config config = {.size = sizeof config};
    struct lvs_address addresses[MAX_ADDRESSES];
    const struct lvs_address *source = source_of(family);

    lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, site.vrid);
    config.addresses = addresses;
    for (size_t i = 0; i < site.virtual.count; i++)
        if (site.virtual.list[i].family == family)
            addresses[config.address_count++] = site.virtual.list[i];
    if (config.address_count == 0)
        return LVS_OK;
    if (source == NULL)
        return LVS_ERR_SOURCE_NOT_LINK_LOCAL;
    config.source = *source;
    config.priority = site.priority;
    config.interval_centiseconds = site.interval_centiseconds;
    int status = lvs_vrrp_create(&config, &router->vrrp);
    return status == LVS_OK ? lvs_vrrp_get_virtual_mac(router->vrrp, &router->mac) : status;
}

bool vrrp_start(lvs_time now)
{
    if (site.vrid == 0)
        return true;
    for (unsigned int i = 0; i < RTE_DIM(routers); i++) {
        int status = create(&routers[i], i == 0 ? LVS_IPV4 : LVS_IPV6);

        if (status != LVS_OK) {
            fprintf(stderr, "VRRP: %s\n", lvs_strerror(status));
            return false;
        }
    }
    set_active(&routers[0], false); /* a Backup until it has heard nobody */
    for (unsigned int i = 0; i < RTE_DIM(routers); i++) {
        if (routers[i].vrrp != NULL) {
            lvs_vrrp_startup(routers[i].vrrp, now);
            drain(&routers[i], now);
        }
    }
    return true;
}

/* Resigns, so that the other director takes over at once. */
void vrrp_stop(lvs_time now)
{
    for (unsigned int i = 0; i < RTE_DIM(routers); i++) {
        if (routers[i].vrrp != NULL) {
            lvs_vrrp_shutdown(routers[i].vrrp, now);
            drain(&routers[i], now);
            lvs_vrrp_destroy(routers[i].vrrp);
            routers[i].vrrp = NULL;
        }
    }
}

void vrrp_poll(lvs_time now)
{
    lvs_time deadline;

    for (unsigned int i = 0; i < RTE_DIM(routers); i++) {
        struct router *router = &routers[i];

        if (router->vrrp != NULL && lvs_vrrp_next_deadline(router->vrrp, &deadline) > 0 &&
            deadline <= now) {
            lvs_vrrp_handle_timeout(router->vrrp, now);
            drain(router, now);
        }
    }
}

/* Whether it was an advert, whatever became of it. VRRP is spoken on the first port. */
bool vrrp_receive(const struct rte_mbuf *mbuf, lvs_time now)
{
    const struct rte_ether_hdr *ethernet = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);
    const uint8_t *frame = (const uint8_t *)ethernet;
    struct router *router = &routers[ethernet->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6)];

    if (lvs_vrrp_vrid_of_frame(frame, mbuf->data_len) < 0)
        return false;
    if (mbuf->port == 0 && router->vrrp != NULL) {
        lvs_vrrp_handle_frame(router->vrrp, now, frame, mbuf->data_len);
        drain(router, now);
    }
    return true;
}
