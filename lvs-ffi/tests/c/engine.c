/* An engine of virtual routers. */
#include "expect.h"

enum { ROUTERS = 2 };

static const struct lvs_address source = {LVS_IPV4, {192, 0, 2, 1}};
static const struct lvs_address addresses[2] = {{LVS_IPV4, {192, 0, 2, 100}},
                                                {LVS_IPV4, {192, 0, 2, 101}}};
static const struct lvs_vrrp_peer peer = {{LVS_IPV4, {192, 0, 2, 2}}, 255, 255};

static struct lvs_engine *init(void *memory)
{
    struct lvs_engine *engine = NULL;
    size_t size = lvs_engine_sizeof(ROUTERS, 1, 1);

    EXPECT(0, lvs_engine_sizeof(1, 1025, 0));
    EXPECT(0, lvs_engine_sizeof(1, 0, 256));
    EXPECT(0, lvs_engine_sizeof(1, SIZE_MAX, SIZE_MAX));
    EXPECT(1, lvs_engine_sizeof(0, 0, 0) > 0);
    EXPECT(LVS_ERR_NULL, lvs_engine_init(NULL, size, ROUTERS, 1, 1, &engine));
    EXPECT(LVS_ERR_NULL, lvs_engine_init(memory, size, ROUTERS, 1, 1, NULL));
    EXPECT(LVS_ERR_TOO_MANY_ADDRESSES, lvs_engine_init(memory, size, ROUTERS, 1025, 1, &engine));
    EXPECT(LVS_ERR_PEER, lvs_engine_init(memory, size, ROUTERS, 1, 256, &engine));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_engine_init(memory, 0, ROUTERS, 1, 1, &engine));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_engine_init(memory, size, UINT32_MAX, 1, 1, &engine));
    EXPECT(1, engine == NULL);
    for (size_t offset = 0; offset < 8; offset++)
        EXPECT(LVS_OK, lvs_engine_init((char *)memory + offset, size, ROUTERS, 1, 1, &engine));
    return engine;
}

static void add(struct lvs_engine *engine, lvs_router_id ids[ROUTERS])
{
    struct lvs_vrrp_config good = {.size = sizeof good}, bad;
    struct lvs_vrrp_peer peers[2] = {peer, peer};
    struct lvs_vrrp_status status = {.size = 1};

    EXPECT(LVS_OK, lvs_vrrp_config_init(&good, LVS_VRRP_RFC9568, 51));
    good.source = source;
    good.addresses = addresses;
    good.address_count = 1;
    EXPECT(LVS_ERR_NULL, lvs_engine_add(NULL, 1, &good, ids));
    EXPECT(LVS_ERR_NULL, lvs_engine_add(engine, 1, NULL, ids));
    EXPECT(LVS_ERR_NULL, lvs_engine_add(engine, 1, &good, NULL));
#define ADD lvs_engine_add(engine, 1, &bad, ids)
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, ADD);
    EXPECT_FIELD(LVS_ERR_NULL, addresses, NULL, ADD);
    EXPECT_FIELD(LVS_ERR_FAMILY, addresses, &garbage, ADD);
    EXPECT_FIELD(LVS_ERR_TOO_MANY_ADDRESSES, address_count, 2, ADD);
    EXPECT_FIELD(LVS_ERR_COUNT, address_count, SIZE_MAX, ADD);
    EXPECT_FIELD(LVS_ERR_NULL, peer_count, 1, ADD);
    EXPECT_FIELD(LVS_ERR_VRID, vrid, 0, ADD);
    EXPECT_FIELD(LVS_ERR_PRIORITY, priority, 0, ADD);
    EXPECT_FIELD(LVS_ERR_FAMILY, source, garbage, ADD);
    good.peers = peers;
    EXPECT_FIELD(LVS_ERR_PEER, peer_count, 2, ADD);
    EXPECT(LVS_OK, lvs_engine_add(engine, 1, &good, &ids[0]));
    EXPECT(LVS_ERR_ROUTER_EXISTS, lvs_engine_add(engine, 1, &good, &ids[1]));
    good.vrid = 52;
    good.peer_count = 1;
    good.addresses = &addresses[1];
    EXPECT(LVS_OK, lvs_engine_add(engine, 2, &good, &ids[1]));
    EXPECT(LVS_ERR_ENGINE_FULL, lvs_engine_add(engine, 3, &good, ids));

    EXPECT(LVS_ERR_NULL, lvs_engine_join(NULL, ids[0], ids[1]));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_join(engine, UINT64_MAX, ids[1]));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_join(engine, ids[0], UINT64_MAX));
    EXPECT(LVS_ERR_SYNC_GROUP, lvs_engine_join(engine, ids[0], ids[0]));
    EXPECT(LVS_OK, lvs_engine_join(engine, ids[0], ids[1]));
    EXPECT(LVS_ERR_NULL, lvs_engine_leave(NULL, ids[0]));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_leave(engine, UINT64_MAX));
    EXPECT(LVS_OK, lvs_engine_leave(engine, ids[0]));
    EXPECT(LVS_OK, lvs_engine_join(engine, ids[1], ids[0]));

    EXPECT(LVS_ERR_NULL, lvs_engine_get_status(NULL, ids[0], &status));
    EXPECT(LVS_ERR_NULL, lvs_engine_get_status(engine, ids[0], NULL));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_engine_get_status(engine, ids[0], &status));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_get_status(engine, 7, &status));
}

