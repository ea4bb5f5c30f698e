/* Other configurations for virtual routers that run. */
#include "expect.h"

enum { SECOND = 1000000 };

static const struct lvs_address source = {LVS_IPV4, {192, 0, 2, 1}};
static const struct lvs_address addresses[3] = {{LVS_IPV4, {192, 0, 2, 100}},
                                                {LVS_IPV4, {192, 0, 2, 101}},
                                                {LVS_IPV4, {192, 0, 2, 102}}};
static const struct lvs_vrrp_peer peers[2] = {{{LVS_IPV4, {192, 0, 2, 2}}, 255, 255},
                                              {{LVS_IPV4, {192, 0, 2, 3}}, 255, 255}};

static struct lvs_vrrp_config config_of(uint8_t vrid)
{
    struct lvs_vrrp_config config = {.size = sizeof config};

    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, vrid));
    config.source = source;
    config.addresses = addresses;
    config.address_count = 1;
    config.announce_rounds = 1;
    config.announce_refresh_milliseconds = 0;
    return config;
}

static lvs_time deadline(const struct lvs_vrrp *vrrp)
{
    lvs_time at = 0;

    EXPECT(1, lvs_vrrp_next_deadline(vrrp, &at));
    return at;
}

static void active(struct lvs_vrrp *vrrp)
{
    struct lvs_vrrp_action action;

    EXPECT(LVS_OK, lvs_vrrp_startup(vrrp, 0));
    EXPECT(LVS_OK, lvs_vrrp_handle_timeout(vrrp, deadline(vrrp)));
    while (lvs_vrrp_poll_action(vrrp, &action) == 1)
        continue;
    EXPECT(LVS_VRRP_ACTIVE, lvs_vrrp_get_state(vrrp));
}

/* Is the advert of so many addresses, from the first on? */
static int lists(struct lvs_vrrp *vrrp, const struct lvs_address *first, uint8_t count)
{
    uint8_t frame[LVS_VRRP_FRAME_MAX];
    size_t length;

    EXPECT(LVS_OK, lvs_vrrp_write_advert(vrrp, 0, 100, 0, frame, sizeof frame, &length));
    for (int i = 0; i < count; i++)
        if (memcmp(frame + 42 + 4 * i, first[i].octets, 4) != 0)
            return 0;
    return frame[14 + 20 + 3] == count;
}

