/* NULL, nothing, too much, garbage, too short, too late: every call answers, nothing happens. */
#include <limits.h>
#include <lvs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(answer, call) expect(__LINE__, #call, answer, call)

/* As EXPECT, with a `bad` that is as `good` but for one field. */
#define EXPECT_FIELD(answer, field, value, call)                                                   \
    (bad = good, bad.field = (value), EXPECT(answer, call))

static void expect(int line, const char *call, long long answer, long long got)
{
    if (got != answer) {
        printf("line %d: %s is %lld, not %lld\n", line, call, got, answer);
        exit(EXIT_FAILURE);
    }
}

static const struct lvs_address server = {LVS_IPV4, {10, 2, 0, 1}};
static const struct lvs_address multicast = {LVS_IPV4, {224, 0, 0, 18}};
static const struct lvs_address ipv6 = {LVS_IPV6, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
static const struct lvs_address garbage = {255, {255, 255}};

static void words(void)
{
    for (int status = -1000; status <= 1000; status++) {
        EXPECT(1, strlen(lvs_strerror(status)) > 0);
    }
    EXPECT(0, strcmp(lvs_strerror(INT_MIN), lvs_strerror(INT_MAX)));
    EXPECT(0, strcmp(lvs_vrrp_state_name(INT_MIN), lvs_vrrp_state_name(3)));
    EXPECT(0, strcmp(lvs_version(), "0.1.0"));
}

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

static struct lvs_pool *pool_config(void)
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

static void pool_pick(struct lvs_pool *pool)
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

static void vrrp_null(void)
{
    struct lvs_vrrp_config config = {.size = sizeof config};
    struct lvs_vrrp_action action;
    struct lvs_vrrp_counters counters = {.size = sizeof counters};
    struct lvs_mac mac;
    struct lvs_vrrp *vrrp;
    uint8_t frame[64] = {0};
    size_t length;
    lvs_time deadline;

    EXPECT(LVS_ERR_NULL, lvs_vrrp_config_init(NULL, LVS_VRRP_RFC9568, 51));
    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_create(NULL, &server, &server, 1, &vrrp));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_create(&config, NULL, &server, 1, &vrrp));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_create(&config, &server, NULL, 1, &vrrp));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_create(&config, &server, &server, 1, NULL));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_startup(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_shutdown(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_interface_up(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_interface_down(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_handle_timeout(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_set_priority(NULL, 0, 1));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_set_source(NULL, 0, &server));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_handle_packet(NULL, 0, frame, 0));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_handle_frame(NULL, 0, frame, sizeof frame));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_vrid_of_frame(NULL, 1));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_poll_action(NULL, &action));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_next_deadline(NULL, &deadline));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_write_advert(NULL, 1, frame, sizeof frame, &length));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_write_announcement(NULL, &server, frame, sizeof frame, &length));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_get_state(NULL));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_get_virtual_mac(NULL, &mac));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_get_counters(NULL, &counters));
    lvs_vrrp_destroy(NULL);
}

static struct lvs_vrrp *vrrp_config(uint8_t host)
{
    const struct lvs_address source = {LVS_IPV4, {192, 0, 2, host}};
    const struct lvs_address addresses[2] = {{LVS_IPV4, {192, 0, 2, 100}}, ipv6};
    static struct lvs_address many[256];
    struct lvs_vrrp_config good = {.size = 1}, bad;
    struct lvs_vrrp *vrrp = NULL;

    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_vrrp_config_init(&good, LVS_VRRP_RFC9568, 51));
    good.size = sizeof good;
    EXPECT(LVS_ERR_PROFILE, lvs_vrrp_config_init(&good, 5, 51));
    EXPECT(LVS_ERR_VRID, lvs_vrrp_config_init(&good, LVS_VRRP_RFC9568, 0));
    EXPECT(LVS_OK, lvs_vrrp_config_init(&good, LVS_VRRP_RFC9568, 51));

