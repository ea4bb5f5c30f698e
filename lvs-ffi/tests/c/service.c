/* Directors, their services and destinations: NULL, nothing, too much, garbage, too late. */
#include "expect.h"

static const struct lvs_service_key web = {{LVS_IPV4, {192, 0, 2, 100}}, 6, 80, 0};
static const struct lvs_service_key mark6 = {{.family = LVS_IPV6}, 0, 0, UINT32_MAX};
static const struct lvs_service_key nowhere = {{255, {0}}, 6, 80, 0};

static void null(void)
{
    struct lvs_service_config service = {.size = sizeof service};
    struct lvs_dest_config config = {.size = sizeof config};
    struct lvs_dest dest = {.size = sizeof dest};
    struct lvs_defences defences = {.size = sizeof defences};
    const struct lvs_policy policy = {0};
    struct lvs_service_key key;
    lvs_dest_id id;
    lvs_time time;
    size_t count;

    EXPECT(LVS_ERR_NULL, lvs_director_config_init(NULL));
    EXPECT(LVS_ERR_NULL, lvs_service_config_init(NULL, &web));
    EXPECT(LVS_ERR_NULL, lvs_service_config_init(&service, NULL));
    EXPECT(LVS_ERR_NULL, lvs_defences_init(NULL));
    EXPECT(LVS_OK, lvs_service_config_init(&service, &web));
    EXPECT(LVS_OK, lvs_dest_config_init(&config, &server, 80));
    EXPECT(LVS_OK, lvs_defences_init(&defences));
    EXPECT(LVS_ERR_NULL, lvs_director_set_policy(NULL, &policy));
    EXPECT(LVS_ERR_NULL, lvs_director_set_defences(NULL, 0, &defences));
    EXPECT(LVS_ERR_NULL, lvs_director_set_lblc_expiration(NULL, 1));
    EXPECT(LVS_ERR_NULL, lvs_director_set_lblcr_expiration(NULL, 1));
    EXPECT(LVS_ERR_NULL, lvs_director_set_timeouts(NULL, 1, 1, 1));
    EXPECT(LVS_ERR_NULL, lvs_director_handle_timeout(NULL, 0, 1));
    EXPECT(LVS_ERR_NULL, lvs_director_next_deadline(NULL, &time));
    EXPECT(LVS_ERR_NULL, lvs_director_add_service(NULL, 0, &service));
    EXPECT(LVS_ERR_NULL, lvs_director_edit_service(NULL, 0, &service));
    EXPECT(LVS_ERR_NULL, lvs_director_delete_service(NULL, 0, &web));
    EXPECT(LVS_ERR_NULL, lvs_director_clear(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_director_get_services(NULL, &key, 1, &count));
    EXPECT(LVS_ERR_NULL, lvs_director_get_service(NULL, &web, &service));
    EXPECT(LVS_ERR_NULL, lvs_director_add_dest(NULL, 0, &web, &config, &id));
    EXPECT(LVS_ERR_NULL, lvs_director_edit_dest(NULL, 0, &web, &config));
    EXPECT(LVS_ERR_NULL, lvs_director_delete_dest(NULL, 0, &web, &server, 80));
    EXPECT(LVS_ERR_NULL, lvs_director_get_dests(NULL, &web, &id, 1, &count));
    EXPECT(LVS_ERR_NULL, lvs_director_get_dest(NULL, 0, &dest));
    lvs_director_destroy(NULL);
}

static struct lvs_director *create(void)
{
    struct lvs_director_config good = {.size = sizeof good}, bad = {.size = sizeof bad - 1};
    struct lvs_director *director = NULL;

    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_director_config_init(&bad));
    EXPECT(LVS_OK, lvs_director_config_init(&good));
    EXPECT(LVS_ERR_NULL, lvs_director_create(NULL, &director));
    EXPECT(LVS_ERR_NULL, lvs_director_create(&good, NULL));
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, lvs_director_create(&bad, &director));
    EXPECT_FIELD(LVS_ERR_PROFILE, profile, 2, lvs_director_create(&bad, &director));
    EXPECT_FIELD(LVS_ERR_MH_TABLE_INDEX, mh_table_index, 18, lvs_director_create(&bad, &director));
    EXPECT(1, director == NULL);
    good.connections = 0;
    good.calls = 0;
    EXPECT(LVS_OK, lvs_director_create(&good, &director));
    lvs_director_destroy(director);
    good.connections = 64;
    good.tick_micros = 0;
    EXPECT(LVS_OK, lvs_director_create(&good, &director));
    return director;
}

