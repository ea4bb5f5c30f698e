/* What the tests of misuse share. */
#ifndef EXPECT_H
#define EXPECT_H

#include <limits.h>
#include <lvs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(answer, call) expect(__LINE__, #call, answer, call)

/* As EXPECT, with a `bad` that is as `good` but for one field. */
#define EXPECT_FIELD(answer, field, value, call)                                                   \
    (bad = good, bad.field = (value), EXPECT(answer, call))

static void expect(int line, const char *call, long long answer, long long got)
{
    if (got != answer) {
        printf("line %d: %s is %lld, not %lld\n", line, call, got, answer);
        exit(EXIT_FAILURE);
    }
}

static const struct lvs_address server = {LVS_IPV4, {10, 2, 0, 1}};
static const struct lvs_address multicast = {LVS_IPV4, {224, 0, 0, 18}};
static const struct lvs_address ipv6 = {LVS_IPV6, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
static const struct lvs_address garbage = {255, {255, 255}};

#endif /* EXPECT_H */
