/* Trackers, and what they do to a virtual router. */
#include "expect.h"

static struct lvs_tracker *create(int weight)
{
    struct lvs_tracker_config good = {.size = 1}, bad;
    struct lvs_tracker *tracker = NULL;

    EXPECT(LVS_ERR_NULL, lvs_tracker_config_init(NULL));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_tracker_config_init(&good));
    good.size = sizeof good;
    EXPECT(LVS_OK, lvs_tracker_config_init(&good));
    EXPECT(LVS_ERR_NULL, lvs_tracker_create(NULL, &tracker));
    EXPECT(LVS_ERR_NULL, lvs_tracker_create(&good, NULL));
#define CREATE lvs_tracker_create(&bad, &tracker)
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, CREATE);
    EXPECT_FIELD(LVS_ERR_TRACKER_WEIGHT, weight, 255, CREATE);
    EXPECT_FIELD(LVS_ERR_TRACKER_WEIGHT, weight, INT16_MIN, CREATE);
    EXPECT_FIELD(LVS_ERR_NO_REPORTS, rise, 0, CREATE);
    EXPECT_FIELD(LVS_ERR_NO_REPORTS, fall, 0, CREATE);
    EXPECT(1, tracker == NULL);
    EXPECT_FIELD(LVS_OK, weight, (int16_t)weight, CREATE);
    return tracker;
}

static struct lvs_vrrp *create_router(void)
{
    struct lvs_vrrp_config config = {.size = sizeof config};
    const struct lvs_address vip = {LVS_IPV4, {192, 0, 2, 100}};
    struct lvs_vrrp *vrrp;

    EXPECT(LVS_OK, lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51));
    config.source = server;
    config.addresses = &vip;
    config.address_count = 1;
    EXPECT(LVS_OK, lvs_vrrp_create(&config, &vrrp));
    EXPECT(LVS_OK, lvs_vrrp_startup(vrrp, 0));
    return vrrp;
}

static void expect_router(struct lvs_vrrp *vrrp, int state, int priority)
{
    struct lvs_vrrp_status status = {.size = sizeof status};

    EXPECT(LVS_OK, lvs_vrrp_get_status(vrrp, &status));
    EXPECT(state, status.state);
    EXPECT(priority, status.priority);
}

int main(void)
{
    struct lvs_tracker *fault = create(0), *weight = create(-30);
    const struct lvs_tracker *trackers[3] = {fault, weight, NULL};
    struct lvs_vrrp *vrrp = create_router();

    EXPECT(LVS_ERR_NULL, lvs_tracker_report(NULL, 1));
    EXPECT(LVS_ERR_NULL, lvs_tracker_is_well(NULL));
    EXPECT(0, lvs_tracker_is_well(fault));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_track(NULL, 0, trackers, 2));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_track(vrrp, 0, NULL, 2));
    EXPECT(LVS_ERR_NULL, lvs_vrrp_track(vrrp, 0, trackers, 3));
    EXPECT(LVS_ERR_COUNT, lvs_vrrp_track(vrrp, 0, trackers, SIZE_MAX));
    EXPECT(LVS_OK, lvs_vrrp_track(vrrp, 0, NULL, 0));
    expect_router(vrrp, LVS_VRRP_BACKUP, 100);
    EXPECT(LVS_OK, lvs_vrrp_track(vrrp, 0, trackers, 2));
    expect_router(vrrp, LVS_VRRP_INITIALIZE, 100);
    EXPECT(LVS_OK, lvs_tracker_report(fault, INT_MIN));
    EXPECT(LVS_OK, lvs_tracker_report(weight, 0));
    EXPECT(1, lvs_tracker_is_well(fault));
    EXPECT(LVS_OK, lvs_vrrp_track(vrrp, 0, trackers, 2));
    expect_router(vrrp, LVS_VRRP_BACKUP, 70);
    EXPECT(LVS_ERR_NULL, lvs_vrrp_set_tracked(NULL, 0, 9, 0));
    EXPECT(LVS_OK, lvs_vrrp_set_tracked(vrrp, 0, 255, -1));
    expect_router(vrrp, LVS_VRRP_INITIALIZE, 254);
    EXPECT(LVS_OK, lvs_vrrp_set_tracked(vrrp, UINT64_MAX, 0, 0));
    expect_router(vrrp, LVS_VRRP_BACKUP, 1);
    lvs_vrrp_destroy(vrrp);
    lvs_tracker_destroy(fault);
    lvs_tracker_destroy(weight);
    lvs_tracker_destroy(NULL);
    return 0;
}
