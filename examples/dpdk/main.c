/* An L4 director on DPDK: Linux Virtual Server and VRRP, a director of its own on every lcore.
 * README.md tells how to use it. SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "director.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

#define DESCRIPTORS 512
#define MBUFS_PER_QUEUE 8192
#define RING_SIZE 1024

static const char usage[] =
    "director EAL-OPTIONS -- --rules FILE [OPTION]...\n"
    "  --rules FILE             services and real servers, as ipvsadm-save writes them\n"
    "  --virtual ADDRESS        a virtual address, one of a service or a gateway of real servers\n"
    "  --own ADDRESS            an address of this director\n"
    "  --local ADDRESS          for --fullnat: what real servers see instead of clients\n"
    "  --neighbor ADDRESS=MAC[@PORT]  who is where; 0.0.0.0 and :: are the gateways\n"
    "  --vrid N --priority N --interval CENTISECONDS  take part in VRRP\n"
    "  --connections N          of each family, on all lcores together\n"
    "  --packets N              stop after so many\n"
    "  --no-director            send back what comes, to see what the director costs\n"
    "Signals: SIGHUP reads the rules again, SIGUSR1 lists, SIGTERM resigns and ends.\n";

struct site site = {.priority = 100, .interval_centiseconds = 100, .connections = 65536};
struct worker *workers[MAX_WORKERS];

static volatile sig_atomic_t ended, rules_changed, listing_wanted;
static bool workers_ended;

static void on_signal(int signal)
{
    if (signal == SIGHUP)
        rules_changed = 1;
    else if (signal == SIGUSR1)
        listing_wanted = 1;
    else
        ended = 1;
}

lvs_time now_micros(void)
{
    return rte_rdtsc() / site.cycles_per_micro;
}

struct lvs_address ipv4_address(const void *octets)
{
    struct lvs_address address = {.family = LVS_IPV4};

    memcpy(address.octets, octets, 4);
    return address;
}

struct lvs_address ipv6_address(const void *octets)
{
    struct lvs_address address = {.family = LVS_IPV6};

    memcpy(address.octets, octets, 16);
    return address;
}

bool is_one_of(const struct addresses *addresses, const struct lvs_address *address)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (memcmp(&addresses->list[i], address, sizeof *address) == 0)
            return true;
    return false;
}

static void *allocate(void *context, size_t size, size_t alignment)
{
    (void)context;
    return rte_malloc_socket("lvs", size, (unsigned int)alignment, (int)rte_socket_id());
}

static void release(void *context, void *memory, size_t size, size_t alignment)
{
    (void)context;
    (void)size;
    (void)alignment;
    rte_free(memory);
}

static void add_address(struct addresses *addresses, const char *text)
{
    uint8_t octets[16];

    if (addresses->count == MAX_ADDRESSES)
        rte_exit(EXIT_FAILURE, "more than %d addresses\n", MAX_ADDRESSES);
    if (inet_pton(AF_INET, text, octets) == 1)
        addresses->list[addresses->count++] = ipv4_address(octets);
    else if (inet_pton(AF_INET6, text, octets) == 1)
        addresses->list[addresses->count++] = ipv6_address(octets);
    else
        rte_exit(EXIT_FAILURE, "%s: not an address\n", text);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);

    if (*end != '\0' || value < least || value > most)
        rte_exit(EXIT_FAILURE, "%s: not in range\n", text);
    return value;
}

static void read_options(int count, char **arguments)
{
    enum { RULES = 1, VIRTUAL, OWN, LOCAL, NEIGHBOR, VRID, PRIORITY, INTERVAL, CONNS, PACKETS, BARE };
    static const struct option options[] = {
        {"rules", 1, NULL, RULES},       {"virtual", 1, NULL, VIRTUAL}, {"own", 1, NULL, OWN},
        {"local", 1, NULL, LOCAL},       {"neighbor", 1, NULL, NEIGHBOR}, {"vrid", 1, NULL, VRID},
        {"priority", 1, NULL, PRIORITY}, {"interval", 1, NULL, INTERVAL}, {"connections", 1, NULL, CONNS},
        {"packets", 1, NULL, PACKETS},   {"no-director", 0, NULL, BARE},  {NULL, 0, NULL, 0},
    };

    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        switch (option) {
        case RULES: site.rules = optarg; break;
        case VIRTUAL: add_address(&site.virtual, optarg); break;
        case OWN: add_address(&site.own, optarg); break;
        case LOCAL: add_address(&site.local, optarg); break;
        case NEIGHBOR:
            if (!neighbor_option(optarg))
                rte_exit(EXIT_FAILURE, "%s: not ADDRESS=MAC[@PORT]\n", optarg);
            break;
        case VRID: site.vrid = (uint8_t)number(optarg, 1, 255); break;
        case PRIORITY: site.priority = (uint8_t)number(optarg, 1, 255); break;
        case INTERVAL: site.interval_centiseconds = (uint16_t)number(optarg, 1, 4095); break;
        case CONNS: site.connections = (uint32_t)number(optarg, MAX_WORKERS, UINT32_MAX); break;
        case PACKETS: site.packets = number(optarg, 1, UINT64_MAX); break;
        case BARE: site.without_director = true; break;
        default: rte_exit(EXIT_FAILURE, "%s", usage);
        }
    }
    if (site.rules == NULL)
        rte_exit(EXIT_FAILURE, "%s", usage);
}

/* Whether the device can bring both ways of a client's packets to one queue: on the first port by
 * source, on the second by destination. Toeplitz with this key gives an address the same hash
 * wherever it stands. */
