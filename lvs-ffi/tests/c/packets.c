/* Packets through a director, as flows and as frames, one by one and in bursts. */
#include "frame.h"

static const char rules[] = "-A -t 192.0.2.100:80 -s rr\n"
                            "-a -t 192.0.2.100:80 -r 10.2.0.1:80 -g\n"
                            "-a -t 192.0.2.100:80 -r 10.2.0.2:80 -g\n"
                            "-A -f 7 -s rr\n"
                            "-a -f 7 -r 10.2.0.3:80 -m\n";
/* Sorted by address. */
static const struct lvs_route routes[3] = {
    {.address = {LVS_IPV4, {10, 2, 0, 1}}, .source = {{2, 0, 0, 0, 0, 2}},
     .destination = {{2, 0, 0, 0, 1, 1}}, .mtu = 1500},
    {.address = {LVS_IPV4, {10, 2, 0, 2}}, .source = {{2, 0, 0, 0, 0, 2}},
     .destination = {{2, 0, 0, 0, 1, 2}}, .mtu = 1500},
    {.address = {LVS_IPV4, {10, 2, 0, 3}}, .source = {{2, 0, 0, 0, 0, 2}},
     .destination = {{2, 0, 0, 0, 1, 3}}, .mtu = 1500}};
static const struct lvs_flow syn = {.family = LVS_IPV4, .protocol = 6, .tcp_flags = 2,
                                    .source = {192, 0, 2, 7}, .source_port = 40000,
                                    .destination = {192, 0, 2, 100}, .destination_port = 80};

static const struct lvs_address server_3 = {LVS_IPV4, {10, 2, 0, 3}};

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

#define PROCESS(frame) lvs_director_process(director, 0, frame, routes, 3, &outcome)
    write_syn(octets, 64);
    memcpy(before, octets, sizeof before);
    EXPECT(LVS_ERR_NULL, lvs_director_process(NULL, 0, &frame, routes, 3, &outcome));
    EXPECT(LVS_ERR_NULL, PROCESS(NULL));
    EXPECT(LVS_ERR_NULL, lvs_director_process(director, 0, &frame, NULL, 3, &outcome));
    EXPECT(LVS_ERR_NULL, lvs_director_process(director, 0, &frame, routes, 3, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_director_process(director, 0, &frame, routes, SIZE_MAX, &outcome));
    EXPECT(1, outcome.kind == 99 && memcmp(before, octets, sizeof before) == 0);
    EXPECT(LVS_OK, lvs_director_process(director, 0, &frame, NULL, 0, &outcome));
    EXPECT(1, outcome.kind == LVS_OUTCOME_UNRESOLVED && outcome.verdict.hop.address.octets[3] == 2);
    EXPECT(0, memcmp(before, octets, sizeof before));
    EXPECT(LVS_OK, PROCESS(&frame));
    EXPECT(1, outcome.kind == LVS_OUTCOME_SEND && outcome.verdict.hop.address.octets[3] == 2);
    EXPECT(0, memcmp(octets, routes[1].destination.octets, 6));
    EXPECT(0, memcmp(octets + 6, routes[1].source.octets, 6));
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
    EXPECT(LVS_OUTCOME_MALFORMED, outcome.kind);
    frame.hook = LVS_HOOK_LOCAL_IN;
    frame.mark = 7;
    octets[14 + 23] = 81;
    EXPECT(LVS_OK, PROCESS(&frame));
    EXPECT(1, outcome.kind == LVS_OUTCOME_SEND && outcome.verdict.hop.method == LVS_METHOD_NAT);
    EXPECT(0, memcmp(octets + 30, server_3.octets, 4));
    for (frame.length = 0; frame.length < 34; frame.length++) {
        EXPECT(LVS_OK, PROCESS(&frame));
        EXPECT(LVS_OUTCOME_MALFORMED, outcome.kind);
    }
    frame.length = SIZE_MAX;
    EXPECT(LVS_OK, PROCESS(&frame));
    EXPECT(LVS_OUTCOME_MALFORMED, outcome.kind);
}

