/*
 * The main job in C, on a real Kafka: an order goes in, a foreign service confirms it, nothing is
 * rejected; and while the broker does not answer, that last one is inconclusive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "test_probe.h"

static void check(int32_t code, int32_t expected, const char *what, test_probe_error_t **err) {
  if (code != expected) {
    fprintf(stderr, "%s gave %d, not %d: %s\n", what, (int)code, (int)expected,
            err != NULL && *err != NULL ? test_probe_error_message(*err) : "");
    exit(1);
  }
  printf("ok %s\n", what);
  if (err != NULL) {
    test_probe_error_free(*err);
    *err = NULL;
  }
}

static void require(bool condition, const char *what) {
  if (!condition) {
    fprintf(stderr, "not so: %s\n", what);
    exit(1);
  }
}

static test_probe_event_t first(const test_probe_events_t *events) {
  test_probe_event_t event;
  check(test_probe_events_get(events, 0, &event, NULL), TEST_PROBE_OK, "an event", NULL);
  return event;
}

int main(void) {
  kafka_t kafka = kafka_start();
  char *directives = file_text(TESTS_DIR "/main_job/topics.yaml");
  test_probe_error_t *err = NULL;
  test_probe_t probe;
  test_probe_session_t session;
  check(test_probe_open(config_at(kafka.servers), &probe, &err), TEST_PROBE_OK, "open", &err);
  check(test_probe_session_open(probe, directives, NULL, &session, &err), TEST_PROBE_OK, "session_open", &err);
  free(directives);
  process_t stub = stub_start(kafka.servers);

  test_probe_record_t order = TEST_PROBE_RECORD_INIT;
  const test_probe_header_t headers[] = {{"region", test_probe_text("eu")}, {"note", {NULL, 0}}};
  test_probe_ack_t ack;
  order.type = "OrderCreated";
  order.version = "1";
  order.id = "evt-1";
  order.key = test_probe_text("o-1");
  order.value = test_probe_text("{\"orderId\": \"o-1\", \"total\": 5}");
  order.headers = headers;
  order.header_count = 2;
  check(test_probe_produce(session, "orders", &order, -1, &ack, &err), TEST_PROBE_OK, "produce", &err);
  require(ack.offset == 0 && strcmp(ack.id, "evt-1") == 0, "the acknowledgement names offset and id");

  test_probe_events_t *events = NULL;
  check(
      test_probe_expect(session, "{\"verb\": \"expect_event\", \"topic\": \"orders\", \"match\": {\"id\": \"evt-1\"}}",
                        10000, &events, &err),
      TEST_PROBE_OK, "expect_event of the own order", &err);
  require(first(events).own, "the order is our own");
  test_probe_events_free(events);

  check(test_probe_fetch(session, "orders", "evt-1", &events, &err), TEST_PROBE_OK, "fetch", &err);
  require(test_probe_events_found(events), "the order is fetched by its eventTestId");
  test_probe_event_t event = first(events);
  require(event.key.len == 3 && memcmp(event.key.data, "o-1", 3) == 0, "the key is as it was sent");
  bool region = false, null_note = false;
  for (size_t i = 0; i < event.header_count; ++i) {
    test_probe_header_t header;
    check(test_probe_events_header(events, 0, i, &header, NULL), TEST_PROBE_OK, "a header", NULL);
    region = region || (strcmp(header.name, "region") == 0 && header.value.len == 2);
    null_note = null_note || (strcmp(header.name, "note") == 0 && header.value.data == NULL);
  }
  require(region && null_note, "the headers are as they were sent, null included");
  test_probe_events_free(events);

  check(test_probe_expect(session,
                          "{\"verb\": \"expect_event\", \"topic\": \"confirmations\", \"match\": "
                          "{\"id\": \"evt-1\", \"type\": \"OrderConfirmed\", \"value\": {\"status\": \"CONFIRMED\"}}}",
                          10000, &events, &err),
        TEST_PROBE_OK, "expect_event of the confirmation", &err);
  event = first(events);
  require(!event.own && event.value.len > 0, "the confirmation is the service's");
  require(test_probe_events_verdict(events) != NULL, "the verdict shows its proof");
  test_probe_events_free(events);

  const char *none = "{\"verb\": \"expect_none\", \"topic\": \"rejections\"}";
  check(test_probe_expect(session, none, 500, NULL, &err), TEST_PROBE_OK, "expect_none on a third topic", &err);

  kafka_command(&kafka, "stop 1");
  int32_t code = test_probe_expect(session, none, 500, NULL, &err);
  kafka_command(&kafka, "cont 1");
  check(code, TEST_PROBE_NOT_COVERED, "expect_none while the broker is stopped", &err);

  check(test_probe_session_close(session, &err), TEST_PROBE_OK, "session_close", &err);
  check(test_probe_close(probe, -1, &err), TEST_PROBE_OK, "close", &err);
  process_end(&stub, 30000);
  kafka_end(&kafka);
  return 0;
}
