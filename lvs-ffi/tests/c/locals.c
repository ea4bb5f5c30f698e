/* Local addresses: real servers see one of them instead of the client. */
#include "expect.h"

static const struct lvs_address local = {LVS_IPV4, {10, 2, 0, 254}};
static const struct lvs_flow syn = {.family = LVS_IPV4, .protocol = 6, .tcp_flags = 2,
                                    .source = {192, 0, 2, 7}, .source_port = 40000,
                                    .destination = {192, 0, 2, 100}, .destination_port = 80};

static void misuse(struct lvs_director *director)
{
    EXPECT(LVS_ERR_NULL, lvs_director_add_local(NULL, &local));
    EXPECT(LVS_ERR_NULL, lvs_director_add_local(director, NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_director_add_local(director, &garbage));
    EXPECT(LVS_ERR_NOT_UNICAST, lvs_director_add_local(director, &multicast));
    EXPECT(LVS_ERR_NULL, lvs_director_delete_local(NULL, &local));
    EXPECT(LVS_ERR_NULL, lvs_director_delete_local(director, NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_director_delete_local(director, &garbage));
    EXPECT(LVS_ERR_NO_SUCH_LOCAL, lvs_director_delete_local(director, &local));
}

int main(void)
{
    struct lvs_director_config config = {.size = sizeof config};
    struct lvs_director_counters counters = {.size = sizeof counters};
    struct lvs_director *director;
    struct lvs_verdict verdict;
    struct lvs_flow answer = {.family = LVS_IPV4, .protocol = 6, .tcp_flags = 0x12,
                              .hook = LVS_HOOK_FORWARD, .source = {10, 2, 0, 1}, .source_port = 80,
                              .destination = {10, 2, 0, 254}};

    EXPECT(LVS_OK, lvs_director_config_init(&config));
    config.local_port_first = config.local_port_last = 2001;
    config.lcore = 1;
    config.lcores = 4;
    EXPECT(LVS_OK, lvs_director_create(&config, &director));
    misuse(director);
    EXPECT(LVS_OK, lvs_director_apply(director, 0,
                                      "-A -t 192.0.2.100:80\n"
                                      "-a -t 192.0.2.100:80 -r 10.2.0.1 --fullnat", NULL));
    EXPECT(LVS_OK, lvs_director_decide(director, 0, &syn, &verdict));
    EXPECT(1, verdict.kind == LVS_VERDICT_DROP && verdict.reason == LVS_DROP_NO_LOCAL_PORT);
    EXPECT(LVS_OK, lvs_director_get_counters(director, &counters));
    EXPECT(1, counters.dropped_no_local_port == 1);

    EXPECT(LVS_OK, lvs_director_add_local(director, &local));
    EXPECT(LVS_ERR_LOCAL_EXISTS, lvs_director_add_local(director, &local));
    EXPECT(LVS_OK, lvs_director_decide(director, 0, &syn, &verdict));
    EXPECT(LVS_VERDICT_FORWARD, verdict.kind);
    EXPECT(LVS_METHOD_FULL_NAT, verdict.hop.method);
    EXPECT(2001, verdict.hop.peer_port);
    EXPECT(0, memcmp(&verdict.hop.peer, &local, sizeof local));

    answer.destination_port = verdict.hop.peer_port;
    EXPECT(LVS_OK, lvs_director_decide(director, 0, &answer, &verdict));
    EXPECT(LVS_VERDICT_REPLY, verdict.kind);
    EXPECT(40000, verdict.hop.peer_port);
    EXPECT(7, verdict.hop.peer.octets[3]);
    EXPECT(LVS_OK, lvs_director_delete_local(director, &local));
    lvs_director_destroy(director);
    return 0;
}
