/* What was counted, by lcore and in all. SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "director.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The listings of the workers, one of each. */
struct listings {
    int columns;
    char *texts[MAX_WORKERS];
};

static void write_listing(struct worker *worker, void *argument)
{
    struct listings *listings = argument;
    size_t length = 0;
    char *text = NULL;

    if (lvs_director_write_listing(worker->director, NULL, listings->columns, 0, NULL, 0,
                                   &length) == LVS_OK)
        text = malloc(length + 1);
    if (text != NULL)
        lvs_director_write_listing(worker->director, NULL, listings->columns, 0, text, length + 1,
                                   &length);
    listings->texts[worker->index] = text;
}

static bool take_listings(struct listings *listings, int columns)
{
    listings->columns = columns;
    on_every_lcore(write_listing, listings);
    for (uint16_t i = 0; i < site.workers; i++)
        if (listings->texts[i] == NULL)
            return false;
    return true;
}

static void free_listings(struct listings *listings)
{
    for (uint16_t i = 0; i < site.workers; i++)
        free(listings->texts[i]);
}

/* All workers have the same rules, and so line for line the same listing but for the two columns of
 * connections at the end: these are added up. */
static void print_sum(const struct listings *listings)
{
    const char *lines[MAX_WORKERS];

    memcpy(lines, listings->texts, sizeof lines);
    while (*lines[0] != '\0') {
        unsigned long active = 0, inactive = 0;
        int numbers = 0;

        for (uint16_t i = 0; i < site.workers; i++) {
            unsigned long a = 0, b = 0;

            if (sscanf(lines[i], "  -> %*s %*s %*u %n%lu %lu", &numbers, &a, &b) == 2) {
                active += a;
                inactive += b;
            } else {
                numbers = 0;
            }
        }
        if (numbers != 0)
            printf("%.*s%-10lu %-10lu\n", numbers, lines[0], active, inactive);
        else
            printf("%.*s\n", (int)strcspn(lines[0], "\n"), lines[0]);
        for (uint16_t i = 0; i < site.workers; i++) {
            lines[i] += strcspn(lines[i], "\n");
            lines[i] += *lines[i] == '\n';
        }
    }
}

static void print_worker(const struct worker *worker, const char *listing)
{
    printf("worker %u: received %" PRIu64 " sent %" PRIu64 " unsent %" PRIu64 " dropped %" PRIu64
           " exceptions %" PRIu64 " handed over %" PRIu64 " lost %" PRIu64,
           worker->index, worker->received, worker->sent, worker->unsent, worker->dropped,
           worker->exceptions, worker->handed_over, worker->lost);
    if (worker->received != 0)
        printf(" cycles %.1f", (double)worker->cycles / (double)worker->received);
    printf("\n%s", site.workers > 1 ? listing : "");
}

static void print_total(void)
{
    uint64_t received = 0, sent = 0, lost = 0;

    for (uint16_t i = 0; i < site.workers; i++) {
        received += workers[i]->received;
        sent += workers[i]->sent;
        lost += workers[i]->unsent + workers[i]->dropped + workers[i]->lost;
    }
    printf("total: received %" PRIu64 " sent %" PRIu64 " lost or dropped %" PRIu64 "\n", received, sent,
           lost);
}

/* The counters of running workers are read as they stand. */
void report(void)
{
    struct listings conns = {0}, statistics = {0};

    if (take_listings(&conns, LVS_COLUMNS_CONNECTIONS) &&
        take_listings(&statistics, LVS_COLUMNS_STATISTICS)) {
        print_sum(&conns);
        for (uint16_t i = 0; i < site.workers; i++)
            print_worker(workers[i], statistics.texts[i]);
        print_total();
        fflush(stdout);
    }
    free_listings(&conns);
    free_listings(&statistics);
}
