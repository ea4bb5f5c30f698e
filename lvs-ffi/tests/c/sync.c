/* Connections told to another director. */
#include "expect.h"

/* What a Linux director with sync id 5 said of a connection from 10.1.1.1 [SM1-4]. */
static const uint8_t recorded[44] = {
    0, 5, 0, 44, 1, 1, 0, 0, 0, 6, 0, 36, 0, 0, 0, 0x83, 0, 1, 3, 0xe9, 0, 80, 0, 80,
    0, 0, 0, 0, 0, 0, 3, 0x84, 10, 1, 1, 1, 10, 0, 0, 1, 10, 2, 0, 1,
};

static struct lvs_director *create(void)
{
    struct lvs_director_config config = {.size = sizeof config};
    struct lvs_director *director;

    EXPECT(LVS_OK, lvs_director_config_init(&config));
    config.connections = config.connections_v6 = 2;
    EXPECT(LVS_OK, lvs_director_create(&config, &director));
    EXPECT(LVS_OK, lvs_director_apply(director, 0,
                                      "-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.2.0.1", NULL));
    return director;
}

static struct lvs_sync_config defaults(void)
{
    struct lvs_sync_config config = {.size = sizeof config};

    EXPECT(LVS_OK, lvs_sync_config_init(&config));
    return config;
}

static void configure(void)
{
    struct lvs_sync_config config = {.size = sizeof config - 1};

    EXPECT(LVS_ERR_NULL, lvs_sync_config_init(NULL));
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_sync_config_init(&config));
    config = defaults();
    EXPECT(1, config.version == 1 && config.sync_id == 0 && config.message_length == 1472);
    EXPECT(1, config.threshold_packets == 3 && config.threshold_period == 50);
    EXPECT(1, config.tick_micros == 4000 && config.queue_length == 64);
}

static void start(struct lvs_director *director)
{
    struct lvs_sync_config good = defaults(), bad;

#define START lvs_director_start_sync_master(director, &bad)
    EXPECT(LVS_ERR_NULL, lvs_director_start_sync_master(NULL, &good));
    EXPECT(LVS_ERR_NULL, lvs_director_start_sync_master(director, NULL));
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, 0, START);
    EXPECT_FIELD(LVS_ERR_SYNC_VERSION, version, 2, START);
    EXPECT_FIELD(LVS_ERR_SYNC_VERSION, version, 255, START);
    EXPECT_FIELD(LVS_ERR_SYNC_THRESHOLD, threshold_packets, 50, START);
    EXPECT_FIELD(LVS_ERR_SYNC_THRESHOLD, threshold_packets, UINT32_MAX, START);
    EXPECT_FIELD(LVS_ERR_SYNC_LENGTH, message_length, 0, START);
    EXPECT_FIELD(LVS_ERR_SYNC_LENGTH, message_length, 7, START);
    EXPECT(LVS_ERR_NULL, lvs_director_stop_sync_master(NULL));
    EXPECT(LVS_OK, lvs_director_stop_sync_master(director));

    /* Numbers as large as can be, and as small. */
    good.threshold_period = good.refresh_period_secs = UINT32_MAX;
    good.retries = good.persist_mode = good.sync_id = 255;
    good.message_length = UINT16_MAX;
    EXPECT_FIELD(LVS_OK, queue_length, 1, START);
    EXPECT(LVS_ERR_SYNC_MASTER, START);
    EXPECT(LVS_OK, lvs_director_stop_sync_master(director));
    good.message_length = 8;
    EXPECT_FIELD(LVS_OK, queue_length, UINT16_MAX, START);
    EXPECT(LVS_OK, lvs_director_stop_sync_master(director));
    good.tick_micros = 0;
    EXPECT_FIELD(LVS_OK, queue_length, 0, START);
    EXPECT(LVS_OK, lvs_director_stop_sync_master(director));
    EXPECT(LVS_OK, lvs_director_stop_sync_master(director));
}