static bool configure_rss(uint16_t port, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
    static uint8_t key[64];
    uint64_t side = port == 0 ? RTE_ETH_RSS_L3_SRC_ONLY : RTE_ETH_RSS_L3_DST_ONLY;
    uint64_t wanted = RTE_ETH_RSS_IP & info->flow_type_rss_offloads;

    if (site.workers == 1 || site.ports == 1 || wanted == 0 || info->hash_key_size > sizeof key)
        return false;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = i % 2 == 0 ? 0x6d : 0x5a;
    conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf->rx_adv_conf.rss_conf.rss_key = key;
    conf->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
    conf->rx_adv_conf.rss_conf.rss_hf = wanted | (side & info->flow_type_rss_offloads);
    return (side & info->flow_type_rss_offloads) != 0;
}

static void start_port(uint16_t port)
{
    struct rte_eth_conf conf = {0};
    struct rte_eth_dev_info info;
    int status = rte_eth_dev_info_get(port, &info);

    if (status == 0) {
        site.device_steers = configure_rss(port, &info, &conf) && (port == 0 || site.device_steers);
        status = rte_eth_dev_configure(port, site.workers, site.workers, &conf);
    }
    for (uint16_t queue = 0; status == 0 && queue < site.workers; queue++) {
        int socket = rte_eth_dev_socket_id(port);

        status = rte_eth_rx_queue_setup(port, queue, DESCRIPTORS, (unsigned int)socket, NULL, site.pool);
        if (status == 0)
            status = rte_eth_tx_queue_setup(port, queue, DESCRIPTORS, (unsigned int)socket, NULL);
    }
    if (status == 0)
        status = rte_eth_macaddr_get(port, &site.macs[port]);
    if (status == 0)
        status = rte_eth_dev_start(port);
    if (status != 0)
        rte_exit(EXIT_FAILURE, "port %u: %s\n", port, rte_strerror(-status));
    /* For the virtual MAC address, and the groups of VRRP and neighbor discovery. */
    rte_eth_promiscuous_enable(port);
}

static struct rte_ring *new_ring(const char *name, uint16_t index, unsigned int flags)
{
    char full_name[RTE_RING_NAMESIZE];

    snprintf(full_name, sizeof full_name, "%s-%u", name, index);
    struct rte_ring *ring = rte_ring_create(full_name, RING_SIZE, SOCKET_ID_ANY, flags);
    if (ring == NULL)
        rte_exit(EXIT_FAILURE, "ring: %s\n", rte_strerror(rte_errno));
    return ring;
}