static void choices(struct lvs_director *director)
{
    struct lvs_defences good = {.size = 0}, bad;
    struct lvs_policy policy = {256, 1};
    lvs_time time;

    EXPECT(LVS_ERR_NULL, lvs_director_set_policy(director, NULL));
    EXPECT(LVS_ERR_POLICY, lvs_director_set_policy(director, &policy));
    policy.flags = LVS_POLICY_SLOPPY_TCP | LVS_POLICY_BACKUP_ONLY;
    EXPECT(LVS_OK, lvs_director_set_policy(director, &policy));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_defences_init(&good));
    good.size = sizeof good;
    EXPECT(LVS_OK, lvs_defences_init(&good));
    EXPECT(LVS_ERR_NULL, lvs_director_set_defences(director, 0, NULL));
    EXPECT_FIELD(LVS_ERR_DEFENCE, drop_entry, 3, lvs_director_set_defences(director, 0, &bad));
    EXPECT_FIELD(LVS_ERR_DEFENCE, drop_packet, -1, lvs_director_set_defences(director, 0, &bad));
    EXPECT_FIELD(LVS_ERR_DEFENCE, secure_tcp, INT_MAX, lvs_director_set_defences(director, 0, &bad));
    EXPECT(LVS_ERR_NULL, lvs_director_next_deadline(director, NULL));
    EXPECT(0, lvs_director_next_deadline(director, &time));
    good.drop_entry = LVS_DEFENCE_AUTOMATIC;
    EXPECT(LVS_OK, lvs_director_set_defences(director, 5, &good));
    EXPECT(1, lvs_director_next_deadline(director, &time));
    EXPECT(1000005, time);
    EXPECT(LVS_OK, lvs_director_handle_timeout(director, time, 0));
    EXPECT(LVS_OK, lvs_director_handle_timeout(director, time, SIZE_MAX));
    good.drop_entry = LVS_DEFENCE_OFF;
    EXPECT(LVS_OK, lvs_director_set_defences(director, time, &good));
    EXPECT(0, lvs_director_next_deadline(director, &time));
    EXPECT(LVS_OK, lvs_director_set_lblc_expiration(director, 0));
    EXPECT(LVS_OK, lvs_director_set_lblcr_expiration(director, UINT32_MAX));
    EXPECT(LVS_ERR_TIMEOUT, lvs_director_set_timeouts(director, UINT32_MAX, 0, 0));
    EXPECT(LVS_ERR_TIMEOUT, lvs_director_set_timeouts(director, 0, 0, UINT32_MAX));
    EXPECT(LVS_OK, lvs_director_set_timeouts(director, 0, INT32_MAX, 0));
}

static void services(struct lvs_director *director)
{
    struct lvs_service_config good = {.size = sizeof good}, bad, found = {.size = sizeof found};
    struct lvs_service_key keys[2] = {{.mark = 7}, {.mark = 7}};
    size_t count = 7;

    EXPECT(LVS_ERR_FAMILY, lvs_service_config_init(&good, &nowhere));
    EXPECT(LVS_OK, lvs_service_config_init(&good, &web));
    EXPECT(1, good.scheduler == LVS_SCHEDULER_WLC && good.persistent == 0 &&
                  good.persistence_timeout_secs == 360 && good.persistence_mask[3] == 255);
    EXPECT(LVS_ERR_NULL, lvs_director_add_service(director, 0, NULL));
#define ADD lvs_director_add_service(director, 0, &bad)
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 1, ADD);
    EXPECT_FIELD(LVS_ERR_FAMILY, key, nowhere, ADD);
    EXPECT_FIELD(LVS_ERR_PROTOCOL, key.protocol, 1, ADD);
    EXPECT_FIELD(LVS_ERR_SCHEDULER, scheduler, -1, ADD);
    EXPECT_FIELD(LVS_ERR_SCHEDULER_FLAGS, scheduler_flags, UINT32_MAX, ADD);
    EXPECT_FIELD(LVS_ERR_ENGINE, persistence_engine, 2, ADD);
    bad = good;
    bad.has_policy = 1;
    bad.policy.flags = UINT32_MAX;
    EXPECT(LVS_ERR_POLICY, ADD);
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_director_edit_service(director, 0, &good));
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_director_delete_service(director, 0, &web));
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_director_get_service(director, &web, &found));
    EXPECT(LVS_OK, lvs_director_add_service(director, 0, &good));
    EXPECT(LVS_ERR_SERVICE_EXISTS, lvs_director_add_service(director, 0, &good));
    good.persistent = 1;
    EXPECT(LVS_OK, lvs_director_edit_service(director, 0, &good));
    EXPECT(LVS_ERR_NULL, lvs_director_get_service(director, NULL, &found));
    EXPECT(LVS_ERR_NULL, lvs_director_get_service(director, &web, NULL));
    EXPECT(LVS_OK, lvs_director_get_service(director, &web, &found));
    EXPECT(1, found.persistent && found.key.port == 80);
    EXPECT(LVS_OK, lvs_service_config_init(&bad, &mark6));
    bad.persistent = 1;
    bad.persistence_prefix = 0;
    EXPECT(LVS_ERR_NETMASK, ADD);
    bad.persistence_prefix = 128;
    EXPECT(LVS_OK, ADD);
    EXPECT(LVS_ERR_NULL, lvs_director_get_services(director, NULL, 1, &count));
    EXPECT(LVS_ERR_NULL, lvs_director_get_services(director, keys, 1, NULL));
    EXPECT(LVS_ERR_COUNT, lvs_director_get_services(director, keys, SIZE_MAX, &count));
    EXPECT(7, count);
    EXPECT(LVS_OK, lvs_director_get_services(director, NULL, 0, &count));
    EXPECT(2, count);
    EXPECT(LVS_OK, lvs_director_get_services(director, keys, 1, &count));
    EXPECT(1, count == 2 && keys[0].port == 80 && keys[1].mark == 7);
    EXPECT(LVS_OK, lvs_director_get_services(director, keys, 2, &count));
    EXPECT(1, keys[1].mark == UINT32_MAX && keys[1].address.family == LVS_IPV6);
    EXPECT(LVS_ERR_NULL, lvs_director_delete_service(director, 0, NULL));
    EXPECT(LVS_ERR_FAMILY, lvs_director_delete_service(director, 0, &nowhere));
    EXPECT(LVS_OK, lvs_director_delete_service(director, 0, &mark6));
}

