/* What a director shows: counters, statistics, listings, connections. */
#include "frame.h"

static const struct lvs_service_key web = {{LVS_IPV4, {192, 0, 2, 100}}, 6, 80, 0};
static const struct lvs_service_key nowhere = {{LVS_IPV4, {192, 0, 2, 100}}, 17, 80, 0};

/* With one connection of one packet. */
static struct lvs_director *create(void)
{
    struct lvs_director_config config = {.size = sizeof config};
    struct lvs_director *director;
    struct lvs_outcome outcome;
    uint8_t octets[SYN_LENGTH];
    struct lvs_frame frame = {.buffer = octets, .length = SYN_LENGTH};

    EXPECT(LVS_OK, lvs_director_config_init(&config));
    EXPECT(LVS_OK, lvs_director_create(&config, &director));
    EXPECT(LVS_OK, lvs_director_apply(director, 0,
                                      "-A -t 192.0.2.100:80 -s rr\n"
                                      "-a -t 192.0.2.100:80 -r 10.2.0.1:80 -g\n", NULL));
    write_syn(octets, 64);
    EXPECT(LVS_OK, lvs_director_process(director, 0, &frame, NULL, 0, &outcome));
    return director;
}

static void counters(struct lvs_director *director)
{
    struct lvs_director_counters counters = {.size = sizeof counters};
    struct lvs_statistics statistics = {.size = sizeof statistics};
    lvs_dest_id id;
    size_t count;

    EXPECT(LVS_ERR_NULL, lvs_director_get_counters(NULL, &counters));
    EXPECT(LVS_ERR_NULL, lvs_director_get_counters(director, NULL));
    counters.size++;
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_director_get_counters(director, &counters));
    counters.size--;
    EXPECT(LVS_OK, lvs_director_get_counters(director, &counters));
    EXPECT(1, counters.forwarded == 1 && counters.passed == 0 && counters.dropped_icmp_error == 0);

    EXPECT(LVS_ERR_NULL, lvs_director_estimate(NULL));
    EXPECT(LVS_OK, lvs_director_estimate(director));
    EXPECT(LVS_ERR_NULL, lvs_director_get_statistics(NULL, &statistics));
    EXPECT(LVS_ERR_NULL, lvs_director_get_statistics(director, NULL));
    EXPECT(LVS_OK, lvs_director_get_statistics(director, &statistics));
    EXPECT(1, statistics.conns == 1 && statistics.in_packets == 1 && statistics.in_octets == 40);
    EXPECT(5, statistics.in_octets_per_sec);
    EXPECT(LVS_ERR_NULL, lvs_director_get_service_statistics(NULL, &web, &statistics));
    EXPECT(LVS_ERR_NULL, lvs_director_get_service_statistics(director, NULL, &statistics));
    EXPECT(LVS_ERR_NULL, lvs_director_get_service_statistics(director, &web, NULL));
    EXPECT(LVS_ERR_NO_SUCH_SERVICE,
           lvs_director_get_service_statistics(director, &nowhere, &statistics));
    EXPECT(LVS_OK, lvs_director_get_service_statistics(director, &web, &statistics));
    EXPECT(1, statistics.conns);
    EXPECT(LVS_OK, lvs_director_get_dests(director, &web, &id, 1, &count));
    EXPECT(LVS_ERR_NULL, lvs_director_get_dest_statistics(NULL, id, &statistics));
    EXPECT(LVS_ERR_NULL, lvs_director_get_dest_statistics(director, id, NULL));
    EXPECT(LVS_ERR_NO_SUCH_DEST,
           lvs_director_get_dest_statistics(director, LVS_NO_DEST, &statistics));
    EXPECT(LVS_ERR_NULL, lvs_director_zero(NULL, NULL));
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_director_zero(director, &nowhere));
    EXPECT(LVS_OK, lvs_director_zero(director, &web));
    EXPECT(LVS_OK, lvs_director_get_dest_statistics(director, id, &statistics));
    EXPECT(0, statistics.conns);
    EXPECT(LVS_OK, lvs_director_zero(director, NULL));
}

