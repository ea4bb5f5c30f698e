/* What bursts cost through C: as examples/cost.rs, of which .ci/c-cost has the ratio. */
#include "expect.h"

enum { CLIENTS = 1024, BURST = 32 };

static const char rules[] = "-A -u 192.0.2.100:53 -s wlc\n"
                            "-a -u 192.0.2.100:53 -r 10.2.0.1:53 -g\n"
                            "-a -u 192.0.2.100:53 -r 10.2.0.2:53 -g\n";
static const struct lvs_route routes[] = {
    {.address = {LVS_IPV4, {10, 2, 0, 1}}, .source = {{2, 0, 0, 0, 0, 1}},
     .destination = {{2, 0, 0, 0, 1, 1}}, .mtu = 1500},
    {.address = {LVS_IPV4, {10, 2, 0, 2}}, .source = {{2, 0, 0, 0, 0, 1}},
     .destination = {{2, 0, 0, 0, 1, 2}}, .mtu = 1500},
};
static const uint8_t query[42] = {
    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 9, 9, 8, 0,
    0x45, 0, 0, 28, 0, 0, 0, 0, 255, 17, 0x37, 0x65, 192, 0, 2, 7, 192, 0, 2, 100,
    0x9c, 0x40, 0, 53, 0, 8, 0, 0,
};
static uint8_t octets[CLIENTS][64];
static struct lvs_frame frames[CLIENTS];
static struct lvs_flow flows[CLIENTS];

static struct lvs_director *create(void)
{
    struct lvs_director_config config = {.size = sizeof config};
    struct lvs_director *director;

    EXPECT(LVS_OK, lvs_director_config_init(&config));
    EXPECT(LVS_OK, lvs_director_create(&config, &director));
    EXPECT(LVS_OK, lvs_director_apply(director, 0, rules, NULL));
    return director;
}

static void process(int rounds)
{
    struct lvs_director *director = create();
    struct lvs_outcome outcomes[BURST];

    for (int round = 0; round < rounds; round++)
        for (int first = 0; first < CLIENTS; first += BURST)
            lvs_director_process_burst(director, (lvs_time)round, frames + first, BURST, routes, 2,
                                       outcomes);
    printf("%d\n", rounds == 0 || outcomes[BURST - 1].kind == LVS_OUTCOME_SEND);
    lvs_director_destroy(director);
}

static void decide(int rounds)
{
    struct lvs_director *director = create();
    struct lvs_verdict verdicts[BURST];

    for (int round = 0; round < rounds; round++)
        for (int first = 0; first < CLIENTS; first += BURST)
            lvs_director_decide_burst(director, (lvs_time)round, flows + first, BURST, verdicts);
    printf("%d\n", rounds == 0 || verdicts[BURST - 1].kind == LVS_VERDICT_FORWARD);
    lvs_director_destroy(director);
}

static void pick(int rounds)
{
    struct lvs_pool_config config = {.size = sizeof config};
    lvs_dest_id picks[BURST];
    struct lvs_pool *pool;

    EXPECT(LVS_OK, lvs_pool_config_init(&config));
    config.scheduler = LVS_SCHEDULER_RR;
    EXPECT(LVS_OK, lvs_pool_create(&config, 0, &pool));
    for (int i = 0; i < 2; i++) {
        struct lvs_dest_config dest = {.size = sizeof dest};

        EXPECT(LVS_OK, lvs_dest_config_init(&dest, &routes[i].address, 53));
        EXPECT(LVS_OK, lvs_pool_add_dest(pool, 0, &dest, picks));
    }
    for (int round = 0; round < rounds; round++)
        for (int first = 0; first < CLIENTS; first += BURST)
            lvs_pool_pick_burst(pool, 0, flows + first, BURST, picks);
    printf("%d\n", rounds == 0 || picks[BURST - 1] != LVS_NO_DEST);
    lvs_pool_destroy(pool);
}

int main(int count, char **arguments)
{
    int rounds = count > 2 ? atoi(arguments[2]) : 0;
    char work = count > 1 ? arguments[1][1] : 0;

    for (int i = 0; i < CLIENTS; i++) {
        memcpy(octets[i], query, sizeof query);
        octets[i][34] = (uint8_t)((i + 1) >> 8);
        octets[i][35] = (uint8_t)(i + 1);
        frames[i] = (struct lvs_frame){.buffer = octets[i], .length = sizeof query};
        EXPECT(LVS_OK, lvs_frame_parse(&frames[i], &flows[i]));
    }
    if (work == 'r')
        process(rounds);
    else if (work == 'e')
        decide(rounds);
    else
        pick(rounds);
    return 0;
}
