/* What one call over the C boundary costs: nothing but a number, a handle looked up, a verb. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <test_probe.h>

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}

static void check(int32_t code, test_probe_error_t *error) {
    if (code != 0) {
        fprintf(stderr, "%d: %s\n", (int)code, error ? test_probe_error_message(error) : "");
        exit(1);
    }
}

int main(int argc, char **argv) {
    enum { MANY = 10000000, SOME = 200000 };
    char directives[512];
    test_probe_error_t *error = NULL;
    test_probe_t probe;
    test_probe_session_t session;
    uint64_t sum = 0;
    double begun;
    if (argc != 3) return 2;
    snprintf(directives, sizeof directives, "{\"kafka\": {\"bootstrap-servers\": \"%s\"}}", argv[1]);
    check(test_probe_open(directives, &probe, &error), error);
    snprintf(directives, sizeof directives, "topics:\n  - {topic: %s, role: both, create: {partitions: 1}}\n", argv[2]);
    check(test_probe_session_open(probe, directives, NULL, &session, &error), error);

    begun = now();
    for (int i = 0; i < MANY; i++) sum += test_probe_abi_version();
    printf("C: a number            %8.1f ns\n", (now() - begun) / MANY);

    begun = now();
    for (int i = 0; i < SOME; i++) {
        char *id = NULL;
        check(test_probe_session_test_id(session, &id, &error), error);
        sum += (uint64_t)id[0];
        test_probe_string_free(id);
    }
    printf("C: test id of a handle %8.1f ns\n", (now() - begun) / SOME);

    begun = now();
    for (int i = 0; i < SOME; i++) {
        test_probe_events_t *events = NULL;
        check(test_probe_fetch(session, argv[2], "nothing", &events, &error), error);
        test_probe_events_free(events);
    }
    printf("C: fetch of nothing    %8.1f ns\n", (now() - begun) / SOME);
    check(test_probe_close(probe, 1000, &error), error);
    return sum == 0;
}
