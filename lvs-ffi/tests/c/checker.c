/* A checker. */
#include "expect.h"

static const struct lvs_service_key web = {{LVS_IPV4, {192, 0, 2, 100}}, 6, 80, 0};
static const struct lvs_service_key other = {{LVS_IPV4, {192, 0, 2, 101}}, 6, 80, 0};
static const struct lvs_service_key nowhere = {{255, {0}}, 6, 80, 0};

static struct lvs_checker *create(void)
{
    struct lvs_checker_config config = {.size = 1};
    struct lvs_checker *checker = NULL;

    EXPECT(LVS_ERR_NULL, lvs_checker_config_init(NULL));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_checker_config_init(&config));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_checker_create(&config, &checker));
    config.size = sizeof config;
    EXPECT(LVS_OK, lvs_checker_config_init(&config));
    EXPECT(LVS_ERR_NULL, lvs_checker_create(NULL, &checker));
    EXPECT(LVS_ERR_NULL, lvs_checker_create(&config, NULL));
    config.checks = 2;
    EXPECT(LVS_OK, lvs_checker_create(&config, &checker));
    return checker;
}

static void add_service(struct lvs_checker *checker)
{
    struct lvs_virtual_server good = {.size = 1}, bad;
    struct lvs_dest_config sorry = {.size = 1};

    EXPECT(LVS_ERR_NULL, lvs_virtual_server_init(NULL, &web));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_virtual_server_init(&good, &web));
    good.size = sizeof good;
    EXPECT(LVS_ERR_NULL, lvs_virtual_server_init(&good, NULL));
    EXPECT(LVS_OK, lvs_virtual_server_init(&good, &web));
    EXPECT(LVS_ERR_NULL, lvs_checker_add_service(NULL, 0, &good));
    EXPECT(LVS_ERR_NULL, lvs_checker_add_service(checker, 0, NULL));
#define ADD lvs_checker_add_service(checker, 0, &bad)
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, ADD);
    EXPECT_FIELD(LVS_ERR_FAMILY, service, nowhere, ADD);
    EXPECT_FIELD(LVS_ERR_QUORUM, quorum, 0, ADD);
    EXPECT_FIELD(LVS_ERR_QUORUM, hysteresis, 1, ADD);
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, sorry_server, &sorry, ADD);
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_checker_has_quorum(checker, &web));
    sorry.size = sizeof sorry;
    EXPECT(LVS_OK, lvs_dest_config_init(&sorry, &multicast, 80));
    good.sorry_server = &sorry;
    EXPECT(LVS_OK, lvs_checker_add_service(checker, 0, &good));
    EXPECT(LVS_ERR_SERVICE_EXISTS, lvs_checker_add_service(checker, 0, &good));
    EXPECT(LVS_ERR_NULL, lvs_checker_has_quorum(NULL, &web));
    EXPECT(LVS_ERR_NULL, lvs_checker_has_quorum(checker, NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_checker_has_quorum(checker, &nowhere));
    EXPECT(1, lvs_checker_has_quorum(checker, &web));
}

static void add_dest(struct lvs_checker *checker, struct lvs_dest_config *dest)
{
    static const struct lvs_status_codes codes = {200, 204};
    static const uint8_t digest[16] = {1, 2};
    struct lvs_check_config good = {.size = 1}, bad, checks[3];

    EXPECT(LVS_ERR_NULL, lvs_check_config_init(NULL, LVS_CHECK_TCP));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_check_config_init(&good, LVS_CHECK_TCP));
    good.size = sizeof good;
    EXPECT(LVS_OK, lvs_check_config_init(&good, LVS_CHECK_HTTP_GET));
