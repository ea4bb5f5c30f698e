/* Interfaces that flap, or hear nothing yet, and what their router is told. */
#include "expect.h"

#define SECOND 1000000

static char memory[LVS_INTERFACE_HOLD_MEMORY];

static struct lvs_interface_hold *create(uint32_t up, uint32_t down, uint32_t proof)
{
    struct lvs_interface_hold_config good = {.size = 1}, bad;
    struct lvs_interface_hold *hold = NULL;

    EXPECT(LVS_ERR_NULL, lvs_interface_hold_config_init(NULL));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_interface_hold_config_init(&good));
    good.size = sizeof good;
    EXPECT(LVS_OK, lvs_interface_hold_config_init(&good));
    good.up_milliseconds = up;
    good.down_milliseconds = down;
    good.proof_milliseconds = proof;
#define INIT(memory, size, out) lvs_interface_hold_init(memory, size, &bad, out)
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, INIT(memory, sizeof memory, &hold));
    bad = good;
    EXPECT(LVS_ERR_NULL, INIT(NULL, sizeof memory, &hold));
    EXPECT(LVS_ERR_NULL, INIT(memory, sizeof memory, NULL));
    EXPECT(LVS_ERR_NULL, lvs_interface_hold_init(memory, sizeof memory, NULL, &hold));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, INIT(memory, 0, &hold));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, INIT(memory + 1, 40, &hold));
    EXPECT(1, hold == NULL);
    EXPECT(LVS_OK, INIT(memory, sizeof memory, &hold));
    return hold;
}

static void expect_null(const struct lvs_interface_hold *hold)
{
    lvs_time deadline;

    EXPECT(LVS_ERR_NULL, lvs_interface_hold_report(NULL, 0, 1));
    EXPECT(LVS_ERR_NULL, lvs_interface_hold_frame_received(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_interface_hold_set_tolerance(NULL, 0, 0));
    EXPECT(LVS_ERR_NULL, lvs_interface_hold_handle_timeout(NULL, 0));
    EXPECT(LVS_ERR_NULL, lvs_interface_hold_next_deadline(NULL, &deadline));
    EXPECT(LVS_ERR_NULL, lvs_interface_hold_next_deadline(hold, NULL));
    EXPECT(LVS_ERR_NULL, lvs_interface_hold_is_up(NULL));
}

static void expect_deadline(const struct lvs_interface_hold *hold, lvs_time expected)
{
    lvs_time deadline = 0;

    EXPECT(1, lvs_interface_hold_next_deadline(hold, &deadline));
    EXPECT((long long)expected, (long long)deadline);
}

/* Of a router that advertises every second, and waits for three of them. */
static uint64_t tolerance(void)
{
    struct lvs_vrrp_config config = {.size = sizeof config};
    const struct lvs_address vip = {LVS_IPV4, {192, 0, 2, 100}};
    struct lvs_vrrp *vrrp;
    uint64_t tolerance = 0;

    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51));
    config.source = server;
    config.addresses = &vip;
    config.address_count = 1;
    EXPECT(LVS_OK, lvs_vrrp_create(&config, &vrrp));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_get_interface_tolerance(NULL, &tolerance));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_get_interface_tolerance(vrrp, NULL));
    EXPECT(LVS_OK, lvs_vrrp_get_interface_tolerance(vrrp, &tolerance));
    lvs_vrrp_destroy(vrrp);
    return tolerance;
}

int main(void)
{
    struct lvs_interface_hold *hold = create(0, 0, 30000);
    lvs_time deadline = 7;

    expect_null(hold);
    EXPECT(0, lvs_interface_hold_next_deadline(hold, &deadline));
    EXPECT(7, (long long)deadline);

    /* it has to hear something, or 30 seconds to pass. */
    EXPECT(LVS_OK, lvs_interface_hold_report(hold, SECOND, 1));
    EXPECT(0, lvs_interface_hold_is_up(hold));
    expect_deadline(hold, 31 * SECOND);
    EXPECT(LVS_OK, lvs_interface_hold_frame_received(hold, 9 * SECOND));
    EXPECT(1, lvs_interface_hold_is_up(hold));

    /* what comes back in time was never gone; nobody waits longer than routers bear. */
    hold = create(1000, 5000, 0);
    EXPECT(LVS_OK, lvs_interface_hold_report(hold, SECOND, 1));
    EXPECT(LVS_OK, lvs_interface_hold_handle_timeout(hold, 2 * SECOND - 1));
    EXPECT(0, lvs_interface_hold_is_up(hold));
    EXPECT(LVS_OK, lvs_interface_hold_handle_timeout(hold, 2 * SECOND));
    EXPECT(1, lvs_interface_hold_is_up(hold));
    EXPECT(LVS_OK, lvs_interface_hold_report(hold, 10 * SECOND, 0));
    expect_deadline(hold, 15 * SECOND);
    EXPECT(2 * SECOND, (long long)tolerance());
    EXPECT(LVS_OK, lvs_interface_hold_set_tolerance(hold, 11 * SECOND, tolerance()));
    expect_deadline(hold, 12 * SECOND);
    EXPECT(LVS_OK, lvs_interface_hold_report(hold, 12 * SECOND - 1, 1));
    EXPECT(1, lvs_interface_hold_is_up(hold));
    EXPECT(LVS_OK, lvs_interface_hold_report(hold, 20 * SECOND, 0));
    EXPECT(LVS_OK, lvs_interface_hold_handle_timeout(hold, 22 * SECOND));
    EXPECT(0, lvs_interface_hold_is_up(hold));
    return EXIT_SUCCESS;
}
