/* Packets through a director, as flows and as frames, one by one and in bursts. */
#include "frame.h"

static const char rules[] = "-A -t 192.0.2.100:80 -s rr\n"
                            "-a -t 192.0.2.100:80 -r 10.2.0.1:80 -g\n"
                            "-a -t 192.0.2.100:80 -r 10.2.0.2:80 -g\n"
                            "-A -f 7 -s rr\n"
                            "-a -f 7 -r 10.2.0.3:80 -m\n";
/* Sorted by address. */
static const struct lvs_link links[2] = {
    {{LVS_IPV4, {10, 2, 0, 1}}, {{2, 0, 0, 0, 0, 2}}, {{2, 0, 0, 0, 1, 1}}},
    {{LVS_IPV4, {10, 2, 0, 2}}, {{2, 0, 0, 0, 0, 2}}, {{2, 0, 0, 0, 1, 2}}}};
static const struct lvs_flow syn = {.family = LVS_IPV4, .protocol = 6, .tcp_flags = 2,
                                    .source = {192, 0, 2, 7}, .source_port = 40000,
                                    .destination = {192, 0, 2, 100}, .destination_port = 80};

static struct lvs_director *create(void)
{
    struct lvs_director_config config = {.size = sizeof config};
    struct lvs_director *director;

    EXPECT(LVS_OK, lvs_director_config_init(&config));
    EXPECT(LVS_OK, lvs_director_create(&config, &director));
    EXPECT(LVS_OK, lvs_director_apply(director, 0, rules, NULL));
    return director;
}

