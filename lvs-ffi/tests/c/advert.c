/* Adverts by themselves. */
#include "expect.h"

static const struct lvs_address vips[2] = {{LVS_IPV4, {192, 0, 2, 100}},
                                           {LVS_IPV4, {192, 0, 2, 101}}};
static const struct lvs_address own = {LVS_IPV4, {192, 0, 2, 1}};
static const struct lvs_address group = {LVS_IPV4, {224, 0, 0, 18}};
static uint8_t packet[LVS_VRRP_FRAME_MAX];

static size_t write(void)
{
    struct lvs_advert good = {.size = sizeof good, .addresses = vips, .address_count = 2,
                              .source = own, .destination = group, .version = 3, .vrid = 51,
                              .priority = 100, .interval_centiseconds = 100}, bad;
    struct lvs_address many[LVS_ADVERT_ADDRESSES_MAX + 1];
    struct lvs_address twice[2] = {vips[0], vips[0]};
    size_t length = 7;

    for (int i = 0; i <= LVS_ADVERT_ADDRESSES_MAX; i++)
        many[i] = (struct lvs_address){LVS_IPV4, {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
#define WRITE lvs_advert_write(&bad, packet, sizeof packet, &length)
    EXPECT(LVS_ERR_NULL, lvs_advert_write(NULL, packet, sizeof packet, &length));
    EXPECT(LVS_ERR_NULL, lvs_advert_write(&good, NULL, sizeof packet, &length));
    EXPECT(LVS_ERR_NULL, lvs_advert_write(&good, packet, sizeof packet, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_advert_write(&good, packet, SIZE_MAX, &length));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_advert_write(&good, NULL, 0, &length));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_advert_write(&good, packet, 19, &length));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_advert_write(&good, packet, 35, &length));
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, WRITE);
    EXPECT_FIELD(LVS_ERR_NULL, addresses, NULL, WRITE);
    EXPECT_FIELD(LVS_ERR_DUPLICATE_ADDRESS, addresses, twice, WRITE);
    EXPECT_FIELD(LVS_ERR_COUNT, address_count, SIZE_MAX, WRITE);
    EXPECT_FIELD(LVS_ERR_NO_ADDRESSES, address_count, 0, WRITE);
    EXPECT_FIELD(LVS_ERR_FAMILY, source, garbage, WRITE);
    EXPECT_FIELD(LVS_ERR_MIXED_FAMILIES, source, ipv6, WRITE);
    EXPECT_FIELD(LVS_ERR_FAMILY, destination, garbage, WRITE);
    EXPECT_FIELD(LVS_ERR_VERSION, version, 1, WRITE);
    EXPECT_FIELD(LVS_ERR_VRID, vrid, 0, WRITE);
    EXPECT_FIELD(LVS_ERR_INTERVAL, interval_centiseconds, 0, WRITE);
    EXPECT_FIELD(LVS_ERR_INTERVAL, interval_centiseconds, 4100, WRITE);
    EXPECT_FIELD(LVS_ERR_INTERVAL, interval_centiseconds, UINT16_MAX, WRITE);
    EXPECT_FIELD(LVS_ERR_CHECKSUM_TRANSMIT, checksum, 3, WRITE);
    EXPECT_FIELD(LVS_ERR_CHECKSUM_TRANSMIT, checksum, INT_MIN, WRITE);
    bad = good;
    bad.source = bad.destination = ipv6;
    EXPECT(LVS_ERR_MIXED_FAMILIES, WRITE);
    bad.version = 2;
    EXPECT(LVS_ERR_V2_OVER_IPV6, WRITE);
    bad = good;
    bad.addresses = many;
    bad.address_count = LVS_ADVERT_ADDRESSES_MAX + 1;
    EXPECT(LVS_ERR_TOO_MANY_ADDRESSES, WRITE);
    EXPECT(7, length);
    bad.address_count--;
    EXPECT(LVS_OK, WRITE);
    EXPECT(20 + 8 + 4 * LVS_ADVERT_ADDRESSES_MAX, length);
    EXPECT(LVS_OK, lvs_advert_write(&good, packet, 36, &length));
    return length;
}

