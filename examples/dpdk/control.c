/* The main lcore: what packets and clocks of the workers need not wait for.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "director.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_pause.h>
#include <rte_random.h>

#define MICROS_PER_SECOND 1000000
/* ICMP errors that are sent in a second (RFC 1812 section 4.3.2.8). */
#define ANSWERS_PER_SECOND 100
#define MAX_SERVICES 256
#define MAX_DESTS 256

/* What the workers are to have: it sees no packets. */
static struct lvs_director *model;
static char *rules; /* as lvs_director_write_rules has them */
static lvs_time next_second;
static unsigned int answers_left;

/* Every worker does the errand between two bursts; returns when all have. */
void on_every_lcore(errand_fn *errand, void *argument)
{
    for (uint16_t i = 0; i < site.workers; i++) {
        if (site.alone) {
            errand(workers[i], argument);
        } else {
            workers[i]->argument = argument;
            __atomic_store_n(&workers[i]->errand, errand, __ATOMIC_RELEASE);
        }
    }
    for (uint16_t i = 0; i < site.workers; i++)
        while (__atomic_load_n(&workers[i]->errand, __ATOMIC_ACQUIRE) != NULL)
            rte_pause();
}

struct rte_mbuf *new_frame(void)
{
    return rte_pktmbuf_alloc(site.pool);
}

/* Ports belong to the workers: the first one sends for the main lcore. */
void send_frame(struct rte_mbuf *mbuf, uint16_t port, size_t length)
{
    mbuf->port = port;
    mbuf->data_len = (uint16_t)length;
    mbuf->pkt_len = mbuf->data_len;
    if (rte_ring_enqueue(workers[0]->outbox, mbuf) != 0)
        rte_pktmbuf_free(mbuf);
}

/* The ICMP error to the client, or nothing. */
static void answer(struct rte_mbuf *question)
{
    const struct note *note = note_of(question);
    struct lvs_frame frame = {.buffer = question->buf_addr, .offset = question->data_off,
                              .length = question->data_len};
    struct lvs_own_addresses own = {0};
    struct rte_mbuf *mbuf = answers_left > 0 ? new_frame() : NULL;
    int status;
    size_t length;

    if (mbuf == NULL)
        return;
    answers_left--;
    for (size_t i = site.own.count; i-- > 0;) {
        bool is_ipv4 = site.own.list[i].family == LVS_IPV4;

        memcpy(is_ipv4 ? own.ipv4 : own.ipv6, site.own.list[i].octets, is_ipv4 ? 4 : 16);
    }
    uint8_t *out = rte_pktmbuf_mtod(mbuf, uint8_t *);
    size_t capacity = rte_pktmbuf_tailroom(mbuf);
    if (note->outcome == LVS_OUTCOME_REJECT)
        status = lvs_answer_port_unreachable(&frame, &own, out, capacity, &length);
    else if (note->outcome == LVS_OUTCOME_TIME_EXCEEDED)
        status = lvs_answer_time_exceeded(&frame, &own, out, capacity, &length);
    else
        status = lvs_answer_packet_too_big(&frame, &own, note->mtu, out, capacity, &length);
    if (status == LVS_OK)
        send_frame(mbuf, question->port, length);
    else
        rte_pktmbuf_free(mbuf);
}

/* A frame that a worker did not send. There is no host behind this: what is for one is dropped. */
static void see_to(struct rte_mbuf *mbuf, lvs_time now)
{
    switch (note_of(mbuf)->outcome) {
    case LVS_OUTCOME_UNRESOLVED:
        neighbor_ask(&note_of(mbuf)->next);
        break;
    case LVS_OUTCOME_REJECT:
    case LVS_OUTCOME_TIME_EXCEEDED:
    case LVS_OUTCOME_TOO_BIG:
        answer(mbuf);
        break;
    default:
        if (!vrrp_receive(mbuf, now))
            neighbor_receive(mbuf);
    }
    rte_pktmbuf_free(mbuf);
}

/* Asks for the real servers before their packets do. */
static void look_for_servers(void)
{
    struct lvs_service_key services[MAX_SERVICES];
    lvs_dest_id dests[MAX_DESTS];
    size_t service_count = 0, dest_count;

    lvs_director_get_services(model, services, MAX_SERVICES, &service_count);
    for (size_t i = 0; i < RTE_MIN(service_count, (size_t)MAX_SERVICES); i++) {
        if (lvs_director_get_dests(model, &services[i], dests, MAX_DESTS, &dest_count) != LVS_OK)
            continue;
        for (size_t k = 0; k < RTE_MIN(dest_count, (size_t)MAX_DESTS); k++) {
            struct lvs_dest dest = {.size = sizeof dest};

            if (lvs_director_get_dest(model, dests[k], &dest) == LVS_OK &&
                !neighbor_is_known(&dest.address))
                neighbor_ask(&dest.address);
        }
    }
}