static void start_worker(uint16_t index, unsigned int lcore)
{
    int socket = (int)rte_lcore_to_socket_id(lcore);
    struct worker *worker = rte_zmalloc_socket("worker", sizeof *worker, RTE_CACHE_LINE_SIZE, socket);

    if (worker == NULL)
        rte_exit(EXIT_FAILURE, "worker: no memory\n");
    worker->index = index;
    worker->handed = new_ring("handed", index, RING_F_SC_DEQ);
    worker->outbox = new_ring("outbox", index, RING_F_SP_ENQ | RING_F_SC_DEQ);
    workers[index] = worker;
}

static int work(void *worker)
{
    while (!__atomic_load_n(&workers_ended, __ATOMIC_RELAXED))
        worker_poll(worker);
    return 0;
}

static bool has_seen_enough(void)
{
    uint64_t received = 0;

    for (uint16_t i = 0; i < site.workers; i++)
        received += workers[i]->received;
    return site.packets != 0 && received >= site.packets;
}

static void run(void)
{
    while (!ended && !has_seen_enough()) {
        if (site.alone)
            worker_poll(workers[0]);
        control_poll(now_micros());
        if (rules_changed) {
            rules_changed = 0;
            reload_rules();
        }
        if (listing_wanted) {
            listing_wanted = 0;
            report();
        }
    }
}

static void set_up(int count, char **arguments)
{
    unsigned int lcore;

    site.ports = RTE_MIN(rte_eth_dev_count_avail(), MAX_PORTS);
    site.workers = (uint16_t)RTE_MAX(rte_lcore_count() - 1, 1u);
    site.alone = rte_lcore_count() == 1;
    site.cycles_per_micro = RTE_MAX(rte_get_tsc_hz() / 1000000, 1u);
    if (site.ports == 0 || site.workers > MAX_WORKERS)
        rte_exit(EXIT_FAILURE, "no port, or more than %d workers\n", MAX_WORKERS);
    site.pool = rte_pktmbuf_pool_create("frames", MBUFS_PER_QUEUE * site.workers * site.ports, 256,
                                        RTE_ALIGN(sizeof(struct note), RTE_MBUF_PRIV_ALIGN),
                                        RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (site.pool == NULL)
        rte_exit(EXIT_FAILURE, "frames: %s\n", rte_strerror(rte_errno));
    for (uint16_t port = 0; port < site.ports; port++)
        start_port(port);
    read_options(count, arguments);
    site.to_main = new_ring("main", 0, RING_F_SC_DEQ);

    uint16_t index = 0;
    if (site.alone)
        start_worker(0, rte_get_main_lcore());
    RTE_LCORE_FOREACH_WORKER(lcore)
        start_worker(index++, lcore);
}

int main(int argc, char **argv)
{
    unsigned int lcore;
    int used = rte_eal_init(argc, argv);

    if (used < 0)
        rte_exit(EXIT_FAILURE, "EAL: %s\n", rte_strerror(rte_errno));
    setvbuf(stdout, NULL, _IOLBF, 0);
    lvs_set_allocator(allocate, release, NULL);
    set_up(argc - used, argv + used);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGHUP, on_signal);
    signal(SIGUSR1, on_signal);

    uint16_t index = 0;
    RTE_LCORE_FOREACH_WORKER(lcore)
        rte_eal_remote_launch(work, workers[index++], lcore);
    if (!control_start())
        rte_exit(EXIT_FAILURE, "cannot start\n");
    printf("ready: %u ports, %u workers, %s\n", site.ports, site.workers,
           site.device_steers ? "steered by the device" : "steered in software");

    uint64_t start = rte_rdtsc();
    run();
    double seconds = (double)(rte_rdtsc() - start) / (double)rte_get_tsc_hz();
    control_stop(now_micros());
    report();
    printf("%.3f s\n", seconds);
    __atomic_store_n(&workers_ended, true, __ATOMIC_RELAXED);
    rte_eal_mp_wait_lcore();
    control_destroy();
    for (uint16_t port = 0; port < site.ports; port++) {
        rte_eth_dev_stop(port);
        rte_eth_dev_close(port);
    }
    rte_eal_cleanup();
    return 0;
}