#define CREATE lvs_vrrp_create(&bad, &source, addresses, 1, &vrrp)
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, CREATE);
    EXPECT_FIELD(LVS_ERR_VERSION, version, 4, CREATE);
    EXPECT_FIELD(LVS_ERR_VRID, vrid, 0, CREATE);
    EXPECT_FIELD(LVS_ERR_PRIORITY, priority, 0, CREATE);
    EXPECT_FIELD(LVS_ERR_ADVERT_COUNT, advert_count, 0, CREATE);
    EXPECT_FIELD(LVS_ERR_INTERVAL, interval_centiseconds, 0, CREATE);
    EXPECT_FIELD(LVS_ERR_INTERVAL, interval_centiseconds, 4100, CREATE);
    EXPECT_FIELD(LVS_ERR_LOSING_ADVERT, losing_advert, 3, CREATE);
    EXPECT_FIELD(LVS_ERR_OWNER_ADVERTS, owner_adverts, -1, CREATE);
    EXPECT_FIELD(LVS_ERR_ADDRESS_MISMATCH, address_mismatch, INT_MAX, CREATE);
    EXPECT_FIELD(LVS_ERR_CHECKSUM_TRANSMIT, checksum_transmit, 4, CREATE);
    EXPECT_FIELD(LVS_ERR_CHECKSUM_ACCEPT, checksum_accept, INT_MIN, CREATE);

    EXPECT(LVS_ERR_NO_ADDRESSES, lvs_vrrp_create(&good, &source, NULL, 0, &vrrp));
    EXPECT(LVS_ERR_MIXED_FAMILIES, lvs_vrrp_create(&good, &source, addresses, 2, &vrrp));
    EXPECT(LVS_ERR_COUNT, lvs_vrrp_create(&good, &source, addresses, SIZE_MAX, &vrrp));
    EXPECT(LVS_ERR_FAMILY, lvs_vrrp_create(&good, &source, &garbage, 1, &vrrp));
    EXPECT(LVS_ERR_FAMILY, lvs_vrrp_create(&good, &garbage, addresses, 1, &vrrp));
    EXPECT(LVS_ERR_SOURCE_FAMILY, lvs_vrrp_create(&good, &ipv6, addresses, 1, &vrrp));
    EXPECT(LVS_ERR_SOURCE_NOT_UNICAST, lvs_vrrp_create(&good, &multicast, addresses, 1, &vrrp));
    EXPECT(LVS_ERR_SOURCE_NOT_LINK_LOCAL, lvs_vrrp_create(&good, &ipv6, &ipv6, 1, &vrrp));
    EXPECT(LVS_ERR_NOT_UNICAST, lvs_vrrp_create(&good, &source, &multicast, 1, &vrrp));
    for (int i = 0; i < 256; i++) {
        many[i] = addresses[0];
    }
    EXPECT(LVS_ERR_DUPLICATE_ADDRESS, lvs_vrrp_create(&good, &source, many, 2, &vrrp));
    EXPECT(LVS_ERR_TOO_MANY_ADDRESSES, lvs_vrrp_create(&good, &source, many, 256, &vrrp));
    EXPECT(1, vrrp == NULL);
    EXPECT(LVS_OK, lvs_vrrp_create(&good, &source, addresses, 1, &vrrp));
    return vrrp;
}