static int state(const struct lvs_engine *engine, lvs_router_id id)
{
    struct lvs_vrrp_status status = {.size = sizeof status};

    EXPECT(LVS_OK, lvs_engine_get_status(engine, id, &status));
    return status.state;
}

/* Drains the actions, writes what they ask for, and returns how many there were. */
static int drain(struct lvs_engine *engine)
{
    uint8_t frame[LVS_VRRP_FRAME_MAX];
    struct lvs_vrrp_action action;
    lvs_router_id id;
    size_t length;
    int count = 0;

#define ADVERT(engine, id, path, frame, capacity, length)                                          \
    lvs_engine_write_advert(engine, 0, id, action.priority, path, frame, capacity, length)
#define ANNOUNCE(engine, id, address, frame, capacity, length)                                     \
    lvs_engine_write_announcement(engine, id, address, frame, capacity, length)
    for (; lvs_engine_poll_action(engine, &id, &action) == 1; count++) {
        if (action.kind == LVS_VRRP_SEND_ADVERT) {
            EXPECT(LVS_ERR_NULL, ADVERT(NULL, id, 0, frame, sizeof frame, &length));
            EXPECT(LVS_ERR_NULL, ADVERT(engine, id, 0, NULL, sizeof frame, &length));
            EXPECT(LVS_ERR_NULL, ADVERT(engine, id, 0, frame, sizeof frame, NULL));
            EXPECT(LVS_ERR_COUNT, ADVERT(engine, id, 0, frame, SIZE_MAX, &length));
            EXPECT(LVS_ERR_NO_SUCH_ROUTER, ADVERT(engine, 7, 0, frame, sizeof frame, &length));
            EXPECT(LVS_ERR_PATH, ADVERT(engine, id, 1, frame, sizeof frame, &length));
            EXPECT(LVS_ERR_BUFFER_TOO_SMALL, ADVERT(engine, id, 0, frame, 45, &length));
            EXPECT(LVS_OK, ADVERT(engine, id, 0, frame, 46, &length));
            EXPECT(46, length);
        }
        if (action.kind == LVS_VRRP_ANNOUNCE) {
            const struct lvs_address *of = &action.address;

            EXPECT(LVS_ERR_NULL, ANNOUNCE(NULL, id, of, frame, sizeof frame, &length));
            EXPECT(LVS_ERR_NULL, ANNOUNCE(engine, id, NULL, frame, sizeof frame, &length));
            EXPECT(LVS_ERR_NULL, ANNOUNCE(engine, id, of, NULL, sizeof frame, &length));
            EXPECT(LVS_ERR_NULL, ANNOUNCE(engine, id, of, frame, sizeof frame, NULL));
            EXPECT(LVS_ERR_FAMILY, ANNOUNCE(engine, id, &garbage, frame, 60, &length));
            EXPECT(LVS_ERR_NO_SUCH_ROUTER, ANNOUNCE(engine, 7, of, frame, 60, &length));
            EXPECT(LVS_ERR_BUFFER_TOO_SMALL, ANNOUNCE(engine, id, of, frame, 41, &length));
            EXPECT(LVS_OK, ANNOUNCE(engine, id, of, frame, 42, &length));
        }
    }
    return count;
}

