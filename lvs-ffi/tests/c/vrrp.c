/* Virtual routers: NULL, nothing, too much, garbage, too short. */
#include "expect.h"

static void vrrp_null(void)
{
    struct lvs_vrrp_config config = {.size = sizeof config};
    struct lvs_vrrp_action action;
    struct lvs_vrrp_counters counters = {.size = sizeof counters};
    struct lvs_vrrp_status status = {.size = sizeof status};
    struct lvs_mac mac;
    struct lvs_vrrp *vrrp;
    uint8_t frame[64] = {0};
    size_t length;
    lvs_time deadline;

    EXPECT(LVS_ERR_NULL, lvs_vrrp_config_init(NULL, LVS_VRRP_RFC9568, 51));
    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51));
    config.source = server;
    config.address_count = 1;
    EXPECT(LVS_ERR_NULL, lvs_vrrp_create(NULL, &vrrp));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_create(&config, &vrrp));
    config.addresses = &server;
    EXPECT(LVS_ERR_NULL, lvs_vrrp_create(&config, NULL));
    config.peer_count = 1;
    EXPECT(LVS_ERR_NULL, lvs_vrrp_create(&config, &vrrp));
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
    EXPECT(LVS_ERR_NULL, lvs_vrrp_resumed(NULL, 0, 0));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_hold_announcements(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_peer_down(NULL, 0, &server));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_get_status(NULL, &status));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_write_advert(NULL, 0, 1, 0, frame, sizeof frame, &length));
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
    good.source = source;
    good.addresses = addresses;
    good.address_count = 1;

#define CREATE lvs_vrrp_create(&bad, &vrrp)
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

    EXPECT_FIELD(LVS_ERR_PREEMPT_DELAY, preempt_delay_milliseconds, 1000001, CREATE);
    EXPECT_FIELD(LVS_ERR_ANNOUNCEMENT_GAP, announce_gap_milliseconds, 9, CREATE);
    EXPECT_FIELD(LVS_ERR_INTERVAL, max_learned_interval_centiseconds, 25501, CREATE);
    EXPECT_FIELD(LVS_ERR_GROUP, group, server, CREATE);
    EXPECT_FIELD(LVS_ERR_FAMILY, group, garbage, CREATE);
    EXPECT_FIELD(LVS_ERR_ADVERTISED, advertised_count, 2, CREATE);
    EXPECT_FIELD(LVS_ERR_ADVERTISED, advertised_count, 256, CREATE);

    EXPECT_FIELD(LVS_ERR_NO_ADDRESSES, address_count, 0, CREATE);
    EXPECT_FIELD(LVS_ERR_MIXED_FAMILIES, address_count, 2, CREATE);
    EXPECT_FIELD(LVS_ERR_COUNT, address_count, SIZE_MAX, CREATE);
    EXPECT_FIELD(LVS_ERR_FAMILY, addresses, &garbage, CREATE);
    EXPECT_FIELD(LVS_ERR_FAMILY, source, garbage, CREATE);
    EXPECT_FIELD(LVS_ERR_SOURCE_FAMILY, source, ipv6, CREATE);
    EXPECT_FIELD(LVS_ERR_SOURCE_NOT_UNICAST, source, multicast, CREATE);
    EXPECT_FIELD(LVS_ERR_NOT_UNICAST, addresses, &multicast, CREATE);
    for (int i = 0; i < 256; i++) {
        many[i] = addresses[0];
    }
    good.addresses = many;
    EXPECT_FIELD(LVS_ERR_DUPLICATE_ADDRESS, address_count, 2, CREATE);
    EXPECT_FIELD(LVS_ERR_TOO_MANY_ADDRESSES, address_count, 256, CREATE);
    good.addresses = &ipv6;
    EXPECT_FIELD(LVS_ERR_SOURCE_NOT_LINK_LOCAL, source, ipv6, CREATE);
    EXPECT(1, vrrp == NULL);
    good.addresses = addresses;
    EXPECT(LVS_OK, lvs_vrrp_create(&good, &vrrp));
    return vrrp;
}

/* In memory of the caller's, wherever it begins, but not in too little. */
static void vrrp_memory(void)
{
    static uint8_t memory[LVS_VRRP_MEMORY + 255 * LVS_VRRP_MEMORY_PER_ADDRESS];
    struct lvs_vrrp_config config = {.size = sizeof config};
    struct lvs_address addresses[255];
    struct lvs_vrrp *vrrp = NULL;
    size_t size = lvs_vrrp_sizeof(255, 0);

    for (int i = 0; i < 255; i++) {
        addresses[i] = (struct lvs_address){LVS_IPV4, {192, 0, 2, (uint8_t)i}};
    }
    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51));
    config.source = server;
    config.addresses = addresses;
    EXPECT(0, lvs_vrrp_sizeof(1025, 0));
    EXPECT(0, lvs_vrrp_sizeof(0, 256));
    EXPECT(0, lvs_vrrp_sizeof(SIZE_MAX, SIZE_MAX));
    EXPECT(1, size <= sizeof memory && lvs_vrrp_sizeof(0, 0) <= LVS_VRRP_MEMORY);
    EXPECT(1, lvs_vrrp_sizeof(1, 1) <= LVS_VRRP_MEMORY + 2 * LVS_VRRP_MEMORY_PER_ADDRESS);