/* Every length and every damage of a good advert. */
static void vrrp_frames(struct lvs_vrrp *sender, struct lvs_vrrp *receiver)
{
    struct lvs_vrrp_counters counters = {.size = sizeof counters};
    uint8_t frame[LVS_VRRP_FRAME_MAX], damaged[LVS_VRRP_FRAME_MAX];
    size_t length = 7;

    for (size_t capacity = 0; capacity < 46; capacity++) {
        EXPECT(LVS_ERR_BUFFER_TOO_SMALL,
               lvs_vrrp_write_advert(sender, 100, frame, capacity, &length));
    }
    EXPECT(LVS_ERR_NULL, lvs_vrrp_write_advert(sender, 100, NULL, 46, &length));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_write_advert(sender, 100, frame, 46, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_vrrp_write_advert(sender, 100, frame, SIZE_MAX, &length));
    EXPECT(LVS_ERR_FAMILY, lvs_vrrp_write_announcement(sender, &garbage, frame, 42, &length));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL,
           lvs_vrrp_write_announcement(sender, &server, frame, 41, &length));
    EXPECT(7, length);
    EXPECT(LVS_OK, lvs_vrrp_write_announcement(sender, &server, frame, 42, &length));
    EXPECT(42, length);
    EXPECT(LVS_ERR_NOT_VRRP, lvs_vrrp_handle_frame(receiver, 0, frame, length));
    EXPECT(LVS_OK, lvs_vrrp_write_advert(sender, 100, frame, 46, &length));
    EXPECT(46, length);
    EXPECT(51, lvs_vrrp_vrid_of_frame(frame, length));

    EXPECT(LVS_ERR_NULL, lvs_vrrp_handle_frame(receiver, 0, NULL, length));
    EXPECT(LVS_ERR_NOT_VRRP, lvs_vrrp_handle_frame(receiver, 0, NULL, 0));
    EXPECT(LVS_ERR_COUNT, lvs_vrrp_handle_packet(receiver, 0, frame, SIZE_MAX));
    for (size_t cut = 0; cut < length; cut++) {
        EXPECT(LVS_ERR_NOT_VRRP, lvs_vrrp_handle_frame(receiver, 0, frame, cut));
        EXPECT(LVS_ERR_NOT_VRRP, lvs_vrrp_vrid_of_frame(frame, cut));
    }
    for (size_t bit = 14 * 8; bit < length * 8; bit++) {
        memcpy(damaged, frame, length);
        damaged[bit / 8] ^= (uint8_t)(1 << bit % 8);
        (void)lvs_vrrp_handle_frame(receiver, 0, damaged, length);
    }
    EXPECT(LVS_OK, lvs_vrrp_get_counters(receiver, &counters));
    EXPECT(0, counters.adv_rcvd);
    EXPECT(1, counters.checksum_errors > 0 && counters.vrid_errors > 0);
    EXPECT(LVS_OK, lvs_vrrp_handle_packet(receiver, 0, frame + LVS_ETHERNET_HEADER_LEN,
                                          length - LVS_ETHERNET_HEADER_LEN));
    EXPECT(LVS_OK, lvs_vrrp_get_counters(receiver, &counters));
    EXPECT(1, counters.adv_rcvd);
    counters.size--;
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_vrrp_get_counters(receiver, &counters));
}

static void vrrp_loop(struct lvs_vrrp *vrrp)
{
    struct lvs_vrrp_action action;
    lvs_time deadline;

    EXPECT(LVS_ERR_NULL, lvs_vrrp_poll_action(vrrp, NULL));
    EXPECT(1, lvs_vrrp_poll_action(vrrp, &action));
    EXPECT(LVS_VRRP_NOTIFY, action.kind);
    EXPECT(LVS_ERR_FAMILY, lvs_vrrp_set_source(vrrp, 0, &garbage));
    EXPECT(LVS_ERR_SOURCE_FAMILY, lvs_vrrp_set_source(vrrp, 0, &ipv6));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_next_deadline(vrrp, NULL));
    EXPECT(1, lvs_vrrp_next_deadline(vrrp, &deadline));
    EXPECT(LVS_OK, lvs_vrrp_handle_timeout(vrrp, deadline));
    EXPECT(LVS_OK, lvs_vrrp_handle_timeout(vrrp, UINT64_MAX));
    EXPECT(LVS_VRRP_ACTIVE, lvs_vrrp_get_state(vrrp));
    EXPECT(LVS_OK, lvs_vrrp_set_priority(vrrp, 0, 0));
    EXPECT(LVS_OK, lvs_vrrp_interface_down(vrrp, 0));
    EXPECT(LVS_OK, lvs_vrrp_interface_up(vrrp, 0));
    EXPECT(LVS_OK, lvs_vrrp_shutdown(vrrp, 0));
    EXPECT(LVS_OK, lvs_vrrp_shutdown(vrrp, 0));
    EXPECT(LVS_VRRP_INITIALIZE, lvs_vrrp_get_state(vrrp));
    EXPECT(0, lvs_vrrp_next_deadline(vrrp, &deadline));
}

int main(void)
{
    struct lvs_pool *pool;
    struct lvs_vrrp *sender, *receiver;

    words();
    pool_null();
    pool = pool_config();
    pool_dests(pool);
    pool_pick(pool);
    lvs_pool_destroy(pool);
    pool_conns();
    pool_stale();
    vrrp_null();
    sender = vrrp_config(1);
    receiver = vrrp_config(2);
    EXPECT(LVS_OK, lvs_vrrp_startup(receiver, 0));
    vrrp_frames(sender, receiver);
    vrrp_loop(receiver);
    lvs_vrrp_destroy(sender);
    lvs_vrrp_destroy(receiver);
    puts("every misuse was answered");
    return 0;
}