#define ADD_DEST(check) lvs_checker_add_dest(checker, 0, &web, dest, 0, check, 1)
    EXPECT(LVS_ERR_NULL, ADD_DEST(&good));
    good.path = "/health";
    good.virtualhost = "example.org";
    good.receive = "well";
    good.digest = digest;
    good.status_codes = &codes;
    good.status_code_count = 1;
    good.retry = 0;
    EXPECT(LVS_ERR_NULL, lvs_checker_add_dest(NULL, 0, &web, dest, 0, &good, 1));
    EXPECT(LVS_ERR_NULL, lvs_checker_add_dest(checker, 0, NULL, dest, 0, &good, 1));
    EXPECT(LVS_ERR_NULL, lvs_checker_add_dest(checker, 0, &web, NULL, 0, &good, 1));
    EXPECT(LVS_ERR_NULL, ADD_DEST(NULL));
    EXPECT(LVS_ERR_COUNT, lvs_checker_add_dest(checker, 0, &web, dest, 0, &good, SIZE_MAX));
    EXPECT(LVS_ERR_FAMILY, lvs_checker_add_dest(checker, 0, &nowhere, dest, 0, &good, 1));
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_checker_add_dest(checker, 0, &other, dest, 0, &good, 1));
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_CHECK, kind, INT_MIN, ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_CHECK, kind, 4, ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_TEXT, path, "\xff", ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_TEXT, receive, "\xff", ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_NULL, status_codes, NULL, ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_COUNT, status_code_count, SIZE_MAX, ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_CHECK, delay_loop_milliseconds, 0, ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_CHECK, connect_timeout_milliseconds, 0, ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_CHECK, rise, 0, ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_CHECK, fall, 0, ADD_DEST(&bad));
    EXPECT_FIELD(LVS_ERR_FAMILY, connect_ip, garbage, ADD_DEST(&bad));
    dest->port = 0;
    EXPECT(LVS_ERR_CONNECT_PORT, ADD_DEST(&good));
    dest->port = 80;
    checks[0] = checks[1] = checks[2] = good;
    EXPECT(LVS_ERR_TOO_MANY_CHECKS,
           lvs_checker_add_dest(checker, 0, &web, dest, 0, checks, 3));
    checks[1].size = 0;
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_checker_add_dest(checker, 0, &web, dest, 0, checks, 2));
    EXPECT(LVS_OK, ADD_DEST(&good));
    EXPECT(LVS_ERR_DEST_EXISTS, ADD_DEST(&good));
}

static int poll_kind(struct lvs_checker *checker, struct lvs_checker_action *action)
{
    return lvs_checker_poll_action(checker, action) == 1 ? action->kind : 0;
}

/* A server that answers something else than is expected gives way to the sorry server. */
static void check(struct lvs_checker *checker, const struct lvs_dest_config *dest)
{
    struct lvs_check_outcome good = {LVS_CHECK_OUTCOME_RESPONSE, 204, 1, 1, {1, 2}}, bad;
    struct lvs_checker_action action;
    struct lvs_check check = {.size = 1};
    lvs_time at;

    EXPECT(LVS_ERR_NULL, lvs_checker_poll_action(NULL, &action));
    EXPECT(LVS_ERR_NULL, lvs_checker_poll_action(checker, NULL));
    EXPECT(LVS_CHECKER_ADD_DEST, poll_kind(checker, &action));
    EXPECT(0, memcmp(&action.service.address, &web.address, sizeof web.address));
    EXPECT(dest->weight, action.dest.weight);
    EXPECT(0, poll_kind(checker, &action));

    EXPECT(LVS_ERR_NULL, lvs_checker_next_deadline(NULL, &at));
    EXPECT(LVS_ERR_NULL, lvs_checker_next_deadline(checker, NULL));
    EXPECT(1, lvs_checker_next_deadline(checker, &at));
    EXPECT(LVS_ERR_NULL, lvs_checker_handle_timeout(NULL, at));
    EXPECT(LVS_OK, lvs_checker_handle_timeout(checker, at));
    EXPECT(LVS_CHECKER_START, poll_kind(checker, &action));
    EXPECT(0, memcmp(&action.target, &dest->address, sizeof dest->address));
    EXPECT(80, action.target_port);
    EXPECT(5000000, (long long)(action.deadline - at));

    EXPECT(LVS_ERR_NULL, lvs_checker_get_check(NULL, &action.attempt, &check));
    EXPECT(LVS_ERR_NULL, lvs_checker_get_check(checker, NULL, &check));
    EXPECT(LVS_ERR_NULL, lvs_checker_get_check(checker, &action.attempt, NULL));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_checker_get_check(checker, &action.attempt, &check));
    check.size = sizeof check;
    EXPECT(LVS_OK, lvs_checker_get_check(checker, &action.attempt, &check));
    EXPECT(LVS_CHECK_HTTP_GET, check.kind);
    EXPECT(0, strcmp(check.path, "/health") | strcmp(check.virtualhost, "example.org"));
    EXPECT(0, strcmp(check.receive, "well"));
    EXPECT(2, check.digest[1]);
    EXPECT(1, check.up & check.running);