/* Another priority, a second address, a longer interval; an Active router stays so. */
static void story(void)
{
    struct lvs_vrrp_config config = config_of(51);
    struct lvs_vrrp_status status = {.size = sizeof status};
    static const int kinds[4] = {LVS_VRRP_SEND_ADVERT, LVS_VRRP_INSTALL_ADDRESSES,
                                 LVS_VRRP_ANNOUNCE, LVS_VRRP_ANNOUNCE};
    struct lvs_vrrp_action action;
    struct lvs_vrrp *vrrp;
    uint32_t plan = 7;
    lvs_time before;

    EXPECT(LVS_OK, lvs_vrrp_create(&config, &vrrp));
    active(vrrp);
    before = deadline(vrrp);
    EXPECT(LVS_OK, lvs_vrrp_plan(vrrp, &config, &plan));
    EXPECT(0, plan);
    EXPECT(LVS_OK, lvs_vrrp_apply(vrrp, 4 * SECOND, &config, &plan));
    EXPECT(0, plan);
    EXPECT(0, lvs_vrrp_poll_action(vrrp, &action));

    config.priority = 150;
    config.address_count = 2;
    config.interval_centiseconds = 200;
    for (int again = 0; again < 2; again++) {
        EXPECT(LVS_OK, lvs_vrrp_plan(vrrp, &config, &plan));
        EXPECT(LVS_VRRP_PLAN_PRIORITY | LVS_VRRP_PLAN_TIMERS | LVS_VRRP_PLAN_ADDRESSES, plan);
        EXPECT(0, lvs_vrrp_poll_action(vrrp, &action));
        EXPECT(before, deadline(vrrp));
    }
    plan = 7;
    EXPECT(LVS_OK, lvs_vrrp_apply(vrrp, 4 * SECOND, &config, &plan));
    EXPECT(LVS_VRRP_PLAN_PRIORITY | LVS_VRRP_PLAN_TIMERS | LVS_VRRP_PLAN_ADDRESSES, plan);
    for (int i = 0; i < 4; i++) {
        EXPECT(1, lvs_vrrp_poll_action(vrrp, &action));
        EXPECT(kinds[i], action.kind);
        EXPECT(i == 0 ? 150 : 0, action.priority);
        if (i >= 2)
            EXPECT(0, memcmp(&action.address, &addresses[i - 2], sizeof action.address));
    }
    EXPECT(0, lvs_vrrp_poll_action(vrrp, &action));
    EXPECT(1, lists(vrrp, addresses, 2));
    EXPECT(LVS_OK, lvs_vrrp_get_status(vrrp, &status));
    EXPECT(LVS_VRRP_ACTIVE, status.state);
    EXPECT(150, status.priority);

    before = deadline(vrrp);
    EXPECT(LVS_OK, lvs_vrrp_apply(vrrp, 4 * SECOND, &config, &plan));
    EXPECT(0, plan);
    EXPECT(0, lvs_vrrp_poll_action(vrrp, &action));
    EXPECT(before, deadline(vrrp));
    EXPECT(1, lists(vrrp, addresses, 2));

    config.preempt = !config.preempt;
    config.peers = peers;
    config.peer_count = 2;
    EXPECT(LVS_OK, lvs_vrrp_apply(vrrp, 4 * SECOND, &config, &plan));
    EXPECT(LVS_VRRP_PLAN_PEERS | LVS_VRRP_PLAN_OPTIONS, plan);
    EXPECT(LVS_VRRP_ACTIVE, lvs_vrrp_get_state(vrrp));
    lvs_vrrp_destroy(vrrp);
}

static void misuse(void)
{
    static struct lvs_address many[1025];
    static struct lvs_vrrp_peer crowd[256];
    struct lvs_vrrp_config good = config_of(51), bad;
    struct lvs_vrrp *vrrp;
    uint32_t plan = 7;
    lvs_time before;

    EXPECT(LVS_OK, lvs_vrrp_create(&good, &vrrp));
    active(vrrp);
    before = deadline(vrrp);
    EXPECT(LVS_ERR_NULL, lvs_vrrp_plan(NULL, &good, &plan));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_plan(vrrp, NULL, &plan));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_plan(vrrp, &good, NULL));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_apply(NULL, 0, &good, &plan));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_apply(vrrp, 0, NULL, &plan));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_apply(vrrp, 0, &good, NULL));
#define BOTH(error, field, value)                                                                  \
    (EXPECT_FIELD(error, field, value, lvs_vrrp_plan(vrrp, &bad, &plan)),                          \
     EXPECT_FIELD(error, field, value, lvs_vrrp_apply(vrrp, 99 * SECOND, &bad, &plan)))
    BOTH(LVS_ERR_STRUCT_SIZE, size, sizeof good - 1);
    BOTH(LVS_ERR_VERSION, version, 4);
    BOTH(LVS_ERR_VRID, vrid, 0);
    BOTH(LVS_ERR_PRIORITY, priority, 0);
    BOTH(LVS_ERR_INTERVAL, interval_centiseconds, UINT16_MAX);
    BOTH(LVS_ERR_LOSING_ADVERT, losing_advert, -1);
    BOTH(LVS_ERR_NULL, addresses, NULL);
    BOTH(LVS_ERR_FAMILY, addresses, &garbage);
    BOTH(LVS_ERR_NOT_UNICAST, addresses, &multicast);
    BOTH(LVS_ERR_NO_ADDRESSES, address_count, 0);
    BOTH(LVS_ERR_COUNT, address_count, SIZE_MAX);
    BOTH(LVS_ERR_NULL, peer_count, 1);
    BOTH(LVS_ERR_COUNT, peer_count, SIZE_MAX);
    good.addresses = many;
    BOTH(LVS_ERR_TOO_MANY_ADDRESSES, address_count, 1025);
    for (int i = 0; i < 1025; i++)
        many[i] = addresses[0];
    BOTH(LVS_ERR_DUPLICATE_ADDRESS, address_count, 2);
    BOTH(LVS_ERR_TOO_MANY_ADDRESSES, address_count, 256);
    good.addresses = addresses;
    good.peers = crowd;
    BOTH(LVS_ERR_PEER, peer_count, 256);
    good.peers = NULL;
    EXPECT(7, plan);

    /* Other virtual routers are planned, but not applied. */