/* Both become Active when nobody is heard. */
static lvs_time run(struct lvs_engine *engine, const lvs_router_id ids[ROUTERS])
{
    struct lvs_vrrp_action action;
    lvs_router_id id;
    lvs_time at;

    EXPECT(0, lvs_engine_next_deadline(engine, &at));
    EXPECT(LVS_ERR_NULL, lvs_engine_input(NULL, 0, ids[0], LVS_ENGINE_INPUT_STARTUP));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_input(engine, 0, 7, LVS_ENGINE_INPUT_STARTUP));
    EXPECT(LVS_ERR_INPUT, lvs_engine_input(engine, 0, ids[0], -1));
    EXPECT(LVS_ERR_INPUT, lvs_engine_input(engine, 0, ids[0], 4));
    for (int i = 0; i < ROUTERS; i++)
        EXPECT(LVS_OK, lvs_engine_input(engine, 0, ids[i], LVS_ENGINE_INPUT_STARTUP));
    EXPECT(LVS_ERR_NULL, lvs_engine_poll_action(NULL, &id, &action));
    EXPECT(LVS_ERR_NULL, lvs_engine_poll_action(engine, NULL, &action));
    EXPECT(LVS_ERR_NULL, lvs_engine_poll_action(engine, &id, NULL));
    EXPECT(2, drain(engine));
    EXPECT(LVS_ERR_NULL, lvs_engine_next_deadline(NULL, &at));
    EXPECT(LVS_ERR_NULL, lvs_engine_next_deadline(engine, NULL));
    EXPECT(1, lvs_engine_next_deadline(engine, &at));
    EXPECT(LVS_ERR_NULL, lvs_engine_handle_timeout(NULL, at, 1));
    EXPECT(0, lvs_engine_handle_timeout(engine, at - 1, UINT16_MAX));
    EXPECT(1, lvs_engine_handle_timeout(engine, at, 1));
    EXPECT(1, lvs_engine_handle_timeout(engine, at, 2));
    EXPECT(1, drain(engine) > 4);
    EXPECT(LVS_VRRP_ACTIVE, state(engine, ids[0]));
    EXPECT(LVS_VRRP_ACTIVE, state(engine, ids[1]));
    return at;
}

