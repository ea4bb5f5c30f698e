/* Virtual routers that outlive their process. */
#include "expect.h"

static const struct lvs_address source = {LVS_IPV4, {192, 0, 2, 1}};
static const struct lvs_address address = {LVS_IPV4, {192, 0, 2, 100}};

static struct lvs_vrrp *create(const struct lvs_address *own, const struct lvs_vrrp_peer *peer)
{
    struct lvs_vrrp_config config = {.size = sizeof config};
    struct lvs_vrrp *vrrp = NULL;

    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51));
    config.source = *own;
    config.addresses = &address;
    config.address_count = 1;
    config.peers = peer;
    config.peer_count = peer != NULL;
    EXPECT(LVS_OK, lvs_vrrp_create(&config, &vrrp));
    return vrrp;
}

/* Of a virtual router of an engine: a snapshot, from which another engine goes on. */
static void in_engines(void)
{
    static const uint8_t key[32] = "0123456789abcdef0123456789abcde";
    const struct lvs_vrrp_key keys[1] = {{key, sizeof key, 1}};
    const struct lvs_vrrp_authentication trailer = {.size = sizeof trailer, .keys = keys,
        .key_count = 1, .kind = LVS_VRRP_AUTHENTICATION_TRAILER};
    struct lvs_vrrp_config config = {.size = sizeof config}, lists = {.size = sizeof lists};
    struct lvs_vrrp_status state = {.size = sizeof state};
    uint8_t octets[LVS_VRRP_SNAPSHOT_MAX], again[LVS_VRRP_SNAPSHOT_MAX];
    size_t size = lvs_engine_sizeof(1, 1, 0), length = 0, length_again;
    void *memory[2] = {malloc(size), malloc(size)};
    struct lvs_engine *first, *second;
    struct lvs_vrrp_action action;
    lvs_router_id id, restored = 0;
    lvs_time at;

    EXPECT(LVS_OK, lvs_engine_init(memory[0], size, 1, 1, 0, &first));
    EXPECT(LVS_OK, lvs_engine_init(memory[1], size, 1, 1, 0, &second));
    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51));
    config.source = source;
    config.addresses = lists.addresses = &address;
    config.address_count = lists.address_count = 1;
    EXPECT(LVS_OK, lvs_engine_add(first, 1, &config, &id));
    EXPECT(LVS_OK, lvs_engine_input(first, 0, id, LVS_ENGINE_INPUT_STARTUP));
    EXPECT(1, lvs_engine_handle_timeout(first, 4000000, 1));
    while (lvs_engine_poll_action(first, &id, &action) == 1)
        continue;
    EXPECT(LVS_ERR_NULL, lvs_engine_snapshot(NULL, id, octets, sizeof octets, &length));
    EXPECT(LVS_ERR_NULL, lvs_engine_snapshot(first, id, NULL, sizeof octets, &length));
    EXPECT(LVS_ERR_NULL, lvs_engine_snapshot(first, id, octets, sizeof octets, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_engine_snapshot(first, id, octets, SIZE_MAX, &length));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_engine_snapshot(first, id, octets, 100, &length));
    EXPECT(LVS_ERR_NO_SUCH_ROUTER, lvs_engine_snapshot(first, 7, octets, sizeof octets, &length));
    EXPECT(0, length);
    EXPECT(LVS_OK, lvs_engine_snapshot(first, id, octets, sizeof octets, &length));
    /* There is nothing of a key in it. */
    EXPECT(LVS_OK, lvs_engine_set_authentication(first, id, &trailer));
    EXPECT(LVS_OK, lvs_engine_snapshot(first, id, again, sizeof again, &length_again));
    EXPECT(1, length == length_again && memcmp(octets, again, length) == 0);

#define RESTORE(engine, octets, length) \
    lvs_engine_restore(engine, 7000000, 1, &lists, octets, length, &restored)
    EXPECT(LVS_ERR_NULL, RESTORE(NULL, octets, length));
    EXPECT(LVS_ERR_NULL, RESTORE(second, NULL, length));
    EXPECT(LVS_ERR_COUNT, RESTORE(second, octets, SIZE_MAX));
    EXPECT(LVS_ERR_SNAPSHOT, RESTORE(second, octets, length - 1));
    EXPECT(LVS_ERR_ENGINE_FULL, RESTORE(first, octets, length));
    EXPECT(LVS_ERR_NULL, lvs_engine_restore(second, 7, 1, NULL, octets, length, &restored));
    EXPECT(LVS_ERR_NULL, lvs_engine_restore(second, 7, 1, &lists, octets, length, NULL));
    lists.address_count = 0;
    EXPECT(LVS_ERR_NO_ADDRESSES, RESTORE(second, octets, length));
    lists.address_count = 1;
    EXPECT(0, (long long)restored);
    EXPECT(LVS_OK, RESTORE(second, octets, length));
    EXPECT(LVS_OK, lvs_engine_get_status(second, restored, &state));
    EXPECT(LVS_VRRP_ACTIVE, state.state);
    EXPECT(0, lvs_engine_poll_action(second, &id, &action));
    EXPECT(1, lvs_engine_next_deadline(second, &at));
    EXPECT(8000000, (long long)at);
    free(memory[0]);
    free(memory[1]);
}