#define OUTCOME lvs_checker_handle_outcome(checker, at, &action.attempt, &bad)
    EXPECT(LVS_ERR_NULL, lvs_checker_handle_outcome(NULL, at, &action.attempt, &good));
    EXPECT(LVS_ERR_NULL, lvs_checker_handle_outcome(checker, at, NULL, &good));
    EXPECT(LVS_ERR_NULL, lvs_checker_handle_outcome(checker, at, &action.attempt, NULL));
    EXPECT_FIELD(LVS_ERR_OUTCOME, kind, -1, OUTCOME);
    EXPECT_FIELD(LVS_ERR_OUTCOME, kind, 6, OUTCOME);
    EXPECT(LVS_OK, lvs_checker_handle_outcome(checker, at, &action.attempt, &good));
    EXPECT(0, poll_kind(checker, &action));
    EXPECT(1, lvs_checker_next_deadline(checker, &at));
    EXPECT(LVS_OK, lvs_checker_handle_timeout(checker, at));
    EXPECT(LVS_CHECKER_START, poll_kind(checker, &action));
    EXPECT_FIELD(LVS_OK, status, 500, OUTCOME);
    EXPECT(LVS_CHECKER_DELETE_DEST, poll_kind(checker, &action));
    EXPECT(80, action.dest.port);
    EXPECT(LVS_CHECKER_ADD_DEST, poll_kind(checker, &action));
    EXPECT(0, memcmp(&action.dest.address, &multicast, sizeof multicast));
    EXPECT(LVS_CHECKER_NOTIFY_DEST, poll_kind(checker, &action));
    EXPECT(0, action.up);
    EXPECT(LVS_CHECKER_NOTIFY_QUORUM, poll_kind(checker, &action));
    EXPECT(0, action.up);
    EXPECT(0, lvs_checker_has_quorum(checker, &web));

    action.attempt.check = UINT64_MAX;
    EXPECT(LVS_ERR_STALE_CHECK, lvs_checker_get_check(checker, &action.attempt, &check));
    EXPECT(LVS_OK, lvs_checker_handle_outcome(checker, at, &action.attempt, &good));
}

static void change(struct lvs_checker *checker, struct lvs_dest_config *dest)
{
    struct lvs_check_config ping = {.size = sizeof ping};
    struct lvs_checker_action action;
    struct lvs_check check = {.size = sizeof check};
    lvs_time at;

    dest->weight = 5;
    EXPECT(LVS_ERR_NULL, lvs_checker_edit_dest(NULL, 0, &web, dest));
    EXPECT(LVS_ERR_NULL, lvs_checker_edit_dest(checker, 0, NULL, dest));
    EXPECT(LVS_ERR_NULL, lvs_checker_edit_dest(checker, 0, &web, NULL));
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_checker_edit_dest(checker, 0, &other, dest));
    EXPECT(LVS_OK, lvs_checker_edit_dest(checker, 0, &web, dest));
#define REMOVE(checker, service, address, port)                                                    \
    lvs_checker_remove_dest(checker, 0, service, address, port)
    EXPECT(LVS_ERR_NULL, REMOVE(NULL, &web, &server, 80));
    EXPECT(LVS_ERR_NULL, REMOVE(checker, NULL, &server, 80));
    EXPECT(LVS_ERR_NULL, REMOVE(checker, &web, NULL, 80));
    EXPECT(LVS_ERR_FAMILY, REMOVE(checker, &web, &garbage, 80));
    EXPECT(LVS_ERR_NO_SUCH_DEST, REMOVE(checker, &web, &multicast, 80));
    EXPECT(LVS_OK, REMOVE(checker, &web, &server, 80));
    EXPECT(LVS_ERR_NO_SUCH_DEST, REMOVE(checker, &web, &server, 80));
    EXPECT(0, poll_kind(checker, &action));
    EXPECT(0, lvs_checker_next_deadline(checker, &at));

    EXPECT(LVS_OK, lvs_check_config_init(&ping, LVS_CHECK_MISC));
    ping.path = "ping";
    ping.warmup_milliseconds = 0;
    EXPECT(LVS_OK, lvs_checker_add_dest(checker, 0, &web, dest, 1, &ping, 1));
    while (poll_kind(checker, &action) != LVS_CHECKER_START)
        EXPECT(1, action.kind != 0);
    EXPECT(LVS_OK, lvs_checker_get_check(checker, &action.attempt, &check));
    EXPECT(0, strcmp(check.path, "ping"));
    EXPECT(1, check.virtualhost == NULL && check.receive == NULL && check.digest == NULL);
    EXPECT(LVS_ERR_NULL, lvs_checker_remove_service(NULL, 0, &web));
    EXPECT(LVS_ERR_NULL, lvs_checker_remove_service(checker, 0, NULL));
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_checker_remove_service(checker, 0, &other));
    EXPECT(LVS_OK, lvs_checker_remove_service(checker, 0, &web));
    EXPECT(LVS_ERR_NULL, lvs_checker_shutdown(NULL, 0));
    EXPECT(LVS_OK, lvs_checker_shutdown(checker, UINT64_MAX));
    EXPECT(LVS_CHECKER_DELETE_DEST, poll_kind(checker, &action));
    EXPECT(LVS_CHECKER_ABORT, poll_kind(checker, &action));
    EXPECT(0, poll_kind(checker, &action));
}

int main(void)
{
    struct lvs_checker *checker = create();
    struct lvs_dest_config dest = {.size = sizeof dest};

    EXPECT(LVS_OK, lvs_dest_config_init(&dest, &server, 80));
    add_service(checker);
    add_dest(checker, &dest);
    check(checker, &dest);
    change(checker, &dest);
    lvs_checker_destroy(checker);
    lvs_checker_destroy(NULL);
    return 0;
}