/* What was not resolved follows later; what is in a tunnel begins earlier. */
static void follow(struct lvs_director *director)
{
    struct lvs_route route = routes[0];
    uint8_t octets[64 + SYN_LENGTH];
    struct lvs_frame frame = {.buffer = octets, .offset = 64, .length = SYN_LENGTH};
    struct lvs_outcome outcome;
    struct lvs_verdict good, bad;

    write_syn(octets + 64, 64);
    EXPECT(LVS_OK, lvs_director_process(director, 0, &frame, NULL, 0, &outcome));
    EXPECT(LVS_OUTCOME_UNRESOLVED, outcome.kind);
    EXPECT(0, memcmp(&outcome.next, &outcome.verdict.hop.address, sizeof outcome.next));
    good = outcome.verdict;
#define FOLLOW lvs_director_follow(director, &frame, &bad, &route, &outcome)
    EXPECT(LVS_ERR_NULL, lvs_director_follow(NULL, &frame, &good, &route, &outcome));
    EXPECT(LVS_ERR_NULL, lvs_director_follow(director, NULL, &good, &route, &outcome));
    EXPECT(LVS_ERR_NULL, lvs_director_follow(director, &frame, NULL, &route, &outcome));
    EXPECT(LVS_ERR_NULL, lvs_director_follow(director, &frame, &good, NULL, &outcome));
    EXPECT(LVS_ERR_NULL, lvs_director_follow(director, &frame, &good, &route, NULL));
    EXPECT_FIELD(LVS_ERR_VERDICT, kind, LVS_VERDICT_DROP, FOLLOW);
    EXPECT_FIELD(LVS_ERR_VERDICT, kind, 255, FOLLOW);
    EXPECT_FIELD(LVS_ERR_METHOD, hop.method, 4, FOLLOW);
    EXPECT_FIELD(LVS_ERR_FAMILY, hop.address, garbage, FOLLOW);
    EXPECT_FIELD(LVS_ERR_TUNNEL, hop.tunnel.kind, 3, FOLLOW);
    EXPECT_FIELD(LVS_OK, hop.method, LVS_METHOD_TUNNEL, FOLLOW);
    EXPECT(LVS_OUTCOME_NOT_REWRITTEN, outcome.kind);
    EXPECT(LVS_REFUSAL_NO_TUNNEL_SOURCE, outcome.refusal);
    route.tunnel_source = server_3;
    route.mtu = 50;
    EXPECT_FIELD(LVS_OK, hop.method, LVS_METHOD_TUNNEL, FOLLOW);
    EXPECT(1, outcome.kind == LVS_OUTCOME_NOT_REWRITTEN && frame.length == SYN_LENGTH);
    EXPECT(LVS_REFUSAL_TUNNEL_MTU, outcome.refusal);
    route.mtu = 1500;
    frame.buffer += 64;
    frame.offset = 0;
    EXPECT_FIELD(LVS_OK, hop.method, LVS_METHOD_TUNNEL, FOLLOW);
    EXPECT(LVS_REFUSAL_NO_HEADROOM, outcome.refusal);
    frame.buffer -= 64;
    frame.offset = 64;
    bad = good;
    bad.hop.method = LVS_METHOD_TUNNEL;
    bad.hop.tunnel.kind = LVS_TUNNEL_GUE;
    bad.hop.tunnel.checksum = LVS_TUNNEL_CHECKSUM;
    bad.hop.tunnel.port = 6080;
    EXPECT(LVS_OK, FOLLOW);
    EXPECT(1, outcome.kind == LVS_OUTCOME_SEND && frame.offset == 32);
    EXPECT(1, frame.length == SYN_LENGTH + 32 && octets[32 + 14 + 9] == 17);
    EXPECT(6080, octets[32 + 36] << 8 | octets[32 + 37]);
    frame.length = 10;
    EXPECT(LVS_OK, FOLLOW);
    EXPECT(LVS_OUTCOME_MALFORMED, outcome.kind);
    write_syn(octets + 64, 64);
    frame.offset = 64;
    frame.length = SYN_LENGTH;
    route.is_local = 1;
    EXPECT_FIELD(LVS_OK, kind, LVS_VERDICT_FORWARD, FOLLOW);
    EXPECT(LVS_OUTCOME_DELIVER, outcome.kind);
}

static void call(struct lvs_director *director)
{
    uint8_t id[256] = "call@192.0.2.7";
    struct lvs_verdict verdict;

#define CALL(length) lvs_director_decide_call(director, 0, &syn, id, length, &verdict)
    EXPECT(LVS_ERR_NULL, lvs_director_decide_call(NULL, 0, &syn, id, 1, &verdict));
    EXPECT(LVS_ERR_NULL, lvs_director_decide_call(director, 0, NULL, id, 1, &verdict));
    EXPECT(LVS_ERR_NULL, lvs_director_decide_call(director, 0, &syn, NULL, 1, &verdict));
    EXPECT(LVS_ERR_NULL, lvs_director_decide_call(director, 0, &syn, id, 1, NULL));
    EXPECT(LVS_ERR_CALL_ID, CALL(0));
    EXPECT(LVS_ERR_CALL_ID, CALL(256));
    EXPECT(LVS_ERR_COUNT, CALL(SIZE_MAX));
    EXPECT(LVS_OK, CALL(14));
    EXPECT(LVS_VERDICT_FORWARD, verdict.kind);
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
#define BURST(director, frames, count, routes, outcomes)                                            \
    lvs_director_process_burst(director, 0, frames, count, routes, 3, outcomes)
    EXPECT(LVS_ERR_NULL, BURST(NULL, frames, 3, routes, outcomes));
    EXPECT(LVS_ERR_NULL, BURST(director, NULL, 3, routes, outcomes));
    EXPECT(LVS_ERR_NULL, BURST(director, frames, 3, NULL, outcomes));
    EXPECT(LVS_ERR_NULL, BURST(director, frames, 3, routes, NULL));
    EXPECT(LVS_ERR_COUNT, BURST(director, frames, SIZE_MAX, routes, outcomes));
    EXPECT(LVS_OK, BURST(director, NULL, 0, routes, NULL));
    EXPECT(LVS_OK, BURST(director, frames, 3, routes, outcomes));
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
    follow(director);
    call(director);
    process_burst(director);
    lvs_director_destroy(director);
    return 0;
}