void control_poll(lvs_time now)
{
    struct rte_mbuf *burst[BURST];
    unsigned int count = rte_ring_dequeue_burst(site.to_main, (void **)burst, BURST, NULL);

    for (unsigned int i = 0; i < count; i++)
        see_to(burst[i], now);
    vrrp_poll(now);
    if (now >= next_second) {
        next_second = now + MICROS_PER_SECOND;
        answers_left = ANSWERS_PER_SECOND;
        look_for_servers();
    }
}

static struct lvs_director *new_director(const struct lvs_director_config *config)
{
    struct lvs_director *director;
    int status = lvs_director_create(config, &director);

    for (size_t i = 0; status == LVS_OK && i < site.local.count; i++)
        status = lvs_director_add_local(director, &site.local.list[i]);
    if (status == LVS_OK)
        return director;
    fprintf(stderr, "director: %s\n", lvs_strerror(status));
    return NULL;
}

/* On the worker itself, so that the memory is near to it. */
static void create_director(struct worker *worker, void *argument)
{
    struct lvs_director_config config = {.size = sizeof config};

    (void)argument;
    lvs_director_config_init(&config);
    config.connections = site.connections / site.workers;
    config.connections_v6 = config.connections;
    config.fragments = 1024;
    config.start_offset = worker->index;
    config.lcore = worker->index;
    config.lcores = site.workers;
    config.seed[0] = rte_rand();
    config.seed[1] = rte_rand();
    worker->director = new_director(&config);
}

/* What a file says, or NULL; to be freed. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t room = 0;

    if (file == NULL || getdelim(&text, &room, '\0', file) < 0) {
        fprintf(stderr, "%s: nothing to read\n", path);
        free(text);
        text = NULL;
    }
    if (file != NULL)
        fclose(file);
    return text;
}

/* The rules of a director; to be freed. */
static char *rules_of(const struct lvs_director *director)
{
    size_t length = 0;
    char *text = NULL;

    if (lvs_director_write_rules(director, NULL, 0, &length) == LVS_OK)
        text = malloc(length + 1);
    if (text != NULL)
        lvs_director_write_rules(director, text, length + 1, &length);
    return text;
}

/* A director without packets that has the rules of the file, or NULL. */
static struct lvs_director *read_model(void)
{
    struct lvs_director_config config = {.size = sizeof config};
    struct lvs_rule_error error = {.size = sizeof error};
    struct lvs_director *director = NULL;
    char *text = read_file(site.rules);

    lvs_director_config_init(&config);
    config.connections = config.connections_v6 = config.rare = config.calls = 1;
    if (text != NULL)
        director = new_director(&config);
    if (director != NULL) {
        int status = lvs_director_apply(director, 0, text, &error);

        if (status != LVS_OK) {
            fprintf(stderr, "%s:%zu: %s: %s\n", site.rules, error.line, lvs_strerror(status),
                    error.words);
            lvs_director_destroy(director);
            director = NULL;
        }
    }
    free(text);
    return director;
}

struct change {
    const char *from, *to;
};

/* Only what changed is said to the worker: its connections stay. */
static void change_rules(struct worker *worker, void *argument)
{
    const struct change *change = argument;
    struct lvs_rule_error error = {.size = sizeof error};
    char *text = rules_between(change->from, change->to, worker->index, site.workers);
    int status = text == NULL ? LVS_ERR_NO_MEMORY
                              : lvs_director_apply(worker->director, now_micros(), text, &error);

    if (status != LVS_OK)
        fprintf(stderr, "lcore %u: %s: %s\n", worker->index, lvs_strerror(status), error.words);
    free(text);
}

/* Reads the file again. One that is refused changes nothing. */
void reload_rules(void)
{
    struct lvs_director *wanted = read_model();
    char *text = wanted != NULL ? rules_of(wanted) : NULL;

    if (text == NULL) {
        lvs_director_destroy(wanted);
        return;
    }
    on_every_lcore(change_rules, &(struct change){.from = rules != NULL ? rules : "", .to = text});
    lvs_director_destroy(model);
    free(rules);
    model = wanted;
    rules = text;
}

bool control_start(void)
{
    on_every_lcore(create_director, NULL);
    for (uint16_t i = 0; i < site.workers; i++)
        if (workers[i]->director == NULL)
            return false;
    neighbor_publish();
    reload_rules();
    return model != NULL && vrrp_start(now_micros());
}

static void do_nothing(struct worker *worker, void *argument)
{
    (void)worker;
    (void)argument;
}

/* Resigns, and sees that the last frames leave. */
void control_stop(lvs_time now)
{
    vrrp_stop(now);
    if (site.alone)
        worker_poll(workers[0]);
    /* After the second one, the round of the first is over. */
    on_every_lcore(do_nothing, NULL);
    on_every_lcore(do_nothing, NULL);
}

void control_destroy(void)
{
    for (uint16_t i = 0; i < site.workers; i++)
        lvs_director_destroy(workers[i]->director);
    lvs_director_destroy(model);
    free(rules);
}