/* What both are told while they are Active, and go on. */
static void tell(struct lvs_engine *engine, const lvs_router_id ids[ROUTERS], lvs_time now)
{
    const struct lvs_address other = {LVS_IPV4, {192, 0, 2, 3}};
    struct lvs_vrrp_status status = {.size = sizeof status};
    uint64_t tolerance = 0;

    EXPECT(LVS_ERR_NULL, lvs_engine_resumed(NULL, now, ids[0], 0));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_resumed(engine, now, 7, 0));
    EXPECT(LVS_OK, lvs_engine_resumed(engine, now, ids[0], UINT64_MAX));
    EXPECT(1, lvs_engine_handle_timeout(engine, now, 9));
    EXPECT(1, drain(engine) > 0);
    EXPECT(LVS_ERR_NULL, lvs_engine_hold_announcements(NULL, ids[0], now));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_hold_announcements(engine, 7, now));
    EXPECT(LVS_OK, lvs_engine_hold_announcements(engine, ids[0], UINT64_MAX));
    EXPECT(LVS_OK, lvs_engine_hold_announcements(engine, ids[0], 0));
    EXPECT(LVS_ERR_NULL, lvs_engine_set_priority(NULL, now, ids[0], 150));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_set_priority(engine, now, 7, 150));
    EXPECT(LVS_OK, lvs_engine_set_priority(engine, now, ids[0], 0));
    EXPECT(LVS_OK, lvs_engine_get_status(engine, ids[0], &status));
    EXPECT(1, status.priority);
    EXPECT(LVS_OK, lvs_engine_set_priority(engine, now, ids[0], 100));
    EXPECT(LVS_ERR_NULL, lvs_engine_set_source(NULL, now, ids[0], &other));
    EXPECT(LVS_ERR_NULL, lvs_engine_set_source(engine, now, ids[0], NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_engine_set_source(engine, now, ids[0], &garbage));
    EXPECT(LVS_ERR_SOURCE_FAMILY, lvs_engine_set_source(engine, now, ids[0], &ipv6));
    EXPECT(LVS_ERR_SOURCE_NOT_UNICAST, lvs_engine_set_source(engine, now, ids[0], &multicast));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_set_source(engine, now, 7, &other));
    EXPECT(LVS_OK, lvs_engine_set_source(engine, now, ids[0], &other));
    EXPECT(LVS_OK, lvs_engine_get_status(engine, ids[0], &status));
    EXPECT(0, memcmp(&status.source, &other, sizeof other));
    EXPECT(LVS_OK, lvs_engine_set_source(engine, now, ids[0], &source));
    EXPECT(LVS_ERR_NULL, lvs_engine_peer_down(NULL, now, ids[0], &other));
    EXPECT(LVS_ERR_NULL, lvs_engine_peer_down(engine, now, ids[0], NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_engine_peer_down(engine, now, ids[0], &garbage));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_peer_down(engine, now, 7, &other));
    EXPECT(LVS_OK, lvs_engine_peer_down(engine, now, ids[0], &other));
    EXPECT(LVS_ERR_NULL, lvs_engine_get_interface_tolerance(NULL, ids[0], &tolerance));
    EXPECT(LVS_ERR_NULL, lvs_engine_get_interface_tolerance(engine, ids[0], NULL));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_get_interface_tolerance(engine, 7, &tolerance));
    EXPECT(LVS_OK, lvs_engine_get_interface_tolerance(engine, ids[0], &tolerance));
    EXPECT(1, tolerance > 1000000 && tolerance < 3000000);
    EXPECT(LVS_VRRP_ACTIVE, state(engine, ids[0]));
    EXPECT(1, drain(engine) > 0);
}

/* The frame of a router of a higher priority. */
static size_t advert(uint8_t frame[64])
{
    const struct lvs_address other = {LVS_IPV4, {192, 0, 2, 2}};
    struct lvs_vrrp_config config = {.size = sizeof config};
    struct lvs_vrrp *vrrp;
    size_t length;

    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51));
    config.source = other;
    config.addresses = addresses;
    config.address_count = 1;
    EXPECT(LVS_OK, lvs_vrrp_create(&config, &vrrp));
    EXPECT(LVS_OK, lvs_vrrp_write_advert(vrrp, 0, 200, 0, frame, 64, &length));
    lvs_vrrp_destroy(vrrp);
    return length;
}