#define OTHER(field, value)                                                                        \
    (EXPECT_FIELD(LVS_OK, field, value, lvs_vrrp_plan(vrrp, &bad, &plan)),                         \
     EXPECT(1, (plan & LVS_VRRP_PLAN_RESTART) != 0), plan = 7,                                     \
     EXPECT_FIELD(LVS_ERR_RESTART, field, value, lvs_vrrp_apply(vrrp, 0, &bad, &plan)),            \
     EXPECT(7, plan))
    OTHER(vrid, 52);
    OTHER(version, 2);
    OTHER(addresses, &ipv6);

    /* Nothing has changed. The source does not count. */
    EXPECT(before, deadline(vrrp));
    EXPECT(1, lists(vrrp, addresses, 1));
    EXPECT_FIELD(LVS_OK, source, garbage, lvs_vrrp_apply(vrrp, 0, &bad, &plan));
    EXPECT(0, plan);
    lvs_vrrp_destroy(vrrp);
}

/* In memory of the caller's there is room for what its size is that of, however often that changes. */
static void memory(void)
{
    const size_t size = lvs_vrrp_sizeof(2, 1);
    struct lvs_vrrp_config config = config_of(51);
    char *place = malloc(size + 8);
    struct lvs_vrrp *vrrp;
    uint32_t plan;

    EXPECT(1, place != NULL);
    for (size_t offset = 0; offset < 8; offset++) {
        EXPECT(LVS_OK, lvs_vrrp_init(place + offset, size, &config, &vrrp));
        active(vrrp);
        for (int i = 0; i < 6; i++) {
            config.addresses = &addresses[i % 2];
            config.address_count = 2;
            config.peers = &peers[i % 2];
            config.peer_count = 1;
            EXPECT(LVS_OK, lvs_vrrp_apply(vrrp, 0, &config, &plan));
            EXPECT(LVS_VRRP_PLAN_ADDRESSES, plan & LVS_VRRP_PLAN_ADDRESSES);
            EXPECT(1, lists(vrrp, config.addresses, 2));
            config.addresses = addresses;
            config.address_count = 3;
            EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_vrrp_apply(vrrp, 0, &config, &plan));
            EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_vrrp_plan(vrrp, &config, &plan));
            EXPECT(1, lists(vrrp, &addresses[i % 2], 2));
        }
        EXPECT(LVS_VRRP_ACTIVE, lvs_vrrp_get_state(vrrp));
        lvs_vrrp_destroy(vrrp);
        config = config_of(51);
    }
    free(place);
}

/* A snapshot goes on with the addresses that the virtual router has by now. */
static void snapshot(void)
{
    struct lvs_vrrp_config config = config_of(51);
    uint8_t octets[LVS_VRRP_SNAPSHOT_MAX];
    struct lvs_vrrp *vrrp;
    size_t length;
    uint32_t plan;

    EXPECT(LVS_OK, lvs_vrrp_create(&config, &vrrp));
    active(vrrp);
    config.address_count = 3;
    EXPECT(LVS_OK, lvs_vrrp_apply(vrrp, 0, &config, &plan));
    EXPECT(LVS_OK, lvs_vrrp_snapshot(vrrp, octets, sizeof octets, &length));
    EXPECT(LVS_OK, lvs_vrrp_restore(vrrp, 0, octets, length));
    EXPECT(1, lists(vrrp, addresses, 3));
    config.address_count = 2;
    EXPECT(LVS_OK, lvs_vrrp_apply(vrrp, 0, &config, &plan));
    EXPECT(1, lists(vrrp, addresses, 2));
    lvs_vrrp_destroy(vrrp);
}

