/* An IPv4 frame that a client sends, for tests that need one. */
#ifndef FRAME_H
#define FRAME_H

#include "expect.h"

enum { SYN_LENGTH = 54 };

static const uint8_t client_mac[6] = {2, 0, 0, 0, 0, 1}, own_mac[6] = {2, 0, 0, 0, 0, 2};

/* TCP, 192.0.2.7:40000 to 192.0.2.100:80. */
static void write_syn(uint8_t frame[SYN_LENGTH], uint8_t ttl)
{
    static const uint8_t ip_and_tcp[40] = {
        0x45, 0, 0, 40, 0, 0, 0, 0, 0, 6, 0, 0, 192, 0, 2, 7, 192, 0, 2, 100,
        0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff,
    };
    uint32_t sum = 0;

    memcpy(frame, own_mac, 6);
    memcpy(frame + 6, client_mac, 6);
    frame[12] = 8;
    frame[13] = 0;
    memcpy(frame + 14, ip_and_tcp, sizeof ip_and_tcp);
    frame[14 + 8] = ttl;
    for (int i = 14; i < 34; i += 2) {
        sum += (uint32_t)frame[i] << 8 | frame[i + 1];
    }
    sum = (sum & 0xffff) + (sum >> 16);
    frame[24] = (uint8_t)(~sum >> 8);
    frame[25] = (uint8_t)~sum;
}

#endif /* FRAME_H */
