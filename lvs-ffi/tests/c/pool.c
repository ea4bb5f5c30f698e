/* Pools: NULL, nothing, too much, garbage, too late. */
#include "expect.h"

static void pool_null(void)
{
    struct lvs_pool_config config = {.size = sizeof config};
    struct lvs_flow flow = {0};
    struct lvs_dest dest = {.size = sizeof dest};
    struct lvs_pool *pool = (struct lvs_pool *)&flow;
    lvs_dest_id id;
    lvs_conn_token conn;
    lvs_time deadline;

    EXPECT(LVS_ERR_NULL, lvs_pool_config_init(NULL));
    EXPECT(LVS_OK, lvs_pool_config_init(&config));
    EXPECT(LVS_ERR_NULL, lvs_pool_create(NULL, 0, &pool));
    EXPECT(LVS_ERR_NULL, lvs_pool_create(&config, 0, NULL));
    EXPECT(1, pool == (struct lvs_pool *)&flow);
    EXPECT(LVS_ERR_NULL, lvs_pool_add_dest(NULL, 0, NULL, NULL));
    EXPECT(LVS_ERR_NULL, lvs_pool_edit_dest(NULL, 0, NULL));
    EXPECT(LVS_ERR_NULL, lvs_pool_delete_dest(NULL, 0, &server, 80));
    EXPECT(LVS_ERR_NULL, lvs_pool_pick_burst(NULL, 0, &flow, 1, &id));
    EXPECT(LVS_ERR_NULL, lvs_pool_open_conn(NULL, 0, &conn));
    EXPECT(LVS_ERR_NULL, lvs_pool_activate_conn(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_pool_deactivate_conn(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_pool_close_conn(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_pool_get_dest(NULL, 0, &dest));
    EXPECT(LVS_ERR_NULL, lvs_pool_handle_timeout(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_pool_next_deadline(NULL, &deadline));
    lvs_pool_destroy(NULL);
}

static struct lvs_pool *pool_config(int scheduler)
{
    struct lvs_pool_config good = {.size = sizeof good}, bad = {.size = sizeof bad - 1};
    struct lvs_pool *pool = NULL;

    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_pool_config_init(&bad));
    EXPECT(LVS_OK, lvs_pool_config_init(&good));
    for (size_t size = 0; size < 100; size++) {
        EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, size == sizeof bad ? SIZE_MAX : size,
                     lvs_pool_create(&bad, 0, &pool));
    }
    EXPECT_FIELD(LVS_ERR_SCHEDULER, scheduler, 14, lvs_pool_create(&bad, 0, &pool));
    EXPECT_FIELD(LVS_ERR_SCHEDULER, scheduler, INT_MIN, lvs_pool_create(&bad, 0, &pool));
    EXPECT_FIELD(LVS_ERR_SCHEDULER_FLAGS, scheduler_flags, 8, lvs_pool_create(&bad, 0, &pool));
    EXPECT_FIELD(LVS_ERR_PROFILE, profile, -1, lvs_pool_create(&bad, 0, &pool));
    EXPECT_FIELD(LVS_ERR_MH_TABLE_INDEX, mh_table_index, 7, lvs_pool_create(&bad, 0, &pool));
    EXPECT(1, pool == NULL);
    good.scheduler = scheduler;
    EXPECT(LVS_OK, lvs_pool_create(&good, UINT64_MAX, &pool));
    return pool;
}

static void pool_dests(struct lvs_pool *pool)
{
    struct lvs_dest_config good = {.size = sizeof good}, bad;
    struct lvs_dest dest = {.size = 0};
    lvs_dest_id id = 7;

    EXPECT(LVS_ERR_NULL, lvs_dest_config_init(NULL, &server, 80));
    EXPECT(LVS_ERR_NULL, lvs_dest_config_init(&good, NULL, 80));
    EXPECT(LVS_ERR_FAMILY, lvs_dest_config_init(&good, &garbage, 80));
    EXPECT(LVS_OK, lvs_dest_config_init(&good, &server, 80));
    EXPECT(LVS_ERR_NULL, lvs_pool_add_dest(pool, 0, NULL, &id));
    EXPECT(LVS_ERR_NULL, lvs_pool_add_dest(pool, 0, &good, NULL));
    EXPECT_FIELD(LVS_ERR_NOT_UNICAST, address, multicast, lvs_pool_add_dest(pool, 0, &bad, &id));
    EXPECT_FIELD(LVS_ERR_FAMILY, address, garbage, lvs_pool_add_dest(pool, 0, &bad, &id));
    EXPECT_FIELD(LVS_ERR_METHOD, method, 4, lvs_pool_add_dest(pool, 0, &bad, &id));
    EXPECT_FIELD(LVS_ERR_TUNNEL, tunnel.kind, 3, lvs_pool_add_dest(pool, 0, &bad, &id));
    EXPECT_FIELD(LVS_ERR_TUNNEL_PORT, tunnel.kind, LVS_TUNNEL_GUE,
                 lvs_pool_add_dest(pool, 0, &bad, &id));
    EXPECT_FIELD(LVS_ERR_WEIGHT, weight, UINT32_MAX, lvs_pool_add_dest(pool, 0, &bad, &id));
    EXPECT_FIELD(LVS_ERR_THRESHOLDS_CROSSED, lower_threshold, 1,
                 lvs_pool_add_dest(pool, 0, &bad, &id));
    EXPECT(LVS_ERR_NO_SUCH_DEST, lvs_pool_edit_dest(pool, 0, &good));
    EXPECT(LVS_ERR_NO_SUCH_DEST, lvs_pool_delete_dest(pool, 0, &server, 80));
    EXPECT(LVS_ERR_FAMILY, lvs_pool_delete_dest(pool, 0, &garbage, 80));
    EXPECT(7, id);
    EXPECT(LVS_OK, lvs_pool_add_dest(pool, 0, &good, &id));
    EXPECT(LVS_ERR_DEST_EXISTS, lvs_pool_add_dest(pool, 0, &good, &id));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_pool_get_dest(pool, id, &dest));
    EXPECT(LVS_ERR_NULL, lvs_pool_get_dest(pool, id, NULL));
    dest.size = sizeof dest;
    EXPECT(LVS_ERR_NO_SUCH_DEST, lvs_pool_get_dest(pool, LVS_NO_DEST, &dest));
    EXPECT(LVS_ERR_NO_SUCH_DEST, lvs_pool_get_dest(pool, id + 1, &dest));
    EXPECT(LVS_OK, lvs_pool_get_dest(pool, id, &dest));
    EXPECT(1, dest.available == 1 && dest.active_conns == 0 && dest.inactive_conns == 0);
}

/* A connection counts from its opening to its first closing, whatever is said of it later. */
static void pool_conns(void)
{
    struct lvs_pool_config config = {.size = sizeof config};
    struct lvs_dest_config server_config = {.size = sizeof server_config};
    struct lvs_dest dest = {.size = sizeof dest};
    struct lvs_pool *pool;
    lvs_dest_id id;
    lvs_conn_token conn, other = 7;

    EXPECT(LVS_OK, lvs_pool_config_init(&config));
    config.connections = 1;
    EXPECT(LVS_OK, lvs_pool_create(&config, 0, &pool));
    EXPECT(LVS_OK, lvs_dest_config_init(&server_config, &server, 80));
    EXPECT(LVS_OK, lvs_pool_add_dest(pool, 0, &server_config, &id));
    EXPECT(LVS_ERR_NULL, lvs_pool_open_conn(pool, id, NULL));
    EXPECT(LVS_ERR_NO_SUCH_DEST, lvs_pool_open_conn(pool, LVS_NO_DEST, &other));
    EXPECT(LVS_ERR_STALE_CONN, lvs_pool_close_conn(pool, other));
    EXPECT(LVS_OK, lvs_pool_open_conn(pool, id, &conn));
    EXPECT(LVS_ERR_TABLE_FULL, lvs_pool_open_conn(pool, id, &other));
    EXPECT(7, other);
    EXPECT(LVS_OK, lvs_pool_activate_conn(pool, conn));
    EXPECT(LVS_OK, lvs_pool_activate_conn(pool, conn));
    EXPECT(LVS_OK, lvs_pool_get_dest(pool, id, &dest));
    EXPECT(1, dest.active_conns == 1 && dest.inactive_conns == 0);
    EXPECT(LVS_OK, lvs_pool_deactivate_conn(pool, conn));
    EXPECT(LVS_OK, lvs_pool_close_conn(pool, conn));
    EXPECT(LVS_OK, lvs_pool_open_conn(pool, id, &other));
    EXPECT(LVS_ERR_STALE_CONN, lvs_pool_activate_conn(pool, conn));
    EXPECT(LVS_ERR_STALE_CONN, lvs_pool_deactivate_conn(pool, conn));
    EXPECT(LVS_ERR_STALE_CONN, lvs_pool_close_conn(pool, conn));
    EXPECT(LVS_OK, lvs_pool_get_dest(pool, id, &dest));
    EXPECT(1, dest.active_conns == 0 && dest.inactive_conns == 1);
    lvs_pool_destroy(pool);
}

static void pool_pick(struct lvs_pool *pool, int reads_flows)
{
    struct lvs_flow flows[3] = {{.family = LVS_IPV4}, {.family = 0}, {.family = LVS_IPV4}};
    lvs_dest_id ids[3] = {7, 7, 7};

    EXPECT(LVS_OK, lvs_pool_pick_burst(pool, 0, NULL, 0, NULL));
    EXPECT(LVS_ERR_NULL, lvs_pool_pick_burst(pool, 0, NULL, 1, ids));
    EXPECT(LVS_ERR_NULL, lvs_pool_pick_burst(pool, 0, flows, 1, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_pool_pick_burst(pool, 0, flows, SIZE_MAX, ids));
    EXPECT(LVS_ERR_COUNT, lvs_pool_pick_burst(pool, 0, flows, SIZE_MAX / 64, ids));
    EXPECT(1, ids[0] == 7 && ids[1] == 7 && ids[2] == 7);
    EXPECT(LVS_OK, lvs_pool_pick_burst(pool, 0, flows, 3, ids));
    if (!reads_flows) {
        EXPECT(1, ids[0] != LVS_NO_DEST && ids[1] != LVS_NO_DEST && ids[2] != LVS_NO_DEST);
        return;
    }
    EXPECT(1, ids[0] == ids[2] && ids[0] != LVS_NO_DEST && ids[1] == LVS_NO_DEST);
    memset(flows, 0xff, sizeof flows);
    EXPECT(LVS_OK, lvs_pool_pick_burst(pool, 0, flows, 3, ids));
    EXPECT(1, ids[0] == LVS_NO_DEST && ids[1] == LVS_NO_DEST && ids[2] == LVS_NO_DEST);
}

/* An id that is gone finds nothing, also when its place has a new destination. */
static void pool_stale(void)
{
    struct lvs_pool_config config = {.size = sizeof config};
    struct lvs_dest_config server_config = {.size = sizeof server_config};
    struct lvs_dest dest = {.size = sizeof dest};
    struct lvs_pool *pool;
    lvs_dest_id stale, fresh;
    lvs_conn_token conn;
    lvs_time now;

    EXPECT(LVS_OK, lvs_pool_config_init(&config));
    EXPECT(LVS_OK, lvs_pool_create(&config, 0, &pool));
    EXPECT(0, lvs_pool_next_deadline(pool, &now));
    EXPECT(LVS_ERR_NULL, lvs_pool_next_deadline(pool, NULL));
    EXPECT(LVS_OK, lvs_dest_config_init(&server_config, &server, 80));
    EXPECT(LVS_OK, lvs_pool_add_dest(pool, 0, &server_config, &stale));
    EXPECT(LVS_OK, lvs_pool_delete_dest(pool, 0, &server, 80));
    while (lvs_pool_next_deadline(pool, &now) > 0) {
        EXPECT(LVS_OK, lvs_pool_handle_timeout(pool, now));
    }
    EXPECT(LVS_ERR_NO_SUCH_DEST, lvs_pool_get_dest(pool, stale, &dest));
    server_config.port = 81;
    EXPECT(LVS_OK, lvs_pool_add_dest(pool, now, &server_config, &fresh));
    EXPECT(1, stale != fresh);
    EXPECT(LVS_ERR_NO_SUCH_DEST, lvs_pool_open_conn(pool, stale, &conn));
    EXPECT(LVS_OK, lvs_pool_get_dest(pool, fresh, &dest));
    EXPECT(0, dest.inactive_conns);
    lvs_pool_destroy(pool);
}

int main(void)
{
    pool_null();
    for (int reads_flows = 0; reads_flows < 2; reads_flows++) {
        struct lvs_pool *pool = pool_config(reads_flows ? LVS_SCHEDULER_SH : LVS_SCHEDULER_WLC);

        pool_dests(pool);
        pool_pick(pool, reads_flows);
        lvs_pool_destroy(pool);
    }
    pool_conns();
    pool_stale();
    return 0;
}
