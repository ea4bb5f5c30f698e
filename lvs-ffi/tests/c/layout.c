/* What crosses the door is of the sizes that Rust asserts, too; -fsyntax-only is enough. */
#include <assert.h>
#include <lvs.h>

#define IS(type, size) static_assert(sizeof(struct type) == (size), #type)
#define GROWS(type, on_64_bits, on_32_bits)                                                        \
    IS(type, sizeof(size_t) == 8 ? (on_64_bits) : (on_32_bits));                                   \
    static_assert(offsetof(struct type, size) == 0, #type)

IS(lvs_address, 17);
IS(lvs_mac, 6);
IS(lvs_flow, 48);
GROWS(lvs_dest_config, 48, 40);
GROWS(lvs_dest, 48, 44);
GROWS(lvs_pool_config, 56, 56);
GROWS(lvs_vrrp_config, 56, 48);
GROWS(lvs_vrrp_counters, 176, 176);
IS(lvs_vrrp_event, 32);
IS(lvs_vrrp_action, 56);

static_assert(sizeof(lvs_time) == 8 && sizeof(lvs_dest_id) == 8, "numbers");