enum { ROUTERS = 2 };

static int engine_lists(struct lvs_engine *engine, lvs_router_id id,
                        const struct lvs_address *first, uint8_t count)
{
    uint8_t frame[LVS_VRRP_FRAME_MAX];
    size_t length;

    EXPECT(LVS_OK, lvs_engine_write_advert(engine, 0, id, 100, 0, frame, sizeof frame, &length));
    for (int i = 0; i < count; i++)
        if (memcmp(frame + 42 + 4 * i, first[i].octets, 4) != 0)
            return 0;
    return frame[14 + 20 + 3] == count;
}

static void engine_misuse(struct lvs_engine *engine, lvs_router_id id,
                          const struct lvs_vrrp_config *config)
{
    struct lvs_vrrp_config good = *config, bad;
    uint32_t plan = 7;

    EXPECT(LVS_ERR_NULL, lvs_engine_plan(NULL, id, &good, &plan));
    EXPECT(LVS_ERR_NULL, lvs_engine_plan(engine, id, NULL, &plan));
    EXPECT(LVS_ERR_NULL, lvs_engine_plan(engine, id, &good, NULL));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_plan(engine, UINT64_MAX, &good, &plan));
    EXPECT(LVS_ERR_NULL, lvs_engine_apply(NULL, 0, id, &good, &plan));
    EXPECT(LVS_ERR_NULL, lvs_engine_apply(engine, 0, id, NULL, &plan));
    EXPECT(LVS_ERR_NULL, lvs_engine_apply(engine, 0, id, &good, NULL));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_apply(engine, 0, UINT64_MAX, &good, &plan));
#define ENGINE_BOTH(error, field, value)                                                           \
    (EXPECT_FIELD(error, field, value, lvs_engine_plan(engine, id, &bad, &plan)),                  \
     EXPECT_FIELD(error, field, value, lvs_engine_apply(engine, 0, id, &bad, &plan)))
    ENGINE_BOTH(LVS_ERR_STRUCT_SIZE, size, 0);
    ENGINE_BOTH(LVS_ERR_PRIORITY, priority, 0);
    ENGINE_BOTH(LVS_ERR_FAMILY, addresses, &garbage);
    ENGINE_BOTH(LVS_ERR_TOO_MANY_ADDRESSES, address_count, 3);
    ENGINE_BOTH(LVS_ERR_COUNT, address_count, SIZE_MAX);
    good.peers = peers;
    ENGINE_BOTH(LVS_ERR_PEER, peer_count, 2);
    EXPECT(7, plan);
    EXPECT_FIELD(LVS_OK, vrid, 99, lvs_engine_plan(engine, id, &bad, &plan));
    EXPECT(LVS_VRRP_PLAN_RESTART, plan);
    EXPECT_FIELD(LVS_ERR_RESTART, vrid, 99, lvs_engine_apply(engine, 0, id, &bad, &plan));
}

/* One VRID twice on an interface: each goes on hearing what the other does not. */
static void one_vrid_twice(struct lvs_engine *engine, lvs_router_id id,
                           const struct lvs_vrrp_config *config)
{
    static const struct lvs_address elsewhere = {LVS_IPV4, {192, 0, 2, 9}};
    struct lvs_vrrp_config good = *config, bad;
    lvs_router_id other;
    uint32_t plan = 7;

    good.peers = peers;
    good.peer_count = 1;
    EXPECT(LVS_OK, lvs_engine_apply(engine, 9 * SECOND, id, &good, &plan));
    EXPECT(LVS_VRRP_PLAN_PEERS, plan);
    EXPECT(LVS_ERR_ROUTER_EXISTS, lvs_engine_add(engine, 1, &good, &other));
    good.source = elsewhere;
    EXPECT(LVS_OK, lvs_engine_add(engine, 1, &good, &other));
    plan = 7;
    EXPECT(LVS_ERR_ROUTER_EXISTS, lvs_engine_set_source(engine, 0, other, &source));
    good.peers = &peers[1];
    EXPECT(LVS_OK, lvs_engine_apply(engine, 0, other, &good, &plan));
    EXPECT(LVS_OK, lvs_engine_set_source(engine, 0, other, &source));
    plan = 7;
#define OTHER_BOTH(error, field, value)                                                            \
    (EXPECT_FIELD(error, field, value, lvs_engine_plan(engine, other, &bad, &plan)),               \
     EXPECT_FIELD(error, field, value, lvs_engine_apply(engine, 0, other, &bad, &plan)))
    OTHER_BOTH(LVS_ERR_ROUTER_EXISTS, peers, peers);
    EXPECT(7, plan);
    OTHER_BOTH(LVS_OK, peer_count, 0);
}

