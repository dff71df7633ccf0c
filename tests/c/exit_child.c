/*
 * A program that ends while the broker does not answer: it says when calls are in flight, waits for
 * a line, and then ends in the way that its second argument names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "test_probe.h"

int main(int argc, char **argv) {
  test_probe_t probe;
  test_probe_session_t session;
  uint64_t operation;
  char line[16];
  test_probe_record_t record = TEST_PROBE_RECORD_INIT;
  if (argc != 3) return 2;
  if (test_probe_open(config_at(argv[1]), &probe, NULL) != TEST_PROBE_OK) return 3;
  if (test_probe_session_open(probe,
                              "topics: [{topic: ending, role: both, create: {partitions: 1, replicationFactor: 1}}]",
                              NULL, &session, NULL) != TEST_PROBE_OK)
    return 4;
  if (test_probe_produce(session, "ending", &record, 20000, NULL, NULL) != TEST_PROBE_OK) return 5;
  puts("ready");
  fflush(stdout);
  if (fgets(line, sizeof line, stdin) == NULL) return 6;

  /* The broker is stopped or dead now: these are in flight when the program ends. */
  for (int i = 0; i < 100; ++i)
    if (test_probe_produce_async(session, "ending", &record, 60000, &operation, NULL) != TEST_PROBE_OK) return 7;
  if (test_probe_expect_async(session,
                              "{\"verb\": \"expect_event\", \"topic\": \"ending\", \"match\": {\"id\": \"x\"}}", 60000,
                              &operation, NULL) != TEST_PROBE_OK)
    return 8;
  if (strcmp(argv[2], "close") == 0) {
    const int64_t begun = now_ms();
    if (test_probe_close(probe, -1, NULL) != TEST_PROBE_OK) return 9;
    if (now_ms() - begun > 3000) return 10;
  } else if (strcmp(argv[2], "abandon") == 0) {
    exit(0);
  }
  return 0;
}