#define INIT(memory, size, count)                                                                  \
    (config.address_count = (count), lvs_vrrp_init(memory, size, &config, &vrrp))
    EXPECT(LVS_ERR_NULL, INIT(NULL, size, 1));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_init(memory, size, NULL, &vrrp));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_init(memory, size, &config, NULL));
    EXPECT(LVS_ERR_COUNT, INIT(memory, size, SIZE_MAX));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, INIT(memory, 0, 1));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, INIT(memory + 1, lvs_vrrp_sizeof(1, 0) - 8, 1));
    EXPECT(LVS_ERR_NO_ADDRESSES, INIT(memory, size, 0));
    addresses[1] = addresses[0];
    EXPECT(LVS_ERR_DUPLICATE_ADDRESS, INIT(memory, size, 2));
    EXPECT(1, vrrp == NULL);
    addresses[1].octets[3] = 255;
    for (size_t offset = 0; offset < 8; offset++) {
        struct lvs_vrrp_action action;
        lvs_time deadline;

        EXPECT(LVS_OK, INIT(memory + offset, size, 255));
        EXPECT(LVS_OK, lvs_vrrp_startup(vrrp, 0));
        EXPECT(1, lvs_vrrp_poll_action(vrrp, &action));
        EXPECT(1, lvs_vrrp_next_deadline(vrrp, &deadline));
        lvs_vrrp_destroy(vrrp);
    }
}

/* Every length and every damage of a good advert. */
static void vrrp_frames(struct lvs_vrrp *sender, struct lvs_vrrp *receiver)
{
    struct lvs_vrrp_counters counters = {.size = sizeof counters};
    uint8_t frame[LVS_VRRP_FRAME_MAX], damaged[LVS_VRRP_FRAME_MAX];
    size_t length = 7;

    for (size_t capacity = 0; capacity < 46; capacity++) {
        EXPECT(LVS_ERR_BUFFER_TOO_SMALL,
               lvs_vrrp_write_advert(sender, 0, 100, 0, frame, capacity, &length));
    }
    EXPECT(LVS_ERR_NULL, lvs_vrrp_write_advert(sender, 0, 100, 0, NULL, 46, &length));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_write_advert(sender, 0, 100, 0, frame, 46, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_vrrp_write_advert(sender, 0, 100, 0, frame, SIZE_MAX, &length));
    EXPECT(LVS_ERR_FAMILY, lvs_vrrp_write_announcement(sender, &garbage, frame, 42, &length));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL,
           lvs_vrrp_write_announcement(sender, &server, frame, 41, &length));
    EXPECT(7, length);
    EXPECT(LVS_OK, lvs_vrrp_write_announcement(sender, &server, frame, 42, &length));
    EXPECT(42, length);
    EXPECT(LVS_ERR_NOT_VRRP, lvs_vrrp_handle_frame(receiver, 0, frame, length));
    EXPECT(LVS_OK, lvs_vrrp_write_advert(sender, 0, 100, 0, frame, 46, &length));
    EXPECT(46, length);
    EXPECT(LVS_ERR_PATH, lvs_vrrp_write_advert(sender, 0, 100, 1, frame, 46, &length));
    EXPECT(LVS_ERR_PATH, lvs_vrrp_write_advert(sender, 0, 100, SIZE_MAX, frame, 46, &length));
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
    struct lvs_vrrp_status status = {.size = 1};
    struct lvs_vrrp_action action;
    lvs_time deadline;

    EXPECT(LVS_ERR_NULL, lvs_vrrp_poll_action(vrrp, NULL));
    EXPECT(1, lvs_vrrp_poll_action(vrrp, &action));
    EXPECT(LVS_VRRP_NOTIFY, action.kind);
    EXPECT(LVS_ERR_NULL, lvs_vrrp_peer_down(vrrp, 0, NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_vrrp_peer_down(vrrp, 0, &garbage));
    EXPECT(LVS_OK, lvs_vrrp_peer_down(vrrp, 0, &server));
    EXPECT(LVS_ERR_FAMILY, lvs_vrrp_set_source(vrrp, 0, &garbage));
    EXPECT(LVS_ERR_SOURCE_FAMILY, lvs_vrrp_set_source(vrrp, 0, &ipv6));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_next_deadline(vrrp, NULL));
    EXPECT(1, lvs_vrrp_next_deadline(vrrp, &deadline));
    EXPECT(LVS_OK, lvs_vrrp_handle_timeout(vrrp, deadline));
    EXPECT(LVS_OK, lvs_vrrp_hold_announcements(vrrp, UINT64_MAX));
    EXPECT(LVS_OK, lvs_vrrp_resumed(vrrp, deadline, UINT64_MAX));
    EXPECT(LVS_OK, lvs_vrrp_handle_timeout(vrrp, UINT64_MAX));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_vrrp_get_status(vrrp, &status));
    status.size = sizeof status;
    EXPECT(LVS_OK, lvs_vrrp_get_status(vrrp, &status));
    EXPECT(1, status.state == LVS_VRRP_ACTIVE && status.active_priority == 100);
    EXPECT(0, memcmp(&status.active_address, &status.source, sizeof status.source));
    EXPECT(3609375, status.active_down_micros);
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
    struct lvs_vrrp *sender, *receiver;

    vrrp_null();
    vrrp_memory();
    sender = vrrp_config(1);
    receiver = vrrp_config(2);
    EXPECT(LVS_OK, lvs_vrrp_startup(receiver, 0));
    vrrp_frames(sender, receiver);
    vrrp_loop(receiver);
    lvs_vrrp_destroy(sender);
    lvs_vrrp_destroy(receiver);
    return 0;
}
