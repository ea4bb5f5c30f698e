/* Virtual routers that speak to each other by unicast, and prove who they are. */
#include "expect.h"

static const uint8_t octets[64] = "0123456789abcdef0123456789abcdef";
static const struct lvs_address vip = {LVS_IPV4, {192, 0, 2, 100}};
static const struct lvs_address hosts[3] = {
    {LVS_IPV4, {192, 0, 2, 1}}, {LVS_IPV4, {192, 0, 2, 2}}, {LVS_IPV4, {192, 0, 2, 3}}};

/* Router `host` of three. */
static struct lvs_vrrp *create(int profile, int host)
{
    struct lvs_vrrp_config good = {.size = sizeof good}, bad;
    struct lvs_vrrp_peer peers[256] = {
        {hosts[(host + 1) % 3], 255, 255}, {hosts[(host + 2) % 3], 254, 255}};
    struct lvs_vrrp *vrrp = NULL;

    EXPECT(LVS_OK, lvs_vrrp_config_init(&good, profile, 51));
    good.source = hosts[host];
    good.addresses = &vip;
    good.address_count = 1;
    good.peers = peers;
#define CREATE lvs_vrrp_create(&bad, &vrrp)
    EXPECT_FIELD(LVS_ERR_PEER, peer_count, 256, CREATE);
    EXPECT_FIELD(LVS_ERR_FAMILY, peer_count, 3, CREATE);
    EXPECT_FIELD(LVS_ERR_COUNT, peer_count, SIZE_MAX, CREATE);
    good.peer_count = 2;
    EXPECT_FIELD(LVS_ERR_NULL, peers, NULL, CREATE);
    EXPECT_FIELD(LVS_ERR_PEER, source, peers[0].address, CREATE);
    peers[1].min_hop_limit = 255;
    peers[1].max_hop_limit = 254;
    EXPECT(LVS_ERR_PEER, lvs_vrrp_create(&good, &vrrp));
    peers[1].max_hop_limit = 255;
    EXPECT(1, vrrp == NULL);
    EXPECT(LVS_OK, lvs_vrrp_create(&good, &vrrp));
    EXPECT(LVS_OK, lvs_vrrp_startup(vrrp, 0));
    return vrrp;
}

static void authenticate(struct lvs_vrrp *vrrp, int kind, size_t length)
{
    struct lvs_vrrp_key keys[3] = {{octets, length, 1}, {octets + 1, length, 2}, {octets, 32, 3}};
    struct lvs_vrrp_authentication good = {.size = sizeof good}, bad;
    int trailer = kind == LVS_VRRP_AUTHENTICATION_TRAILER;

#define SET lvs_vrrp_set_authentication(vrrp, &bad)
    EXPECT(LVS_ERR_NULL, lvs_vrrp_set_authentication(NULL, &good));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_set_authentication(vrrp, NULL));
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, SET);
    EXPECT_FIELD(LVS_ERR_AUTHENTICATION, kind, -1, SET);
    EXPECT_FIELD(LVS_ERR_AUTHENTICATION, kind, 4, SET);
    EXPECT_FIELD(LVS_ERR_NULL, key_count, 1, SET);
    EXPECT(LVS_OK, lvs_vrrp_set_authentication(vrrp, &good));
    good.keys = keys;
    good.key_count = 1;
    good.utc_offset_micros = 1700000000000000;
    good.window_seconds = 2;
    good.required = 1;
    EXPECT_FIELD(LVS_ERR_KEY, kind, LVS_VRRP_AUTHENTICATION_NONE, SET);
    good.kind = kind;
    EXPECT_FIELD(LVS_ERR_KEY, key_count, 0, SET);
    EXPECT_FIELD(LVS_ERR_KEY, key_count, 3, SET);
    EXPECT_FIELD(LVS_ERR_COUNT, key_count, SIZE_MAX, SET);
    EXPECT_FIELD(trailer ? LVS_OK : LVS_ERR_KEY, key_count, 2, SET);
    keys[0].length = trailer ? 31 : 9;
    EXPECT(LVS_ERR_KEY, lvs_vrrp_set_authentication(vrrp, &good));
    keys[0].length = SIZE_MAX;
    EXPECT(LVS_ERR_COUNT, lvs_vrrp_set_authentication(vrrp, &good));
    keys[0].length = length;
    keys[0].octets = NULL;
    EXPECT(LVS_ERR_NULL, lvs_vrrp_set_authentication(vrrp, &good));
    keys[0].octets = octets;
    EXPECT(LVS_OK, lvs_vrrp_set_authentication(vrrp, &good));
}

