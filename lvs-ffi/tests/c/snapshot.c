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
    return 0;
}