static void listing(struct lvs_director *director)
{
    char text[1000];
    size_t length = 7;

#define WRITE(director, service, columns, flags)                                                   \
    lvs_director_write_listing(director, service, columns, flags, text, sizeof text, &length)
    EXPECT(LVS_ERR_NULL, WRITE(NULL, NULL, 0, 0));
    EXPECT(LVS_ERR_COLUMNS, WRITE(director, NULL, -1, 0));
    EXPECT(LVS_ERR_COLUMNS, WRITE(director, NULL, 6, 0));
    EXPECT(LVS_ERR_LISTING_FLAGS, WRITE(director, NULL, 0, 4));
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, WRITE(director, &nowhere, 0, 0));
    EXPECT(LVS_ERR_NULL, lvs_director_write_listing(director, NULL, 0, 0, NULL, 1, &length));
    EXPECT(LVS_ERR_NULL, lvs_director_write_listing(director, NULL, 0, 0, text, 1, NULL));
    EXPECT(7, length);
    for (int columns = 0; columns < 6; columns++) {
        for (uint32_t flags = 0; flags < 4; flags++) {
            EXPECT(LVS_OK, WRITE(director, NULL, columns, flags));
            EXPECT(1, length == strlen(text) && strncmp(text, "IP Virtual Server", 17) == 0);
        }
    }
    EXPECT(LVS_OK, WRITE(director, &web, LVS_COLUMNS_CONNECTIONS, LVS_LISTING_EXACT));
    EXPECT(0, strcmp(text, "Prot LocalAddress:Port Scheduler Flags\n"
                           "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
                           "TCP  192.0.2.100:80 rr\n"
                           "  -> 10.2.0.1:80                  Route   1      1          0         \n"));
    EXPECT(LVS_ERR_NULL, lvs_director_write_conns(NULL, 0, 0, text, sizeof text, &length));
    EXPECT(LVS_ERR_NULL, lvs_director_write_conns(director, 0, 0, NULL, 1, &length));
    EXPECT(LVS_ERR_NULL, lvs_director_write_conns(director, 0, 0, text, 1, NULL));
    EXPECT(LVS_OK, lvs_director_write_conns(director, 0, 1, text, sizeof text, &length));
    EXPECT(1, strstr(text, "pe_data\nTCP 01:00  SYN_RECV    192.0.2.7:40000") != NULL);
}

static int count(void *context, const struct lvs_conn *conn)
{
    EXPECT(sizeof *conn, conn->size);
    EXPECT(1, conn->client.octets[3] == 7 && conn->client_port == 40000 && !conn->is_template);
    EXPECT(1, conn->virtual_address.octets[3] == 100 && conn->virtual_port == 80);
    EXPECT(1, conn->hop.address.octets[3] == 1 && conn->hop.method == LVS_METHOD_DIRECT_ROUTE);
    EXPECT(1, conn->protocol == 6 && conn->state == 3 && conn->is_active && conn->mark == 0);
    EXPECT(0, strcmp(conn->state_name, "SYN_RECV"));
    EXPECT(1, conn->timeout_micros == 60000000 && conn->left_micros == 59000000);
    EXPECT(1, conn->call_id == NULL && conn->call_id_length == 0);
    return ++*(int *)context;
}

static void conns(struct lvs_director *director)
{
    int conns = 0;

    EXPECT(LVS_ERR_NULL, lvs_director_visit_conns(NULL, 0, count, &conns));
    EXPECT(LVS_ERR_NULL, lvs_director_visit_conns(director, 0, NULL, &conns));
    EXPECT(LVS_OK, lvs_director_visit_conns(director, 1000000, count, &conns));
    EXPECT(1, conns);
}

int main(void)
{
    struct lvs_director *director = create();

    listing(director);
    counters(director);
    conns(director);
    lvs_director_destroy(director);
    return 0;
}