static void lose(struct lvs_engine *engine, const lvs_router_id ids[ROUTERS], lvs_time now)
{
    struct lvs_engine_counters counters = {.size = 1};
    uint8_t frame[64];
    size_t length = advert(frame);

    EXPECT(LVS_ERR_NULL, lvs_engine_handle_frame(NULL, now, 1, frame, length));
    EXPECT(LVS_ERR_NULL, lvs_engine_handle_frame(engine, now, 1, NULL, length));
    EXPECT(LVS_ERR_COUNT, lvs_engine_handle_frame(engine, now, 1, frame, SIZE_MAX));
    for (size_t part = 0; part < length - 12; part++)
        EXPECT(LVS_ERR_NOT_VRRP, lvs_engine_handle_frame(engine, now, 1, frame, part));
    EXPECT(LVS_OK, lvs_engine_handle_frame(engine, now, 3, frame, length));
    frame[length - 1] ^= 1;
    EXPECT(LVS_OK, lvs_engine_handle_frame(engine, now, 1, frame, length));
    frame[length - 1] ^= 1;
    frame[14 + 20] ^= 1 << 4;
    EXPECT(LVS_OK, lvs_engine_handle_frame(engine, now, 1, frame, length));
    frame[14 + 20] ^= 1 << 4;
    EXPECT(LVS_ERR_NULL, lvs_engine_get_global_counters(NULL, &counters));
    EXPECT(LVS_ERR_NULL, lvs_engine_get_global_counters(engine, NULL));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_engine_get_global_counters(engine, &counters));
    counters.size = sizeof counters;
    EXPECT(LVS_OK, lvs_engine_get_global_counters(engine, &counters));
    EXPECT(1, counters.vrid_errors);
    EXPECT(1, counters.checksum_errors);
    EXPECT(1, counters.version_errors);
    EXPECT(LVS_VRRP_ACTIVE, state(engine, ids[0]));
    EXPECT(LVS_OK, lvs_engine_handle_frame(engine, now, 1, frame, length));
    EXPECT(LVS_VRRP_BACKUP, state(engine, ids[0]));
    EXPECT(LVS_VRRP_BACKUP, state(engine, ids[1]));
    EXPECT(1, drain(engine) > 2);

    EXPECT(LVS_ERR_NULL, lvs_engine_set_tracked(NULL, now, ids[1], 100, 1));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_set_tracked(engine, now, 7, 100, 1));
    EXPECT(LVS_OK, lvs_engine_set_tracked(engine, now, ids[1], 0, INT_MIN));
    EXPECT(LVS_VRRP_INITIALIZE, state(engine, ids[0]));
    EXPECT(LVS_ERR_NULL, lvs_engine_remove(NULL, ids[0]));
    EXPECT(LVS_OK, lvs_engine_remove(engine, ids[1]));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_remove(engine, ids[1]));
    EXPECT(LVS_VRRP_BACKUP, state(engine, ids[0]));
    EXPECT(LVS_OK, lvs_engine_input(engine, now, ids[0], LVS_ENGINE_INPUT_INTERFACE_DOWN));
    EXPECT(LVS_OK, lvs_engine_input(engine, now, ids[0], LVS_ENGINE_INPUT_INTERFACE_UP));
    EXPECT(LVS_OK, lvs_engine_input(engine, now, ids[0], LVS_ENGINE_INPUT_SHUTDOWN));
    EXPECT(LVS_VRRP_INITIALIZE, state(engine, ids[0]));
}

static void follow(struct lvs_engine *engine, lvs_router_id ids[ROUTERS], lvs_time now)
{
    struct lvs_vrrp_config config = {.size = sizeof config};

    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 53));
    config.source = source;
    config.addresses = &addresses[1];
    config.address_count = 1;
    EXPECT(LVS_OK, lvs_engine_add(engine, 1, &config, &ids[1]));
    EXPECT(LVS_ERR_NULL, lvs_engine_follow(NULL, now, ids[1], ids[0]));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_follow(engine, now, 7, ids[0]));
    EXPECT(LVS_ERR_SYNC_GROUP, lvs_engine_follow(engine, now, ids[0], ids[0]));
    EXPECT(LVS_OK, lvs_engine_follow(engine, now, ids[1], ids[0]));
    EXPECT(LVS_ERR_SYNC_GROUP, lvs_engine_follow(engine, now, ids[0], ids[1]));
    EXPECT(LVS_ERR_SYNC_GROUP, lvs_engine_join(engine, ids[1], ids[0]));
    EXPECT(LVS_OK, lvs_engine_input(engine, now, ids[1], LVS_ENGINE_INPUT_STARTUP));
    EXPECT(LVS_OK, lvs_engine_input(engine, now, ids[0], LVS_ENGINE_INPUT_STARTUP));
    EXPECT(LVS_VRRP_BACKUP, state(engine, ids[1]));
}