static void receive(struct lvs_director *director)
{
    struct lvs_sync_config good = defaults(), bad;
    struct lvs_sync_received out = {.size = sizeof out, .created = 99};
    uint8_t message[sizeof recorded + 36];

    good.sync_id = 5;
#define RECEIVE(message, length)                                                                   \
    lvs_director_receive_sync_message(director, 0, &good, message, length, &out)
    EXPECT(LVS_ERR_NULL, lvs_director_receive_sync_message(NULL, 0, &good, recorded, 44, &out));
    EXPECT(LVS_ERR_NULL, lvs_director_receive_sync_message(director, 0, NULL, recorded, 44, &out));
    EXPECT(LVS_ERR_NULL, lvs_director_receive_sync_message(director, 0, &good, recorded, 44, NULL));
    EXPECT(LVS_ERR_NULL, RECEIVE(NULL, 44));
    EXPECT(LVS_ERR_COUNT, RECEIVE(recorded, SIZE_MAX));
#define RECEIVE_BY_BAD lvs_director_receive_sync_message(director, 0, &bad, recorded, 44, &out)
    EXPECT_FIELD(LVS_ERR_STRUCT_SIZE, size, SIZE_MAX, RECEIVE_BY_BAD);
    EXPECT_FIELD(LVS_ERR_SYNC_VERSION, version, 2, RECEIVE_BY_BAD);
    EXPECT_FIELD(LVS_ERR_SYNC_THRESHOLD, threshold_period, 1, RECEIVE_BY_BAD);
    EXPECT_FIELD(LVS_ERR_SYNC_ID, sync_id, 6, RECEIVE_BY_BAD);
    EXPECT(LVS_ERR_SYNC_MESSAGE, RECEIVE(NULL, 0));
    for (size_t length = 0; length < sizeof recorded; length++) {
        EXPECT(LVS_ERR_SYNC_MESSAGE, RECEIVE(recorded, length));
    }
    memset(message, 0xff, sizeof message);
    EXPECT(LVS_ERR_SYNC_MESSAGE, RECEIVE(message, sizeof message));
    out.size--;
    EXPECT(LVS_ERR_STRUCT_SIZE, RECEIVE(recorded, 44));
    out.size++;
    EXPECT(99, out.created);

    EXPECT(LVS_OK, RECEIVE(recorded, 44));
    EXPECT(1, out.created == 1 && out.updated == 0 && out.damaged == 0);
    EXPECT_FIELD(LVS_OK, sync_id, 0, RECEIVE_BY_BAD);
    EXPECT(1, out.created == 0 && out.updated == 1 && out.refused == 0);

    /* One more, which is damaged, or not understood. */
    memcpy(message, recorded, sizeof recorded);
    memcpy(message + sizeof recorded, recorded + 8, 36);
    message[3] = sizeof message;
    message[4] = 3;
    EXPECT(LVS_OK, RECEIVE(message, sizeof message));
    EXPECT(1, out.updated == 2 && out.damaged == 1);
    message[4] = 2;
    message[17 + 36] = 11;
    EXPECT(LVS_OK, RECEIVE(message, sizeof message));
    EXPECT(1, out.updated == 1 && out.refused == 1 && out.damaged == 0);

    /* As inactive to another server; from two more clients, of which one has room. */
    memcpy(message, recorded, sizeof recorded);
    message[14] = 1;
    message[43] = 2;
    EXPECT(LVS_OK, RECEIVE(message, 44));
    EXPECT(1, out.ignored == 1 && out.updated == 0);
    message[35] = 2;
    EXPECT(LVS_OK, RECEIVE(message, 44));
    EXPECT(1, out.created);
    message[35] = 3;
    EXPECT(LVS_OK, RECEIVE(message, 44));
    EXPECT(1, out.created == 0 && out.table_full == 1);
}

