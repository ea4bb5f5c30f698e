/* A virtual router in simulated time: it hears nobody, serves the address, and resigns. */
#include <lvs.h>
#include <stdio.h>

/* Does all that the router asks for. A real host would send the frames. */
static void drain(struct lvs_vrrp *router, lvs_time now)
{
    struct lvs_vrrp_action action;
    uint8_t frame[LVS_VRRP_FRAME_MAX];
    size_t length = 0;

    while (lvs_vrrp_poll_action(router, &action) > 0) {
        if (action.kind == LVS_VRRP_SEND_ADVERT) {
            lvs_vrrp_write_advert(router, now, action.priority, 0, frame, sizeof frame, &length);
            printf("  send an advert of priority %d, %zu octets\n", action.priority, length);
        } else if (action.kind == LVS_VRRP_ANNOUNCE) {
            lvs_vrrp_write_announcement(router, &action.address, frame, sizeof frame, &length);
            printf("  announce the address, %zu octets\n", length);
        } else if (action.kind == LVS_VRRP_NOTIFY) {
            printf("  %s -> %s\n", lvs_vrrp_state_name(action.event.from),
                   lvs_vrrp_state_name(action.event.to));
        }
    }
}

int main(void)
{
    struct lvs_address source = {LVS_IPV4, {192, 0, 2, 1}}, address = {LVS_IPV4, {192, 0, 2, 100}};
    struct lvs_vrrp_config config = {.size = sizeof config};
    struct lvs_vrrp *router;
    lvs_time now = 0;

    lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51);
    config.source = source;
    config.addresses = &address;
    config.address_count = 1;
    int status = lvs_vrrp_create(&config, &router);
    if (status != LVS_OK) {
        fprintf(stderr, "%s\n", lvs_strerror(status));
        return 1;
    }

    /* Drain, wait for input or for the deadline, feed exactly one input, drain again. */
    lvs_vrrp_startup(router, now);
    drain(router, now);
    while (now < 5000000 && lvs_vrrp_next_deadline(router, &now) > 0) {
        printf("%.6f s\n", (double)now / 1e6);
        lvs_vrrp_handle_timeout(router, now);
        drain(router, now);
    }
    lvs_vrrp_shutdown(router, now);
    drain(router, now);
    lvs_vrrp_destroy(router);
    return 0;
}