/* The virtual routers of an engine get others in turn, and one makes room for a new one. */
static void in_engine(void)
{
    const size_t size = lvs_engine_sizeof(ROUTERS, 2, 1);
    void *place = malloc(size);
    struct lvs_vrrp_config configs[ROUTERS] = {config_of(51), config_of(52)};
    struct lvs_vrrp_status status = {.size = sizeof status};
    struct lvs_vrrp_action action;
    struct lvs_engine *engine;
    lvs_router_id ids[ROUTERS], id;
    uint32_t plan;

    EXPECT(LVS_OK, lvs_engine_init(place, size, ROUTERS, 2, 1, &engine));
    for (int i = 0; i < ROUTERS; i++) {
        EXPECT(LVS_OK, lvs_engine_add(engine, 1, &configs[i], &ids[i]));
        EXPECT(LVS_OK, lvs_engine_input(engine, 0, ids[i], LVS_ENGINE_INPUT_STARTUP));
    }
    EXPECT(2, lvs_engine_handle_timeout(engine, 4 * SECOND, 9));
    while (lvs_engine_poll_action(engine, &id, &action) == 1)
        continue;
    engine_misuse(engine, ids[0], &configs[0]);
    EXPECT(LVS_OK, lvs_engine_apply(engine, 4 * SECOND, ids[0], &configs[0], &plan));
    EXPECT(0, plan);
    EXPECT(0, lvs_engine_poll_action(engine, &id, &action));
    for (int turn = 0; turn < 9; turn++) {
        const int i = turn * turn % 3 % 2;

        configs[i].addresses = &addresses[turn % 2];
        configs[i].address_count = 2 - turn % 3 % 2;
        configs[i].priority ^= 1;
        EXPECT(LVS_OK, lvs_engine_plan(engine, ids[!i], &configs[!i], &plan));
        EXPECT(0, plan);
        EXPECT(LVS_OK, lvs_engine_apply(engine, 4 * SECOND, ids[i], &configs[i], &plan));
        EXPECT(LVS_VRRP_PLAN_PRIORITY, plan & LVS_VRRP_PLAN_PRIORITY);
        for (int j = 0; j < ROUTERS; j++)
            EXPECT(1, engine_lists(engine, ids[j], configs[j].addresses,
                                   (uint8_t)configs[j].address_count));
        EXPECT(LVS_OK, lvs_engine_get_status(engine, ids[i], &status));
        EXPECT(LVS_VRRP_ACTIVE, status.state);
        EXPECT(configs[i].priority, status.priority);
    }
    EXPECT(LVS_OK, lvs_engine_remove(engine, ids[0]));
    configs[0] = config_of(53);
    EXPECT(LVS_OK, lvs_engine_add(engine, 1, &configs[0], &ids[0]));
    for (int j = 0; j < ROUTERS; j++)
        EXPECT(1, engine_lists(engine, ids[j], configs[j].addresses,
                               (uint8_t)configs[j].address_count));
    EXPECT(LVS_OK, lvs_engine_remove(engine, ids[0]));
    one_vrid_twice(engine, ids[1], &configs[1]);
    free(place);
}

int main(void)
{
    story();
    misuse();
    memory();
    snapshot();
    in_engine();
    return 0;
}
