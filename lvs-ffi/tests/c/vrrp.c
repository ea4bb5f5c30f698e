/* Virtual routers: NULL, nothing, too much, garbage, too short. */
#include "expect.h"

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

/* In memory of the caller's, wherever it begins, but not in too little. */
static void vrrp_memory(void)
{
    static uint8_t memory[LVS_VRRP_MEMORY + 255 * LVS_VRRP_MEMORY_PER_ADDRESS];
    struct lvs_vrrp_config config = {.size = sizeof config};
    struct lvs_address addresses[255];
    struct lvs_vrrp *vrrp = NULL;
    size_t size = lvs_vrrp_sizeof(255);

    for (int i = 0; i < 255; i++) {
        addresses[i] = (struct lvs_address){LVS_IPV4, {192, 0, 2, (uint8_t)i}};
    }
    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51));
    EXPECT(0, lvs_vrrp_sizeof(256));
    EXPECT(0, lvs_vrrp_sizeof(SIZE_MAX));
    EXPECT(1, size <= sizeof memory && lvs_vrrp_sizeof(0) <= LVS_VRRP_MEMORY);
#define INIT(memory, size, count)                                                                  \
    lvs_vrrp_init(memory, size, &config, &server, addresses, count, &vrrp)
    EXPECT(LVS_ERR_NULL, INIT(NULL, size, 1));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_init(memory, size, NULL, &server, addresses, 1, &vrrp));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_init(memory, size, &config, NULL, addresses, 1, &vrrp));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_init(memory, size, &config, &server, NULL, 1, &vrrp));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_init(memory, size, &config, &server, addresses, 1, NULL));
    EXPECT(LVS_ERR_COUNT, INIT(memory, size, SIZE_MAX));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, INIT(memory, 0, 1));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, INIT(memory + 1, lvs_vrrp_sizeof(1) - 8, 1));
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