/* A snapshot of version 3 is not for a virtual router whose password is of version 2. */
static void another_version(void)
{
    const struct lvs_vrrp_key key = {(const uint8_t *)"password", 8, 0};
    const struct lvs_vrrp_authentication none = {.size = sizeof none};
    const struct lvs_vrrp_authentication password = {.size = sizeof password, .keys = &key,
        .key_count = 1, .kind = LVS_VRRP_AUTHENTICATION_PASSWORD};
    struct lvs_vrrp_config config = {.size = sizeof config};
    struct lvs_vrrp *third = create(&source, NULL), *second;
    uint8_t octets[LVS_VRRP_SNAPSHOT_MAX], frame[LVS_VRRP_FRAME_MAX];
    size_t length, written;

    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC3768, 51));
    config.source = source;
    config.addresses = &address;
    config.address_count = 1;
    EXPECT(LVS_OK, lvs_vrrp_create(&config, &second));
    EXPECT(LVS_OK, lvs_vrrp_set_authentication(second, &password));
    EXPECT(LVS_OK, lvs_vrrp_snapshot(third, octets, sizeof octets, &length));
    EXPECT(LVS_ERR_AUTHENTICATION, lvs_vrrp_restore(second, 0, octets, length));
    EXPECT(LVS_OK, lvs_vrrp_write_advert(second, 0, 100, 0, frame, sizeof frame, &written));
    EXPECT(0x21, frame[LVS_ETHERNET_HEADER_LEN + 20]);
    EXPECT(LVS_OK, lvs_vrrp_set_authentication(second, &none));
    EXPECT(LVS_OK, lvs_vrrp_restore(second, 0, octets, length));
    EXPECT(LVS_OK, lvs_vrrp_write_advert(second, 0, 100, 0, frame, sizeof frame, &written));
    EXPECT(0x31, frame[LVS_ETHERNET_HEADER_LEN + 20]);
    lvs_vrrp_destroy(second);
    lvs_vrrp_destroy(third);
}

int main(void)
{
    const struct lvs_vrrp_peer peer = {{LVS_IPV4, {192, 0, 2, 2}}, 255, 255};
    struct lvs_vrrp *first = create(&source, &peer), *second = create(&source, &peer);
    uint8_t octets[LVS_VRRP_SNAPSHOT_MAX + 1], frame[LVS_VRRP_FRAME_MAX];
    struct lvs_vrrp_action action;
    size_t length = 0;
    lvs_time at;

    EXPECT(LVS_OK, lvs_vrrp_startup(first, 0));
    EXPECT(LVS_OK, lvs_vrrp_handle_timeout(first, 4000000));
    while (lvs_vrrp_poll_action(first, &action) == 1)
        continue;
    EXPECT(LVS_ERR_NULL, lvs_vrrp_snapshot(NULL, octets, sizeof octets, &length));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_snapshot(first, NULL, sizeof octets, &length));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_snapshot(first, octets, sizeof octets, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_vrrp_snapshot(first, octets, SIZE_MAX, &length));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_vrrp_snapshot(first, octets, 100, &length));
    EXPECT(0, length);
    EXPECT(LVS_OK, lvs_vrrp_snapshot(first, octets, sizeof octets, &length));
    EXPECT(1, length > 100 && length <= LVS_VRRP_SNAPSHOT_MAX);

    EXPECT(LVS_ERR_NULL, lvs_vrrp_restore(NULL, 0, octets, length));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_restore(second, 0, NULL, length));
    EXPECT(LVS_ERR_COUNT, lvs_vrrp_restore(second, 0, octets, SIZE_MAX));
    for (size_t part = 0; part < length; part++)
        EXPECT(LVS_ERR_SNAPSHOT, lvs_vrrp_restore(second, 0, octets, part));
    EXPECT(LVS_ERR_SNAPSHOT, lvs_vrrp_restore(second, 0, octets, length + 1));
    octets[0] ^= 1;
    EXPECT(LVS_ERR_SNAPSHOT, lvs_vrrp_restore(second, 0, octets, length));
    octets[0] ^= 1;
    EXPECT(LVS_VRRP_INITIALIZE, lvs_vrrp_get_state(second));
    EXPECT(LVS_OK, lvs_vrrp_restore(second, 7000000, octets, length));
    EXPECT(LVS_VRRP_ACTIVE, lvs_vrrp_get_state(second));
    EXPECT(0, lvs_vrrp_poll_action(second, &action));
    EXPECT(1, lvs_vrrp_next_deadline(second, &at));
    EXPECT(8000000, (long long)at);
    EXPECT(LVS_OK, lvs_vrrp_write_advert(second, at, 100, 0, frame, sizeof frame, &length));
    EXPECT(0, memcmp(frame + 30, peer.address.octets, 4));
    lvs_vrrp_destroy(first);
    lvs_vrrp_destroy(second);
    in_engines();
    another_version();
    return 0;
}