/* An advert of `sender` to both of its peers; the first of them takes it, once. */
static void exchange(struct lvs_vrrp *sender, struct lvs_vrrp *receiver, int authenticated)
{
    struct lvs_vrrp_counters counters = {.size = sizeof counters};
    uint8_t frame[LVS_VRRP_FRAME_MAX];
    struct lvs_vrrp_action action;
    lvs_time now = 0;
    size_t length, paths = 0;

    while (lvs_vrrp_get_state(sender) != LVS_VRRP_ACTIVE) {
        EXPECT(1, lvs_vrrp_next_deadline(sender, &now));
        EXPECT(LVS_OK, lvs_vrrp_handle_timeout(sender, now));
    }
    EXPECT(1, lvs_vrrp_poll_action(sender, &action));
    EXPECT(LVS_VRRP_SEND_ADVERT, action.kind);
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL,
           lvs_vrrp_write_advert(sender, now, action.priority, 0, frame, 45, &length));
    while (lvs_vrrp_write_advert(sender, now, action.priority, paths, frame, sizeof frame,
                                 &length) == LVS_OK) {
        EXPECT(paths++ == 0 ? 2 : 3, frame[14 + 19]);
        for (int i = 0; i < 12; i++)
            EXPECT(0, frame[i]);
        if (frame[14 + 19] != 2)
            continue;
        frame[length - 1] ^= authenticated;
        EXPECT(LVS_OK, lvs_vrrp_handle_frame(receiver, now, frame, length));
        frame[length - 1] ^= authenticated;
        EXPECT(LVS_OK, lvs_vrrp_handle_frame(receiver, now, frame, length));
    }
    EXPECT(2, paths);
    EXPECT(LVS_OK, lvs_vrrp_get_counters(receiver, &counters));
    EXPECT(1, counters.adv_rcvd >= 1);
    EXPECT(authenticated, counters.auth_failures + counters.checksum_errors > 0);
}

static void pair(int profile, int kind, size_t length)
{
    struct lvs_vrrp *sender = create(profile, 0), *receiver = create(profile, 1);

    if (kind != LVS_VRRP_AUTHENTICATION_NONE) {
        authenticate(sender, kind, length);
        authenticate(receiver, kind, length);
    }
    exchange(sender, receiver, kind != LVS_VRRP_AUTHENTICATION_NONE);
    lvs_vrrp_destroy(sender);
    lvs_vrrp_destroy(receiver);
}

static void versions(void)
{
    const struct lvs_vrrp_key key = {octets, 8, 1};
    struct lvs_vrrp_authentication password = {
        .size = sizeof password, .keys = &key, .key_count = 1, .kind = 1};
    struct lvs_vrrp *vrrp = create(LVS_VRRP_RFC9568, 2);

    EXPECT(LVS_ERR_AUTHENTICATION, lvs_vrrp_set_authentication(vrrp, &password));
    lvs_vrrp_destroy(vrrp);
}

/* Another key, or another clock: the numbers of trailers go on, or nobody would take them. */
static void another_key(void)
{
    const struct lvs_vrrp_key keys[2] = {{octets, 32, 1}, {octets + 1, 32, 2}};
    struct lvs_vrrp_authentication trailer = {.size = sizeof trailer, .keys = keys,
        .key_count = 2, .kind = LVS_VRRP_AUTHENTICATION_TRAILER, .utc_offset_micros = 5000000};
    struct lvs_vrrp *sender = create(LVS_VRRP_RFC9568, 0), *receiver = create(LVS_VRRP_RFC9568, 1);
    struct lvs_vrrp_counters counters = {.size = sizeof counters};
    uint8_t frame[LVS_VRRP_FRAME_MAX];
    size_t length;

    EXPECT(LVS_OK, lvs_vrrp_set_authentication(receiver, &trailer));
    for (int i = 0; i < 3; i++) {
        trailer.keys = &keys[i > 0];
        trailer.key_count = 1;
        trailer.utc_offset_micros -= i;
        EXPECT(LVS_OK, lvs_vrrp_set_authentication(sender, &trailer));
        EXPECT(LVS_OK, lvs_vrrp_write_advert(sender, 7, 100, 0, frame, sizeof frame, &length));
        EXPECT(LVS_OK, lvs_vrrp_handle_frame(receiver, 7, frame, length));
        EXPECT(LVS_OK, lvs_vrrp_get_counters(receiver, &counters));
        EXPECT(i + 1, counters.adv_rcvd);
        EXPECT(0, counters.auth_failures);
    }
    lvs_vrrp_destroy(sender);
    lvs_vrrp_destroy(receiver);
}

int main(void)
{
    versions();
    another_key();
    pair(LVS_VRRP_RFC9568, LVS_VRRP_AUTHENTICATION_NONE, 0);
    pair(LVS_VRRP_RFC3768, LVS_VRRP_AUTHENTICATION_NONE, 0);
    pair(LVS_VRRP_RFC9568, LVS_VRRP_AUTHENTICATION_TRAILER, 32);
    pair(LVS_VRRP_RFC3768, LVS_VRRP_AUTHENTICATION_PASSWORD, 6);
    pair(LVS_VRRP_RFC3768, LVS_VRRP_AUTHENTICATION_HEADER, 8);
    return 0;
}
