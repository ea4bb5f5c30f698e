/* What changes from one set of rules to the next. SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "director.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Octets of what names a service or a destination in a line of lvs_director_write_rules:
 * "-A -t 192.0.2.100:80" of "-A -t 192.0.2.100:80 -s rr". */
static size_t key_length(const char *line)
{
    bool is_service = line[1] == 'A';
    const char *end = strstr(line, is_service ? " -s " : " -r ");

    if (end == NULL)
        return strcspn(line, "\n");
    return (size_t)(end - line) + (is_service ? 0 : 4 + strcspn(end + 4, " \n"));
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return *line == '\n' ? line + 1 : line;
}

/* The line of the same key, or NULL. */
static const char *find(const char *text, const char *line)
{
    size_t length = key_length(line);

    for (; *text != '\0'; text = next_line(text))
        if (key_length(text) == length && memcmp(text, line, length) == 0)
            return text;
    return NULL;
}

/* An lcore's part of a threshold; never 0, which would be none. */
static unsigned long share(unsigned long whole, uint16_t lcore, uint16_t lcores)
{
    unsigned long part = whole / lcores + (lcore < whole % lcores);

    return part > 0 ? part : 1;
}

/* Writes a line with another command in front, and with an lcore's part of the thresholds. */
static void write_line(FILE *out, char command, const char *line, uint16_t lcore, uint16_t lcores)
{
    fprintf(out, "-%c", command);
    for (line += 2; *line != '\n' && *line != '\0';) {
        if (strncmp(line, " -x ", 4) == 0 || strncmp(line, " -y ", 4) == 0) {
            char *end;
            unsigned long whole = strtoul(line + 4, &end, 10);

            fprintf(out, "%.4s%lu", line, share(whole, lcore, lcores));
            line = end;
        } else {
            fputc(*line++, out);
        }
    }
    fputc('\n', out);
}

/* Deletes what is of `kind` and not wanted any more. */
static void write_deletions(FILE *out, const char *current, const char *wanted, char kind)
{
    for (; *current != '\0'; current = next_line(current))
        if (current[1] == kind && find(wanted, current) == NULL)
            fprintf(out, "-%c%.*s\n", kind == 'A' ? 'D' : 'd', (int)key_length(current) - 2,
                    current + 2);
}

char *rules_between(const char *current, const char *wanted, uint16_t lcore, uint16_t lcores)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL)
        return NULL;
    /* Destinations first: with their service they would be gone. */
    write_deletions(out, current, wanted, 'a');
    write_deletions(out, current, wanted, 'A');
    for (; *wanted != '\0'; wanted = next_line(wanted)) {
        const char *old = find(current, wanted);
        size_t octets = strcspn(wanted, "\n");

        if (old == NULL)
            write_line(out, wanted[1], wanted, lcore, lcores);
        else if (strcspn(old, "\n") != octets || memcmp(old, wanted, octets) != 0)
            write_line(out, wanted[1] == 'A' ? 'E' : 'e', wanted, lcore, lcores);
    }
    return fclose(out) == 0 ? text : NULL;
}