static void parse(size_t length)
{
    struct lvs_advert_policy good = {.size = 1}, bad;
    struct lvs_advert advert = {.size = 1};
    struct lvs_address room[2];

    EXPECT(LVS_ERR_NULL, lvs_advert_policy_init(NULL, 3, 51));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_advert_policy_init(&good, 3, 51));
    good.size = sizeof good;
    EXPECT(LVS_ERR_VERSION, lvs_advert_policy_init(&good, 4, 51));
    EXPECT(LVS_ERR_VRID, lvs_advert_policy_init(&good, 3, 0));
    EXPECT(LVS_OK, lvs_advert_policy_init(&good, 3, 51));
#define PARSE lvs_advert_parse(packet, length, &bad, room, 2, &advert)
    EXPECT(LVS_ERR_NULL, lvs_advert_parse(packet, length, &good, room, 2, NULL));
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, vrid, 51, PARSE);
    advert.size = sizeof advert;
    EXPECT(LVS_ERR_NULL, lvs_advert_parse(NULL, length, &good, room, 2, &advert));
    EXPECT(LVS_ERR_NULL, lvs_advert_parse(packet, length, NULL, room, 2, &advert));
    EXPECT(LVS_ERR_NULL, lvs_advert_parse(packet, length, &good, NULL, 2, &advert));
    EXPECT(LVS_ERR_COUNT, lvs_advert_parse(packet, SIZE_MAX, &good, room, 2, &advert));
    EXPECT(LVS_ERR_COUNT, lvs_advert_parse(packet, length, &good, room, SIZE_MAX, &advert));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_advert_parse(packet, length, &good, room, 1, &advert));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_advert_parse(packet, length, &good, NULL, 0, &advert));
    for (size_t part = 0; part < length; part++)
        EXPECT(LVS_ERR_NOT_VRRP, lvs_advert_parse(packet, part, &good, room, 2, &advert));
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, PARSE);
    EXPECT_FIELD(LVS_ERR_VERSION, version, 0, PARSE);
    EXPECT_FIELD(LVS_ERR_ADVERT_VERSION, version, 2, PARSE);
    EXPECT_FIELD(LVS_ERR_VRID, vrid, 0, PARSE);
    EXPECT_FIELD(LVS_ERR_ADVERT_VRID, vrid, 52, PARSE);
    EXPECT_FIELD(LVS_ERR_FAMILY, destination, garbage, PARSE);
    EXPECT_FIELD(LVS_ERR_ADVERT_DESTINATION, destination, own, PARSE);
    EXPECT_FIELD(LVS_ERR_ADVERT_DESTINATION, destination, ipv6, PARSE);
    EXPECT_FIELD(LVS_OK, destination, group, PARSE);
    EXPECT_FIELD(LVS_ERR_CHECKSUM_ACCEPT, checksum_accept, -1, PARSE);
    EXPECT_FIELD(LVS_ERR_ADVERT_CHECKSUM, checksum_accept,
                 LVS_VRRP_CHECKSUM_ACCEPT_PSEUDO_HEADER, PARSE);
    advert = (struct lvs_advert){.size = sizeof advert};
    EXPECT(LVS_OK, lvs_advert_parse(packet, length, &good, room, 2, &advert));
    EXPECT(2, advert.address_count);
    EXPECT(0, memcmp(advert.addresses, vips, sizeof vips));
    EXPECT(0, memcmp(&advert.source, &own, sizeof own));
    EXPECT(100, advert.priority);
    EXPECT(100, advert.interval_centiseconds);
    EXPECT(255, advert.hop_limit);
    EXPECT(LVS_ADVERT_CHECKSUM_MESSAGE_ONLY, advert.checksum);
}

int main(void)
{
    parse(write());
    return 0;
}
