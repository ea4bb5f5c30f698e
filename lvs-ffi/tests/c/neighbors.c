/* A neighbor cache. */
#include "expect.h"

static const struct lvs_address local = {LVS_IPV6, {0xfe, 0x80, [15] = 9}};
static const struct lvs_mac mac = {{2, 0, 0, 0, 0, 1}}, other = {{2, 0, 0, 0, 0, 2}}, nobody;
static const struct lvs_own_addresses own = {.ipv4 = {10, 2, 0, 254}};
static uint8_t frame[LVS_ANSWER_MAX];

static struct lvs_neighbors *create(void)
{
    struct lvs_neighbors_config config = {.size = 1};
    struct lvs_neighbors *neighbors = NULL;

    EXPECT(LVS_ERR_NULL, lvs_neighbors_config_init(NULL));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_neighbors_config_init(&config));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_neighbors_create(&config, &neighbors));
    config.size = sizeof config;
    EXPECT(LVS_OK, lvs_neighbors_config_init(&config));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_create(NULL, &neighbors));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_create(&config, NULL));
    config.capacity = 0;
    EXPECT(LVS_OK, lvs_neighbors_create(&config, &neighbors));
    lvs_neighbors_destroy(neighbors);
    config.capacity = 1;
    config.reachable_milliseconds = UINT32_MAX;
    EXPECT(LVS_OK, lvs_neighbors_create(&config, &neighbors));
    return neighbors;
}

/* Whoever is asked for is written to, and answers. */
static void ask(struct lvs_neighbors *neighbors)
{
    struct lvs_neighbor_action good, bad;
    struct lvs_mac found;
    size_t length;
    lvs_time at;

    EXPECT(LVS_ERR_NULL, lvs_neighbors_resolve(NULL, 0, &server, &found));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_resolve(neighbors, 0, NULL, &found));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_resolve(neighbors, 0, &server, NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_neighbors_resolve(neighbors, 0, &garbage, &found));
    EXPECT(LVS_RESOLUTION_FAILED, lvs_neighbors_resolve(neighbors, 0, &multicast, &found));
    EXPECT(LVS_RESOLUTION_PENDING, lvs_neighbors_resolve(neighbors, 0, &server, &found));
    EXPECT(LVS_RESOLUTION_FAILED, lvs_neighbors_resolve(neighbors, 0, &local, &found));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_next_deadline(NULL, &at));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_next_deadline(neighbors, NULL));
    EXPECT(1, lvs_neighbors_next_deadline(neighbors, &at));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_poll_action(NULL, &good));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_poll_action(neighbors, NULL));
    EXPECT(1, lvs_neighbors_poll_action(neighbors, &good));
    EXPECT(LVS_NEIGHBOR_REQUEST, good.kind);
    EXPECT(0, memcmp(&good.address, &server, sizeof server));
    EXPECT(0, lvs_neighbors_poll_action(neighbors, &bad));
#define WRITE lvs_neighbors_write_request(&bad, &own, &mac, frame, sizeof frame, &length)
    EXPECT(LVS_ERR_NULL, lvs_neighbors_write_request(NULL, &own, &mac, frame, 42, &length));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_write_request(&good, NULL, &mac, frame, 42, &length));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_write_request(&good, &own, NULL, frame, 42, &length));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_write_request(&good, &own, &mac, NULL, 42, &length));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_write_request(&good, &own, &mac, frame, 42, NULL));
    EXPECT(LVS_ERR_COUNT,
           lvs_neighbors_write_request(&good, &own, &mac, frame, SIZE_MAX, &length));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL,
           lvs_neighbors_write_request(&good, &own, &mac, frame, 41, &length));
    EXPECT_FIELD(LVS_ERR_FAMILY, address, garbage, WRITE);
    EXPECT_FIELD(LVS_ERR_NO_OWN_ADDRESS, address, local, WRITE);
    EXPECT_FIELD(LVS_OK, mac, other, WRITE);
    EXPECT(0, memcmp(frame, &other, sizeof other));
    EXPECT(LVS_OK, lvs_neighbors_write_request(&good, &own, &mac, frame, 42, &length));
    EXPECT(42, length);
    EXPECT(0xff, frame[0]);
}