static void decide(struct lvs_director *director)
{
    struct lvs_flow flows[4] = {syn, syn, syn, syn};
    struct lvs_verdict verdict = {.kind = 99}, verdicts[4];

    EXPECT(LVS_ERR_NULL, lvs_director_decide(NULL, 0, &syn, &verdict));
    EXPECT(LVS_ERR_NULL, lvs_director_decide(director, 0, NULL, &verdict));
    EXPECT(LVS_ERR_NULL, lvs_director_decide(director, 0, &syn, NULL));
    flows[0].family = 0;
    EXPECT(LVS_ERR_FAMILY, lvs_director_decide(director, 0, flows, &verdict));
    flows[1].hook = 77;
    EXPECT(LVS_ERR_HOOK, lvs_director_decide(director, 0, flows + 1, &verdict));
    EXPECT(99, verdict.kind);
    EXPECT(LVS_OK, lvs_director_decide(director, 0, &syn, &verdict));
    EXPECT(1, verdict.kind == LVS_VERDICT_FORWARD && verdict.hop.port == 80);
    EXPECT(1, verdict.hop.method == LVS_METHOD_DIRECT_ROUTE && verdict.hop.address.octets[3] == 2);

    EXPECT(LVS_OK, lvs_director_decide_burst(director, 0, NULL, 0, NULL));
    EXPECT(LVS_ERR_NULL, lvs_director_decide_burst(NULL, 0, flows, 4, verdicts));
    EXPECT(LVS_ERR_NULL, lvs_director_decide_burst(director, 0, NULL, 4, verdicts));
    EXPECT(LVS_ERR_NULL, lvs_director_decide_burst(director, 0, flows, 4, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_director_decide_burst(director, 0, flows, SIZE_MAX, verdicts));
    flows[2].source_port++;
    flows[3].unreadable = LVS_CUT_SHORT;
    EXPECT(LVS_OK, lvs_director_decide_burst(director, 0, flows, 4, verdicts));
    EXPECT(1, verdicts[0].kind == LVS_VERDICT_PASS && verdicts[1].kind == LVS_VERDICT_PASS);
    EXPECT(1, verdicts[2].kind == LVS_VERDICT_FORWARD && verdicts[2].hop.address.octets[3] == 1);
    EXPECT(LVS_VERDICT_DROP, verdicts[3].kind);
    EXPECT(LVS_DROP_HEADER_UNREADABLE, verdicts[3].reason);
    memset(flows, 0xff, sizeof flows);
    EXPECT(LVS_OK, lvs_director_decide_burst(director, 0, flows, 4, verdicts));
    EXPECT(LVS_VERDICT_PASS, verdicts[3].kind);
}

static void process(struct lvs_director *director)
{
    uint8_t octets[SYN_LENGTH], before[SYN_LENGTH];
    struct lvs_frame frame = {.buffer = octets, .length = SYN_LENGTH};
    struct lvs_outcome outcome = {.kind = 99};

#define PROCESS(frame) lvs_director_process(director, 0, frame, links, 2, &outcome)
    write_syn(octets, 64);
    memcpy(before, octets, sizeof before);
    EXPECT(LVS_ERR_NULL, lvs_director_process(NULL, 0, &frame, links, 2, &outcome));
    EXPECT(LVS_ERR_NULL, PROCESS(NULL));
    EXPECT(LVS_ERR_NULL, lvs_director_process(director, 0, &frame, NULL, 2, &outcome));
    EXPECT(LVS_ERR_NULL, lvs_director_process(director, 0, &frame, links, 2, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_director_process(director, 0, &frame, links, SIZE_MAX, &outcome));
    EXPECT(1, outcome.kind == 99 && memcmp(before, octets, sizeof before) == 0);
    EXPECT(LVS_OK, lvs_director_process(director, 0, &frame, NULL, 0, &outcome));
    EXPECT(1, outcome.kind == LVS_OUTCOME_UNRESOLVED && outcome.hop.address.octets[3] == 2);
    EXPECT(0, memcmp(before, octets, sizeof before));
    EXPECT(LVS_OK, PROCESS(&frame));
    EXPECT(1, outcome.kind == LVS_OUTCOME_SEND && outcome.hop.address.octets[3] == 2);
    EXPECT(0, memcmp(octets, links[1].destination.octets, 6));
    EXPECT(0, memcmp(octets + 6, links[1].source.octets, 6));
    EXPECT(63, octets[22]);
    write_syn(octets, 1);
    EXPECT(LVS_OK, PROCESS(&frame));
    EXPECT(LVS_OUTCOME_TIME_EXCEEDED, outcome.kind);
    octets[13] = 6;
    EXPECT(LVS_OK, PROCESS(&frame));
    EXPECT(LVS_OUTCOME_NOT_IP, outcome.kind);
    write_syn(octets, 64);
    frame.hook = 3;
    EXPECT(LVS_OK, PROCESS(&frame));
    EXPECT(LVS_OUTCOME_PASS, outcome.kind);
    frame.hook = LVS_HOOK_LOCAL_IN;
    frame.mark = 7;
    octets[14 + 23] = 81;
    EXPECT(LVS_OK, PROCESS(&frame));
    EXPECT(1, outcome.kind == LVS_OUTCOME_CARRY && outcome.hop.method == LVS_METHOD_NAT);
    for (frame.length = 0; frame.length < 34; frame.length++) {
        EXPECT(LVS_OK, PROCESS(&frame));
        EXPECT(LVS_OUTCOME_MALFORMED, outcome.kind);
    }
    frame.length = SIZE_MAX;
    EXPECT(LVS_OK, PROCESS(&frame));
    EXPECT(LVS_OUTCOME_MALFORMED, outcome.kind);
}

/* One that is bad does not spoil the others. */
static void process_burst(struct lvs_director *director)
{
    uint8_t octets[3][SYN_LENGTH];
    struct lvs_frame frames[3];
    struct lvs_outcome outcomes[3];

    for (int i = 0; i < 3; i++) {
        write_syn(octets[i], 64);
        frames[i] = (struct lvs_frame){.buffer = octets[i], .length = SYN_LENGTH};
    }
    frames[1].buffer = NULL;
#define BURST(director, frames, count, links, outcomes)                                            \
    lvs_director_process_burst(director, 0, frames, count, links, 2, outcomes)
    EXPECT(LVS_ERR_NULL, BURST(NULL, frames, 3, links, outcomes));
    EXPECT(LVS_ERR_NULL, BURST(director, NULL, 3, links, outcomes));
    EXPECT(LVS_ERR_NULL, BURST(director, frames, 3, NULL, outcomes));
    EXPECT(LVS_ERR_NULL, BURST(director, frames, 3, links, NULL));
    EXPECT(LVS_ERR_COUNT, BURST(director, frames, SIZE_MAX, links, outcomes));
    EXPECT(LVS_OK, BURST(director, NULL, 0, links, NULL));
    EXPECT(LVS_OK, BURST(director, frames, 3, links, outcomes));
    EXPECT(LVS_OUTCOME_SEND, outcomes[0].kind);
    EXPECT(LVS_OUTCOME_MALFORMED, outcomes[1].kind);
    EXPECT(LVS_OUTCOME_SEND, outcomes[2].kind);
    EXPECT(0, memcmp(octets[0], octets[2], SYN_LENGTH));
}

int main(void)
{
    struct lvs_director *director = create();

    decide(director);
    process(director);
    process_burst(director);
    lvs_director_destroy(director);
    return 0;
}
