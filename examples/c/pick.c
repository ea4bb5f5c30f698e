/* Three web servers behind one address: which of them gets the next client? */
#include <lvs.h>
#include <stdio.h>

int main(void)
{
    struct lvs_pool_config config = {.size = sizeof config};
    struct lvs_pool *pool;

    lvs_pool_config_init(&config);
    config.scheduler = LVS_SCHEDULER_WLC;
    int status = lvs_pool_create(&config, 0, &pool);
    if (status != LVS_OK) {
        fprintf(stderr, "%s\n", lvs_strerror(status));
        return 1;
    }
    for (uint8_t i = 1; i <= 3; i++) {
        struct lvs_address address = {LVS_IPV4, {10, 2, 0, i}};
        struct lvs_dest_config server = {.size = sizeof server};
        lvs_dest_id id;

        lvs_dest_config_init(&server, &address, 80);
        server.weight = i;
        if (lvs_pool_add_dest(pool, 0, &server, &id) != LVS_OK)
            return 1;
    }
    for (uint8_t client = 1; client <= 6; client++) {
        struct lvs_flow flow = {.family = LVS_IPV4, .protocol = 6,
                                .source = {192, 0, 2, client}, .source_port = 40000,
                                .destination = {203, 0, 113, 1}, .destination_port = 80};
        struct lvs_dest server = {.size = sizeof server};
        lvs_dest_id picked;
        lvs_conn_token conn;

        lvs_pool_pick_burst(pool, 0, &flow, 1, &picked);
        if (lvs_pool_open_conn(pool, picked, &conn) == LVS_OK)
            lvs_pool_activate_conn(pool, conn);
        if (lvs_pool_get_dest(pool, picked, &server) == LVS_OK)
            printf("192.0.2.%d -> 10.2.0.%d (weight %u, %u active)\n", client,
                   server.address.octets[3], server.weight, server.active_conns);
    }
    lvs_pool_destroy(pool);
    return 0;
}
