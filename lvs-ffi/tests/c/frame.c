/* Frames: parsed, sent on and answered, whole and cut at every length. */
#include "frame.h"

static const struct lvs_own_addresses own = {{192, 0, 2, 1}, {0xfe, 0x80, [15] = 1}};
static void parse(void)
{
    uint8_t octets[8 + SYN_LENGTH];
    struct lvs_frame frame = {.buffer = octets, .offset = 8, .length = SYN_LENGTH, .mark = 7};
    struct lvs_flow flow = {.family = 99};

    write_syn(octets + 8, 64);
    EXPECT(LVS_ERR_NULL, lvs_frame_parse(NULL, &flow));
    EXPECT(LVS_ERR_NULL, lvs_frame_parse(&frame, NULL));
    for (frame.length = 0; frame.length < SYN_LENGTH - 20; frame.length++) {
        EXPECT(LVS_ERR_MALFORMED, lvs_frame_parse(&frame, &flow));
    }
    frame.length = SIZE_MAX;
    EXPECT(LVS_ERR_COUNT, lvs_frame_parse(&frame, &flow));
    frame.length = SIZE_MAX - 8;
    EXPECT(LVS_ERR_COUNT, lvs_frame_parse(&frame, &flow));
    frame.length = SYN_LENGTH;
    frame.hook = 3;
    EXPECT(LVS_ERR_HOOK, lvs_frame_parse(&frame, &flow));
    frame.hook = LVS_HOOK_FORWARD;
    frame.buffer = NULL;
    EXPECT(LVS_ERR_NULL, lvs_frame_parse(&frame, &flow));
    frame.buffer = octets;
    octets[8 + 13] = 6;
    EXPECT(LVS_ERR_NOT_IP, lvs_frame_parse(&frame, &flow));
    octets[8 + 13] = 0;
    EXPECT(99, flow.family);
    EXPECT(LVS_OK, lvs_frame_parse(&frame, &flow));
    EXPECT(1, flow.family == LVS_IPV4 && flow.protocol == 6 && flow.tcp_flags == 2);
    EXPECT(1, flow.source_port == 40000 && flow.destination_port == 80 && flow.length == 40);
    EXPECT(1, flow.mark == 7 && flow.hook == LVS_HOOK_FORWARD && flow.embedded.present == 0);
    EXPECT(1, flow.unreadable == LVS_READABLE && flow.source[3] == 7 && flow.destination[3] == 100);
}

static void icmp(void)
{
    const struct lvs_own_addresses nobody = {0};
    uint8_t octets[SYN_LENGTH], answer[LVS_ANSWER_MAX];
    struct lvs_frame frame = {.buffer = octets, .length = SYN_LENGTH};
    size_t length = 7;

    write_syn(octets, 1);
    EXPECT(LVS_ERR_NULL, lvs_answer_time_exceeded(NULL, &own, answer, sizeof answer, &length));
    EXPECT(LVS_ERR_NULL, lvs_answer_time_exceeded(&frame, NULL, answer, sizeof answer, &length));
    EXPECT(LVS_ERR_NULL, lvs_answer_time_exceeded(&frame, &own, NULL, 1, &length));
    EXPECT(LVS_ERR_NULL, lvs_answer_time_exceeded(&frame, &own, answer, sizeof answer, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_answer_time_exceeded(&frame, &own, answer, SIZE_MAX, &length));
    EXPECT(LVS_ERR_NO_ANSWER,
           lvs_answer_time_exceeded(&frame, &nobody, answer, sizeof answer, &length));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_answer_time_exceeded(&frame, &own, NULL, 0, &length));
    EXPECT(7, length);
    EXPECT(LVS_OK, lvs_answer_time_exceeded(&frame, &own, answer, sizeof answer, &length));
    EXPECT(1, length == 82 && answer[34] == 11 && answer[35] == 0);
    EXPECT(LVS_ERR_NULL, lvs_answer_packet_too_big(NULL, &own, 1400, answer, 82, &length));
    EXPECT(LVS_OK, lvs_answer_packet_too_big(&frame, &own, 1400, answer, 82, &length));
    EXPECT(1, length == 82 && answer[34] == 3 && answer[35] == 4);
    EXPECT(1, answer[40] == 1400 >> 8 && answer[41] == (1400 & 255));
    EXPECT(LVS_OK, lvs_answer_packet_too_big(&frame, &own, UINT32_MAX, answer, 82, &length));
    EXPECT(LVS_ERR_NULL, lvs_answer_port_unreachable(NULL, &own, answer, 82, &length));
    EXPECT(LVS_OK, lvs_answer_port_unreachable(&frame, &own, answer, 82, &length));
    EXPECT(1, length == 82 && answer[34] == 3 && answer[35] == 3 && answer[29] == 100);
    frame.buffer = answer;
    frame.length = length;
    EXPECT(LVS_ERR_NO_ANSWER,
           lvs_answer_port_unreachable(&frame, &own, octets, sizeof octets, &length));
}

static void arp(void)
{
    /* Of IPv4 the first four octets count. */
    const struct lvs_address ours[2] = {{LVS_IPV4, {192, 0, 2, 99}},
                                        {LVS_IPV4, {192, 0, 2, 100, 1, 2, 3}}};
    const struct lvs_mac mac = {{2, 0, 0, 0, 0, 9}};
    uint8_t octets[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6,
                          4, 0, 1, 2, 0, 0, 0, 0, 1, 192, 0, 2, 7, 0, 0, 0, 0, 0, 0, 192, 0, 2, 100};
    uint8_t answer[LVS_ANSWER_MAX];
    struct lvs_frame frame = {.buffer = octets, .length = sizeof octets};
    size_t length = 7;

    EXPECT(LVS_ERR_NULL, lvs_answer_neighbor(NULL, ours, 2, &mac, answer, 42, &length));
    EXPECT(LVS_ERR_NULL, lvs_answer_neighbor(&frame, NULL, 2, &mac, answer, 42, &length));
    EXPECT(LVS_ERR_NULL, lvs_answer_neighbor(&frame, ours, 2, NULL, answer, 42, &length));
    EXPECT(LVS_ERR_NULL, lvs_answer_neighbor(&frame, ours, 2, &mac, NULL, 42, &length));
    EXPECT(LVS_ERR_NULL, lvs_answer_neighbor(&frame, ours, 2, &mac, answer, 42, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_answer_neighbor(&frame, ours, SIZE_MAX, &mac, answer, 42, &length));
    EXPECT(LVS_ERR_NO_ANSWER, lvs_answer_neighbor(&frame, NULL, 0, &mac, answer, 42, &length));
    EXPECT(LVS_ERR_NO_ANSWER, lvs_answer_neighbor(&frame, ours, 1, &mac, answer, 42, &length));
    EXPECT(LVS_ERR_FAMILY, lvs_answer_neighbor(&frame, &garbage, 1, &mac, answer, 42, &length));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL,
           lvs_answer_neighbor(&frame, ours, 2, &mac, answer, 41, &length));
    EXPECT(7, length);
    EXPECT(LVS_OK, lvs_answer_neighbor(&frame, ours, 2, &mac, answer, 42, &length));
    EXPECT(1, length == 42 && answer[21] == 2 && memcmp(answer + 22, mac.octets, 6) == 0);
    for (frame.length = 0; frame.length < sizeof octets; frame.length++) {
        EXPECT(LVS_ERR_NO_ANSWER, lvs_answer_neighbor(&frame, ours, 2, &mac, answer, 42, &length));
    }
}

int main(void)
{
    parse();
    icmp();
    arp();
    return 0;
}
