/* Two virtual routers on one link, in simulated time: the better one serves the address, dies, and
 * the other one takes over. */
#include <lvs.h>
#include <stdio.h>
#include <stdlib.h>

static void check(int status)
{
    if (status < 0) {
        fprintf(stderr, "%s\n", lvs_strerror(status));
        exit(EXIT_FAILURE);
    }
}

static struct lvs_vrrp *start(uint8_t host, uint8_t priority)
{
    struct lvs_address source = {LVS_IPV4, {192, 0, 2, host}};
    struct lvs_address address = {LVS_IPV4, {192, 0, 2, 100}};
    struct lvs_vrrp_config config = {.size = sizeof config};
    struct lvs_vrrp *router;

    check(lvs_vrrp_config_init(&config, LVS_VRRP_RFC9568, 51));
    config.priority = priority;
    config.source = source;
    config.addresses = &address;
    config.address_count = 1;
    check(lvs_vrrp_create(&config, &router));
    check(lvs_vrrp_startup(router, 0));
    return router;
}

/* Does all that router `i` asks for. A real one would send the frames and install the address. */
static int drain(struct lvs_vrrp *routers[2], int i, lvs_time now)
{
    struct lvs_vrrp *peer = routers[1 - i];
    struct lvs_vrrp_action action;
    int done = 0;

    for (; lvs_vrrp_poll_action(routers[i], &action) > 0; done = 1) {
        if (action.kind == LVS_VRRP_SEND_ADVERT && peer) {
            uint8_t frame[LVS_VRRP_FRAME_MAX];
            size_t length;

            check(lvs_vrrp_write_advert(routers[i], now, action.priority, 0, frame, sizeof frame,
                                        &length));
            check(lvs_vrrp_handle_frame(peer, now, frame, length));
        } else if (action.kind == LVS_VRRP_NOTIFY) {
            printf("%9.6f s  router %d: %s -> %s\n", (double)action.event.at / 1e6, i + 1,
                   lvs_vrrp_state_name(action.event.from), lvs_vrrp_state_name(action.event.to));
        }
    }
    return done;
}

/* The loop of every embedder, with simulated time in place of waiting. */
static void run(struct lvs_vrrp *routers[2], lvs_time now, lvs_time end)
{
    for (;;) {
        lvs_time deadline, wake = end;
        int due = -1;

        while (drain(routers, 0, now) || drain(routers, 1, now)) {
        }
        for (int i = 0; i < 2; i++) {
            if (lvs_vrrp_next_deadline(routers[i], &deadline) > 0 && deadline < wake) {
                wake = deadline;
                due = i;
            }
        }
        if (due < 0) {
            return;
        }
        now = wake;
        check(lvs_vrrp_handle_timeout(routers[due], now));
    }
}

int main(void)
{
    struct lvs_vrrp *routers[2] = {start(1, 200), start(2, 100)};

    run(routers, 0, 10000000);
    puts("10.000000 s  router 1 is killed");
    lvs_vrrp_destroy(routers[0]);
    routers[0] = NULL;
    run(routers, 10000000, 20000000);
    lvs_vrrp_destroy(routers[1]);
    return 0;
}