/* A virtual router of another host, or, in an engine, of this one; with the address of its VRID. */
static struct lvs_vrrp_config config_of(int profile, uint8_t vrid)
{
    struct lvs_vrrp_config config = {.size = sizeof config};

    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, profile, vrid));
    config.source = source;
    config.addresses = &addresses[vrid - 51];
    config.address_count = 1;
    return config;
}

static struct lvs_vrrp *peer_of(int profile, uint8_t vrid,
                                const struct lvs_vrrp_authentication *authentication)
{
    struct lvs_vrrp_config config = config_of(profile, vrid);
    struct lvs_vrrp *vrrp;

    config.source = peer.address;
    EXPECT(LVS_OK, lvs_vrrp_create(&config, &vrrp));
    EXPECT(LVS_OK, lvs_vrrp_set_authentication(vrrp, authentication));
    EXPECT(LVS_OK, lvs_vrrp_startup(vrrp, 0));
    return vrrp;
}

/* Has them send each other an advert; whether both were heard, or neither. */
static int understand(struct lvs_engine *engine, lvs_router_id id, struct lvs_vrrp *vrrp)
{
    struct lvs_vrrp_counters ours = {.size = sizeof ours}, theirs = ours;
    uint8_t frame[128];
    size_t length;
    uint64_t before;

    EXPECT(LVS_OK, lvs_engine_get_counters(engine, id, &ours));
    before = ours.adv_rcvd;
    EXPECT(LVS_OK, lvs_vrrp_write_advert(vrrp, 7, 100, 0, frame, sizeof frame, &length));
    EXPECT(LVS_OK, lvs_engine_handle_frame(engine, 7, 1, frame, length));
    EXPECT(LVS_OK, lvs_engine_write_advert(engine, 7, id, 100, 0, frame, sizeof frame, &length));
    EXPECT(LVS_OK, lvs_vrrp_handle_frame(vrrp, 7, frame, length));
    EXPECT(LVS_OK, lvs_engine_get_counters(engine, id, &ours));
    EXPECT(LVS_OK, lvs_vrrp_get_counters(vrrp, &theirs));
    EXPECT(1, ours.adv_rcvd - before == theirs.adv_rcvd);
    lvs_vrrp_destroy(vrrp);
    return (int)theirs.adv_rcvd;
}