static void dests(struct lvs_director *director)
{
    struct lvs_dest_config good = {.size = sizeof good}, bad;
    struct lvs_dest dest = {.size = sizeof dest};
    lvs_dest_id id = 7, ids[2] = {7, 7};
    size_t count = 7;

    EXPECT(LVS_OK, lvs_dest_config_init(&good, &server, 80));
#define ADD_DEST lvs_director_add_dest(director, 0, &web, &bad, &id)
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, SIZE_MAX, ADD_DEST);
    EXPECT_FIELD(LVS_ERR_MIXED_FAMILIES, address, ipv6, ADD_DEST);
    EXPECT_FIELD(LVS_ERR_NOT_UNICAST, address, multicast, ADD_DEST);
    EXPECT_FIELD(LVS_ERR_WEIGHT, weight, UINT32_MAX, ADD_DEST);
    EXPECT(LVS_ERR_NULL, lvs_director_add_dest(director, 0, NULL, &good, &id));
    EXPECT(LVS_ERR_NULL, lvs_director_add_dest(director, 0, &web, NULL, &id));
    EXPECT(LVS_ERR_NULL, lvs_director_add_dest(director, 0, &web, &good, NULL));
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_director_add_dest(director, 0, &mark6, &good, &id));
    EXPECT(LVS_ERR_NO_SUCH_DEST, lvs_director_edit_dest(director, 0, &web, &good));
    EXPECT(LVS_ERR_NO_SUCH_DEST, lvs_director_delete_dest(director, 0, &web, &server, 80));
    EXPECT(LVS_ERR_NO_SUCH_DEST, lvs_director_get_dest(director, LVS_NO_DEST, &dest));
    EXPECT(7, id);
    EXPECT(LVS_OK, lvs_director_add_dest(director, 0, &web, &good, &id));
    EXPECT(LVS_ERR_DEST_EXISTS, lvs_director_add_dest(director, 0, &web, &good, &ids[0]));
    good.weight = 5;
    EXPECT(LVS_OK, lvs_director_edit_dest(director, 0, &web, &good));
    EXPECT(LVS_ERR_NULL, lvs_director_get_dest(director, id, NULL));
    EXPECT(LVS_OK, lvs_director_get_dest(director, id, &dest));
    EXPECT(1, dest.weight == 5 && dest.available);
    EXPECT(LVS_ERR_NULL, lvs_director_get_dests(director, NULL, ids, 2, &count));
    EXPECT(LVS_ERR_NULL, lvs_director_get_dests(director, &web, NULL, 2, &count));
    EXPECT(LVS_ERR_NULL, lvs_director_get_dests(director, &web, ids, 2, NULL));
    EXPECT(LVS_ERR_NO_SUCH_SERVICE, lvs_director_get_dests(director, &mark6, ids, 2, &count));
    EXPECT(7, count);
    EXPECT(LVS_OK, lvs_director_get_dests(director, &web, ids, 2, &count));
    EXPECT(1, count == 1 && ids[0] == id && ids[1] == 7);
    EXPECT(LVS_ERR_NULL, lvs_director_delete_dest(director, 0, &web, NULL, 80));
    EXPECT(LVS_ERR_FAMILY, lvs_director_delete_dest(director, 0, &web, &garbage, 80));
    EXPECT(LVS_OK, lvs_director_delete_dest(director, 0, &web, &server, 80));
    EXPECT(LVS_OK, lvs_director_clear(director, 0));
    EXPECT(LVS_OK, lvs_director_get_services(director, NULL, 0, &count));
    EXPECT(0, count);
}

int main(void)
{
    struct lvs_director *director;

    null();
    director = create();
    choices(director);
    services(director);
    dests(director);
    lvs_director_destroy(director);
    return 0;
}
