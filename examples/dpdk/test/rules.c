/* What is said to an lcore when the rules change. SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "../director.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void check(const char *current, const char *wanted, uint16_t lcore, const char *expected)
{
    char *text = rules_between(current, wanted, lcore, 2);

    if (text == NULL || strcmp(text, expected) != 0) {
        printf("expected:\n%sgot:\n%s", expected, text);
        failures++;
    }
    free(text);
}

int main(void)
{
    const char *web = "-A -t 192.0.2.100:80 -s rr\n"
                      "-a -t 192.0.2.100:80 -r 10.2.0.1:80 -g -w 1\n";
    const char *heavier = "-A -t 192.0.2.100:80 -s rr\n"
                          "-a -t 192.0.2.100:80 -r 10.2.0.1:80 -g -w 2\n";
    const char *limited = "-A -t 192.0.2.100:80 -s wlc\n"
                          "-a -t 192.0.2.100:80 -r 10.2.0.1:80 -g -w 1 -x 5 -y 1\n";
    const char *longer = "-A -t 192.0.2.100:8080 -s rr\n";

    check("", web, 0, web);
    check(web, web, 0, "");
    check(web, heavier, 0, "-e -t 192.0.2.100:80 -r 10.2.0.1:80 -g -w 2\n");
    check(web, "", 0, "-d -t 192.0.2.100:80 -r 10.2.0.1:80\n-D -t 192.0.2.100:80\n");
    /* Thresholds add up to the whole; of one that is too small for all, each has 1. */
    check(web, limited, 0, "-E -t 192.0.2.100:80 -s wlc\n"
                           "-e -t 192.0.2.100:80 -r 10.2.0.1:80 -g -w 1 -x 3 -y 1\n");
    check(web, limited, 1, "-E -t 192.0.2.100:80 -s wlc\n"
                           "-e -t 192.0.2.100:80 -r 10.2.0.1:80 -g -w 1 -x 2 -y 1\n");
    /* A key that begins like another one is another one. */
    check(web, longer, 0, "-d -t 192.0.2.100:80 -r 10.2.0.1:80\n-D -t 192.0.2.100:80\n"
                          "-A -t 192.0.2.100:8080 -s rr\n");
    /* A mark and its family. */
    check("-A -f 1 -s rr\n", "-A -f 1 -6 -s rr\n", 0, "-D -f 1\n-A -f 1 -6 -s rr\n");
    return failures != 0;
}