/* The client of the record goes on; what it sends is announced, a message for each record. */
static void announce(struct lvs_director *director)
{
    struct lvs_sync_config config = defaults();
    struct lvs_sync_counters counters = {.size = sizeof counters};
    struct lvs_flow fin = {.family = LVS_IPV4, .protocol = 6, .tcp_flags = 17,
                           .source = {10, 1, 1, 1}, .source_port = 1001,
                           .destination = {10, 0, 0, 1}, .destination_port = 80};
    struct lvs_verdict verdict;
    uint8_t message[44] = {99};
    size_t length = 99;
    lvs_time deadline;

#define POLL(capacity) lvs_director_poll_sync_message(director, message, capacity, &length)
    EXPECT(LVS_ERR_NULL, lvs_director_get_sync_counters(NULL, &counters));
    EXPECT(LVS_ERR_NULL, lvs_director_get_sync_counters(director, NULL));
    counters.size = 0;
    EXPECT(LVS_ERR_STRUCT_SIZE, lvs_director_get_sync_counters(director, &counters));
    counters.size = sizeof counters;
    EXPECT(0, POLL(0));
    EXPECT(LVS_ERR_NULL, lvs_director_poll_sync_message(NULL, message, 44, &length));
    EXPECT(LVS_ERR_NULL, lvs_director_poll_sync_message(director, NULL, 44, &length));
    EXPECT(LVS_ERR_NULL, lvs_director_poll_sync_message(director, message, 44, NULL));
    EXPECT(LVS_ERR_COUNT, POLL(SIZE_MAX));

    config.message_length = sizeof message;
    config.queue_length = 1;
    config.threshold_packets = config.threshold_period = 0;
    config.sync_id = 7;
    config.refresh_period_secs = 1;
    EXPECT(LVS_OK, lvs_director_start_sync_master(director, &config));
    EXPECT(LVS_OK, lvs_director_decide(director, 1000000, &fin, &verdict));
    EXPECT(LVS_VERDICT_FORWARD, verdict.kind);
    EXPECT(1, lvs_director_next_deadline(director, &deadline));
    EXPECT(3000000, deadline);
    EXPECT(0, POLL(44));
    EXPECT(LVS_OK, lvs_director_handle_timeout(director, deadline, 1));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, POLL(43));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, lvs_director_poll_sync_message(director, NULL, 0, &length));
    EXPECT(1, message[0] == 99 && length == 99);
    EXPECT(1, POLL(44));
    EXPECT(1, length == 44 && message[1] == 7 && message[3] == 44 && message[23] == 80);
    EXPECT(0, POLL(44));

    /* What was announced before the end can be polled after it, as far as there was room. */
    for (lvs_time now = 50000000; now < 53000000; now += 1000000) {
        EXPECT(LVS_OK, lvs_director_decide(director, now, &fin, &verdict));
    }
    EXPECT(LVS_OK, lvs_director_stop_sync_master(director));
    EXPECT(LVS_ERR_BUFFER_TOO_SMALL, POLL(0));
    EXPECT(1, POLL(44));
    EXPECT(0, POLL(44));
    EXPECT(LVS_OK, lvs_director_get_sync_counters(director, &counters));
    EXPECT(1, counters.messages == 2 && counters.records_unsendable == 0);
    EXPECT(1, counters.records == counters.messages + counters.records_dropped);
    EXPECT(LVS_OK, lvs_director_decide(director, 90000000, &fin, &verdict));
    EXPECT(0, POLL(44));

    EXPECT(LVS_OK, lvs_director_start_sync_master(director, &config));
    EXPECT(LVS_OK, lvs_director_get_sync_counters(director, &counters));
    EXPECT(1, counters.messages == 0 && counters.records == 0);
}

int main(void)
{
    struct lvs_director *director = create();

    configure();
    start(director);
    receive(director);
    announce(director);
    lvs_director_destroy(director);
    return 0;
}
