/* A director in one burst: three frames come in, and each says what is to be done with it. */
#include <lvs.h>
#include <stdio.h>
#include <string.h>

/* As ipvsadm-save writes them. */
static const char rules[] = "-A -u 192.0.2.100:53 -s rr\n"
                            "-a -u 192.0.2.100:53 -r 10.2.0.1:53 -g\n"
                            "-a -u 192.0.2.100:53 -r 10.2.0.2:53 -g\n";

/* The ways to the servers, sorted by memcmp of their addresses. */
static const struct lvs_route routes[] = {
    {.address = {LVS_IPV4, {10, 2, 0, 1}}, .source = {{2, 0, 0, 0, 0, 1}},
     .destination = {{2, 0, 0, 0, 1, 1}}, .mtu = 1500},
    {.address = {LVS_IPV4, {10, 2, 0, 2}}, .source = {{2, 0, 0, 0, 0, 1}},
     .destination = {{2, 0, 0, 0, 1, 2}}, .mtu = 1500},
};

/* A UDP datagram without data from a client to the virtual address. */
static const uint8_t query[42] = {
    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 9, 9, 8, 0,
    0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0xf6, 0x65, 192, 0, 2, 7, 192, 0, 2, 100,
    0x9c, 0x40, 0, 53, 0, 8, 0, 0,
};

int main(void)
{
    struct lvs_director_config config = {.size = sizeof config};
    struct lvs_rule_error error = {.size = sizeof error};
    struct lvs_director *director;
    uint8_t octets[3][64];
    struct lvs_frame frames[3] = {{0}};
    struct lvs_outcome outcomes[3];
    char listing[1000];
    size_t length;

    lvs_director_config_init(&config);
    config.connections = 1000;
    int status = lvs_director_create(&config, &director);
    if (status == LVS_OK)
        status = lvs_director_apply(director, 0, rules, &error);
    if (status != LVS_OK) {
        fprintf(stderr, "line %zu: %s\n", error.line, lvs_strerror(status));
        return 1;
    }
    for (int i = 0; i < 3; i++) {
        memcpy(octets[i], query, sizeof query);
        octets[i][35] = (uint8_t)i; /* another source port */
        frames[i].buffer = octets[i];
        frames[i].length = sizeof query;
    }
    octets[2][23] = 89; /* OSPF, and so another header checksum */
    octets[2][25] = 0x1d;

    lvs_director_process_burst(director, 0, frames, 3, routes, 2, outcomes);
    for (int i = 0; i < 3; i++) {
        if (outcomes[i].kind == LVS_OUTCOME_SEND)
            printf("frame %d: send to 10.2.0.%d at 02:..:%02x\n", i,
                   outcomes[i].verdict.hop.address.octets[3], octets[i][5]);
        else
            printf("frame %d: outcome %d\n", i, outcomes[i].kind);
    }
    lvs_director_write_listing(director, NULL, LVS_COLUMNS_CONNECTIONS, 0, listing, sizeof listing,
                               &length);
    fputs(listing, stdout);
    lvs_director_destroy(director);
    return 0;
}
