/* Two directors: one announces its connections to the other, dies, and they go on there. */
#include <lvs.h>
#include <stdio.h>
#include <stdlib.h>

enum { SYN = 2, ACK = 16 };

static const char rules[] = "-A -t 192.0.2.100:80 -s rr\n"
                            "-a -t 192.0.2.100:80 -r 10.2.0.1 -g\n"
                            "-a -t 192.0.2.100:80 -r 10.2.0.2 -g\n";

static int check(int status)
{
    if (status < 0) {
        fprintf(stderr, "%s\n", lvs_strerror(status));
        exit(EXIT_FAILURE);
    }
    return status;
}

static struct lvs_director *create(void)
{
    struct lvs_director_config config = {.size = sizeof config};
    struct lvs_director *director;

    check(lvs_director_config_init(&config));
    config.connections = 1000;
    check(lvs_director_create(&config, &director));
    check(lvs_director_apply(director, 0, rules, NULL));
    return director;
}

/* A segment of the client 192.0.2.7:40000 comes to a director. */
static void segment(const char *name, struct lvs_director *director, lvs_time now, uint8_t flags)
{
    struct lvs_flow flow = {.family = LVS_IPV4, .protocol = 6, .tcp_flags = flags,
                            .source = {192, 0, 2, 7}, .source_port = 40000,
                            .destination = {192, 0, 2, 100}, .destination_port = 80};
    struct lvs_verdict verdict;

    check(lvs_director_decide(director, now, &flow, &verdict));
    if (verdict.kind == LVS_VERDICT_FORWARD)
        printf("%s: to 10.2.0.%d\n", name, verdict.hop.address.octets[3]);
    else
        printf("%s: of no connection\n", name);
}

int main(void)
{
    struct lvs_sync_config config = {.size = sizeof config};
    struct lvs_sync_received received = {.size = sizeof received};
    struct lvs_director *master = create(), *backup = create();
    lvs_time now = 0, end = 2000000;
    uint8_t message[1472];
    size_t length;

    check(lvs_sync_config_init(&config));
    config.sync_id = 5;
    check(lvs_director_start_sync_master(master, &config));
    segment("master", master, now, SYN);
    segment("master", master, now, ACK);
    segment("master", master, now, ACK);
    segment("backup", backup, now, ACK);

    /* The record waits for two seconds for others to share its message. */
    while (check(lvs_director_next_deadline(master, &now)) && now <= end)
        check(lvs_director_handle_timeout(master, now, 64));
    while (check(lvs_director_poll_sync_message(master, message, sizeof message, &length))) {
        /* Between hosts: sendto and recvfrom. */
        check(lvs_director_receive_sync_message(backup, end, &config, message, length, &received));
        printf("%zu octets: %u created, %u updated\n", length, received.created, received.updated);
    }
    lvs_director_destroy(master);
    segment("backup", backup, end, ACK);
    lvs_director_destroy(backup);
    return 0;
}
