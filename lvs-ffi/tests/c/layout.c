/* What crosses the door is of the sizes that Rust asserts, too; -fsyntax-only is enough. */
#include <assert.h>
#include <lvs.h>

#define IS(type, size) static_assert(sizeof(struct type) == (size), #type)
#define GROWS(type, on_64_bits, on_32_bits)                                                        \
    IS(type, sizeof(size_t) == 8 ? (on_64_bits) : (on_32_bits));                                   \
    static_assert(offsetof(struct type, size) == 0, #type)

IS(lvs_address, 17);
IS(lvs_mac, 6);
IS(lvs_embedded, 40);
IS(lvs_flow, 100);
IS(lvs_frame, sizeof(size_t) == 8 ? 32 : 20);
IS(lvs_own_addresses, 20);
IS(lvs_tunnel, 4);
GROWS(lvs_dest_config, 48, 44);
GROWS(lvs_dest, 56, 52);
GROWS(lvs_pool_config, 56, 56);
IS(lvs_hop, 44);
IS(lvs_verdict, 46);
IS(lvs_route, 52);
IS(lvs_policy, 8);
GROWS(lvs_defences, 32, 24);
IS(lvs_service_key, 24);
GROWS(lvs_service_config, 64, 60);
GROWS(lvs_director_config, 88, 88);
GROWS(lvs_rule_error, 160, 144);
IS(lvs_outcome, 72);
GROWS(lvs_director_counters, 120, 120);
GROWS(lvs_statistics, 88, 88);
GROWS(lvs_conn, 152, 132);
GROWS(lvs_sync_config, 32, 28);
GROWS(lvs_sync_received, 32, 28);
GROWS(lvs_sync_counters, 40, 40);
GROWS(lvs_checker_config, 32, 24);
GROWS(lvs_virtual_server, 56, 44);
IS(lvs_status_codes, 4);
GROWS(lvs_check_config, 112, 80);
IS(lvs_check_attempt, 16);
IS(lvs_check_outcome, 24);
GROWS(lvs_check, 136, 112);
GROWS(lvs_neighbors_config, 32, 32);
IS(lvs_neighbor_action, 28);
GROWS(lvs_neighbor_counters, 56, 56);
GROWS(lvs_advert_policy, 40, 32);
GROWS(lvs_advert, 72, 56);
IS(lvs_vrrp_peer, 19);
IS(lvs_vrrp_key, sizeof(size_t) == 8 ? 24 : 12);
GROWS(lvs_vrrp_config, 136, 112);
GROWS(lvs_vrrp_authentication, 40, 32);
GROWS(lvs_vrrp_status, 72, 64);
GROWS(lvs_interface_hold_config, 24, 16);
GROWS(lvs_tracker_config, 16, 12);
GROWS(lvs_vrrp_counters, 208, 208);
GROWS(lvs_engine_counters, 32, 32);
IS(lvs_vrrp_event, 32);
IS(lvs_vrrp_action, 56);

static_assert(sizeof(lvs_time) == 8 && sizeof(lvs_dest_id) == 8, "numbers");
