/*
 * test-probe: test systems that talk over Kafka, from C (C99 and later).
 *
 * GENERATED from core/src/ffi by `cargo run -p xtask -- codegen`. Do not edit.
 *
 * A test opens a probe and a session, sends an event in, and asks for a verdict on what came out:
 *
 *     test_probe_t probe;
 *     test_probe_session_t session;
 *     test_probe_error_t *err = NULL;
 *     if (test_probe_open(NULL, &probe, &err) != TEST_PROBE_OK) { ... test_probe_error_message(err) ... }
 *     test_probe_session_open(probe, "topics: [{topic: orders, role: both}]", NULL, &session, &err);
 *     test_probe_record_t rec = TEST_PROBE_RECORD_INIT;
 *     rec.type = "OrderCreated";
 *     rec.id = "evt-1";
 *     rec.value = test_probe_text("{\"total\": 5}");
 *     test_probe_produce(session, "orders", &rec, -1, NULL, &err);
 *     test_probe_expect(session, "{\"verb\": \"expect_event\", \"topic\": \"orders\","
 *                                " \"match\": {\"id\": \"evt-1\"}}", 5000, NULL, &err);
 *
 * Rules that hold for every function:
 *
 * - Results. A function that can fail returns an int32_t: 0 (TEST_PROBE_OK) or one of the codes
 *   below. Out-parameters come last and are written only on success.
 * - Errors. The last parameter `err` may be NULL. Else *err is always written: NULL on success, or
 *   an error that the caller frees with test_probe_error_free. There is no last error per thread.
 * - Verdicts. A failed expectation is a code from 2001 to 2499, an inconclusive one from 2500 to
 *   2999; the error's message is the explanation.
 * - Text is UTF-8 and NUL-terminated going in; anything else is TEST_PROBE_INVALID_ARGUMENT, as is
 *   NULL where it is not said to be allowed. Documents are YAML or JSON going in, JSON coming out.
 * - Times are milliseconds in an int64_t; -1 means the configured one where it is said so. Points in
 *   time are milliseconds since 1970-01-01T00:00:00Z.
 * - Ownership. What a function gives through `T **` or `char **` belongs to the caller and is freed
 *   with the function that its type names; those take NULL. `const` texts belong to the object they
 *   come from. Nothing that goes in is kept.
 * - Handles (test_probe_t, test_probe_session_t) are numbers. A stale, closed, foreign or made-up
 *   one gives TEST_PROBE_INVALID_HANDLE and never harm.
 * - Threads. Any function from any thread. No thread of the library runs code of the program.
 * - Waiting. No call waits for ever. An `..._async` twin returns at once with the operation's id;
 *   its completion comes through test_probe_next, exactly once, whatever becomes of it.
 * - Forks. In a forked child a probe of the parent gives TEST_PROBE_FORKED; a new one works.
 * - The library installs no signal handler, never aborts, and is never unloaded.
 */