static void answer(struct lvs_neighbors *neighbors)
{
    const struct lvs_frame request = {.buffer = frame, .length = 42};
    struct lvs_neighbor_action action;
    struct lvs_mac found;
    uint8_t reply[64];
    size_t length;

    EXPECT(LVS_OK, lvs_answer_neighbor(&request, &server, 1, &other, reply, 64, &length));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_handle_frame(NULL, 0, reply, length));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_handle_frame(neighbors, 0, NULL, length));
    EXPECT(LVS_ERR_COUNT, lvs_neighbors_handle_frame(neighbors, 0, reply, SIZE_MAX));
    for (size_t part = 0; part < length; part++)
        EXPECT(LVS_OK, lvs_neighbors_handle_frame(neighbors, 0, reply, part));
    EXPECT(LVS_NEIGHBOR_INCOMPLETE, lvs_neighbors_get_state(neighbors, 0, &server));
    EXPECT(LVS_OK, lvs_neighbors_handle_frame(neighbors, 0, reply, length));
    EXPECT(1, lvs_neighbors_poll_action(neighbors, &action));
    EXPECT(LVS_NEIGHBOR_RESOLVED, action.kind);
    EXPECT(0, memcmp(&action.mac, &other, sizeof other));
    EXPECT(LVS_RESOLUTION_KNOWN, lvs_neighbors_resolve(neighbors, 0, &server, &found));
    EXPECT(0, memcmp(&found, &other, sizeof other));
}

static void wait(struct lvs_neighbors *neighbors)
{
    EXPECT(LVS_ERR_NULL, lvs_neighbors_get_state(NULL, 0, &server));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_get_state(neighbors, 0, NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_neighbors_get_state(neighbors, 0, &garbage));
    EXPECT(LVS_ERR_NO_SUCH_NEIGHBOR, lvs_neighbors_get_state(neighbors, 0, &local));
    EXPECT(LVS_NEIGHBOR_REACHABLE, lvs_neighbors_get_state(neighbors, 0, &server));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_handle_timeout(NULL, 0));
    EXPECT(LVS_OK, lvs_neighbors_handle_timeout(neighbors, UINT64_MAX));
    EXPECT(LVS_NEIGHBOR_STALE, lvs_neighbors_get_state(neighbors, UINT64_MAX, &server));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_confirm(NULL, 0, &server));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_confirm(neighbors, 0, NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_neighbors_confirm(neighbors, 0, &garbage));
    EXPECT(LVS_OK, lvs_neighbors_confirm(neighbors, 0, &server));
}

static void set(struct lvs_neighbors *neighbors)
{
    struct lvs_neighbor_counters counters = {.size = 1};

    EXPECT(LVS_ERR_NULL, lvs_neighbors_set_static(NULL, &server, &mac));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_set_static(neighbors, NULL, &mac));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_set_static(neighbors, &server, NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_neighbors_set_static(neighbors, &garbage, &mac));
    EXPECT(LVS_ERR_NOT_A_NEIGHBOR, lvs_neighbors_set_static(neighbors, &multicast, &mac));
    EXPECT(LVS_ERR_NOT_A_NEIGHBOR, lvs_neighbors_set_static(neighbors, &server, &nobody));
    EXPECT(LVS_OK, lvs_neighbors_set_static(neighbors, &server, &mac));
    EXPECT(LVS_NEIGHBOR_STATIC, lvs_neighbors_get_state(neighbors, 0, &server));
    EXPECT(LVS_ERR_NEIGHBORS_FULL, lvs_neighbors_set_static(neighbors, &local, &mac));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_remove(NULL, &server));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_remove(neighbors, NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_neighbors_remove(neighbors, &garbage));
    EXPECT(LVS_OK, lvs_neighbors_remove(neighbors, &server));
    EXPECT(LVS_ERR_NO_SUCH_NEIGHBOR, lvs_neighbors_remove(neighbors, &server));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_get_counters(NULL, &counters));
    EXPECT(LVS_ERR_NULL, lvs_neighbors_get_counters(neighbors, NULL));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_neighbors_get_counters(neighbors, &counters));
    counters.size = sizeof counters;
    EXPECT(LVS_OK, lvs_neighbors_get_counters(neighbors, &counters));
    EXPECT(1, counters.requests);
}

int main(void)
{
    struct lvs_neighbors *neighbors = create();

    ask(neighbors);
    answer(neighbors);
    wait(neighbors);
    set(neighbors);
    lvs_neighbors_destroy(neighbors);
    lvs_neighbors_destroy(NULL);
    return 0;
}