/* Of two virtual routers of an engine one proves its adverts. */
static void prove(void *memory, int profile, int kind)
{
    static const uint8_t octets[64] = "0123456789abcdef0123456789abcdef";
    const size_t size = lvs_engine_sizeof(ROUTERS, 1, 1);
    const size_t length = kind == LVS_VRRP_AUTHENTICATION_TRAILER ? 32 : 8;
    const struct lvs_vrrp_key keys[2] = {{octets, length, 1}, {octets + 1, length, 1}};
    const struct lvs_vrrp_authentication none = {.size = sizeof none};
    struct lvs_vrrp_authentication good = none, other, bad;
    struct lvs_vrrp_config configs[ROUTERS] = {config_of(profile, 51), config_of(profile, 52)};
    struct lvs_vrrp_counters counters = {.size = 1};
    struct lvs_engine *engine;
    lvs_router_id ids[ROUTERS];

    good.kind = kind;
    good.keys = keys;
    good.key_count = 1;
    good.utc_offset_micros = 1700000000000000;
    good.window_seconds = 2;
    good.required = 1;
    other = good;
    other.keys = &keys[1];

    EXPECT(LVS_OK, lvs_engine_init(memory, size, ROUTERS, 1, 1, &engine));
    for (int i = 0; i < ROUTERS; i++) {
        EXPECT(LVS_OK, lvs_engine_add(engine, 1, &configs[i], &ids[i]));
        EXPECT(LVS_OK, lvs_engine_input(engine, 0, ids[i], LVS_ENGINE_INPUT_STARTUP));
    }
#define SET lvs_engine_set_authentication(engine, ids[0], &bad)
    EXPECT(LVS_ERR_NULL, lvs_engine_set_authentication(NULL, ids[0], &good));
    EXPECT(LVS_ERR_NULL, lvs_engine_set_authentication(engine, ids[0], NULL));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_set_authentication(engine, 7, &good));
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, SET);
    EXPECT_FIELD(LVS_ERR_AUTHENTICATION, kind, -1, SET);
    EXPECT_FIELD(LVS_ERR_KEY, kind, LVS_VRRP_AUTHENTICATION_NONE, SET);
    EXPECT_FIELD(LVS_ERR_KEY, key_count, 0, SET);
    EXPECT_FIELD(LVS_ERR_COUNT, key_count, SIZE_MAX, SET);
    EXPECT_FIELD(LVS_ERR_NULL, keys, NULL, SET);
    EXPECT(LVS_ERR_NULL, lvs_engine_get_counters(NULL, ids[0], &counters));
    EXPECT(LVS_ERR_NULL, lvs_engine_get_counters(engine, ids[0], NULL));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_engine_get_counters(engine, ids[0], &counters));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_get_counters(engine, 7, &counters));
    EXPECT(1, understand(engine, ids[0], peer_of(profile, 51, &none)));

    EXPECT(LVS_OK, lvs_engine_set_authentication(engine, ids[0], &good));
    EXPECT(0, understand(engine, ids[0], peer_of(profile, 51, &none)));
    EXPECT(0, understand(engine, ids[0], peer_of(profile, 51, &other)));
    EXPECT(1, understand(engine, ids[0], peer_of(profile, 51, &good)));
    EXPECT(1, understand(engine, ids[1], peer_of(profile, 52, &none)));
    EXPECT(0, understand(engine, ids[1], peer_of(profile, 52, &good)));

    EXPECT(LVS_OK, lvs_engine_remove(engine, ids[0]));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_set_authentication(engine, ids[0], &good));
    EXPECT(LVS_OK, lvs_engine_add(engine, 1, &configs[0], &ids[0]));
    EXPECT(LVS_OK, lvs_engine_input(engine, 0, ids[0], LVS_ENGINE_INPUT_STARTUP));
    EXPECT(1, understand(engine, ids[0], peer_of(profile, 51, &none)));
}

int main(void)
{
    char *memory = malloc(lvs_engine_sizeof(ROUTERS, 1, 1) + 8);
    struct lvs_engine *engine;
    lvs_router_id ids[ROUTERS];
    lvs_time now;

    EXPECT(1, memory != NULL);
    engine = init(memory);
    add(engine, ids);
    now = run(engine, ids);
    tell(engine, ids, now);
    lose(engine, ids, now);
    follow(engine, ids, now);
    prove(memory, LVS_VRRP_RFC9568, LVS_VRRP_AUTHENTICATION_TRAILER);
    prove(memory, LVS_VRRP_RFC3768, LVS_VRRP_AUTHENTICATION_TRAILER);
    prove(memory, LVS_VRRP_RFC3768, LVS_VRRP_AUTHENTICATION_PASSWORD);
    prove(memory, LVS_VRRP_RFC3768, LVS_VRRP_AUTHENTICATION_HEADER);
    free(memory);
    return 0;
}
