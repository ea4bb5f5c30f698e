/* Rules as text: good ones, bad ones, and where they are bad. */
#include "expect.h"

static const char saved[] = "-A -t 192.0.2.100:80 -s rr\n"
                            "-a -t 192.0.2.100:80 -r 10.2.0.1:80 -g -w 1\n"
                            "-a -t 192.0.2.100:80 -r 10.2.0.2:80 -g -w 3\n";

static struct lvs_director *create(void)
{
    struct lvs_director_config config = {.size = sizeof config};
    struct lvs_director *director;

    EXPECT(LVS_OK, lvs_director_config_init(&config));
    EXPECT(LVS_OK, lvs_director_create(&config, &director));
    return director;
}

static void apply(struct lvs_director *director)
{
    struct lvs_rule_error error = {.size = sizeof error};
    const char *text;

    EXPECT(LVS_ERR_NULL, lvs_director_apply(NULL, 0, saved, &error));
    EXPECT(LVS_ERR_NULL, lvs_director_apply(director, 0, NULL, &error));
    error.size--;
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_director_apply(director, 0, saved, &error));
    error.size++;
    EXPECT(LVS_ERR_TEXT, lvs_director_apply(director, 0, "-C\n\xff", &error));
    EXPECT(LVS_OK, lvs_director_apply(director, 0, "", NULL));
    EXPECT(LVS_OK, lvs_director_apply(director, 0, "\n\r\n # what is this?\n", NULL));
    EXPECT(0, error.line);

    text = "# two\r\n  -A -t 192.0.2.100:80 -s fair\n-C";
    EXPECT(LVS_ERR_RULE, lvs_director_apply(director, 0, text, &error));
    EXPECT(2, error.line);
    EXPECT(0, strncmp(text + error.offset, "fair\n", error.length + 1));
    EXPECT(4, error.length);
    EXPECT(0, strncmp(error.words, "expected rr, wrr, lc", 20));
    EXPECT(LVS_ERR_RULE, lvs_director_apply(director, 0, "-a -t 192.0.2.100:80\n", &error));
    EXPECT(1, error.line == 1 && error.offset == 20 && error.length == 0);
    EXPECT(LVS_ERR_RULE, lvs_director_apply(director, 0, "ipvsadm", NULL));

    text = "-A -t 192.0.2.100:80\n-a -t 192.0.2.100:81 -r 10.2.0.1";
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_director_apply(director, 0, text, &error));
    EXPECT(1, error.line == 2 && error.offset == 21 && error.length == strlen(text) - 21);
    EXPECT(0, strcmp(error.words, "no such service"));
    EXPECT(LVS_ERR_SERVICE_EXISTS, lvs_director_apply(director, 0, text, &error));
    EXPECT(LVS_ERR_TIMEOUT, lvs_director_apply(director, 0, "--set 4294967295 0 0", &error));
    EXPECT(LVS_OK, lvs_director_apply(director, 0, "ipvsadm -C\n", &error));
}

static void write(struct lvs_director *director)
{
    char text[sizeof saved + 1] = "x";
    size_t length = 7;

    EXPECT(LVS_ERR_NULL, lvs_director_write_rules(NULL, text, sizeof text, &length));
    EXPECT(LVS_ERR_NULL, lvs_director_write_rules(director, NULL, 1, &length));
    EXPECT(LVS_ERR_NULL, lvs_director_write_rules(director, text, sizeof text, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_director_write_rules(director, text, SIZE_MAX, &length));
    EXPECT(1, length == 7 && text[0] == 'x');
    EXPECT(LVS_OK, lvs_director_write_rules(director, text, sizeof text, &length));
    EXPECT(1, length == 0 && text[0] == 0);
    EXPECT(LVS_OK, lvs_director_apply(director, 0, saved, NULL));
    EXPECT(LVS_OK, lvs_director_write_rules(director, NULL, 0, &length));
    EXPECT(strlen(saved), length);
    for (size_t capacity = 1; capacity < sizeof saved; capacity++) {
        EXPECT(LVS_OK, lvs_director_write_rules(director, text, capacity, &length));
        EXPECT(1, length == strlen(saved) && strlen(text) == capacity - 1);
    }
    EXPECT(LVS_OK, lvs_director_write_rules(director, text, sizeof saved, &length));
    EXPECT(0, strcmp(text, saved));
}

int main(void)
{
    struct lvs_director *director = create();

    apply(director);
    write(director);
    lvs_director_destroy(director);
    return 0;
}
