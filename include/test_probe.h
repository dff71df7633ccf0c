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
 * - const char *is UTF-8 and NUL-terminated going in; anything else is TEST_PROBE_INVALID_ARGUMENT, as is
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

#ifndef TEST_PROBE_H
#define TEST_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// What a call returns: 0, or why it failed. Numbers never change their meaning.
enum {
  TEST_PROBE_OK = 0,
  // An argument was missing, malformed or out of range.
  TEST_PROBE_INVALID_ARGUMENT = 1001,
  // A topic directive did not validate.
  TEST_PROBE_INVALID_DIRECTIVE = 1002,
  // Two directives of a session had the same name.
  TEST_PROBE_DUPLICATE_TOPIC = 1003,
  // Bootstrap servers were not a list of host:port.
  TEST_PROBE_INVALID_BOOTSTRAP_SERVERS = 1004,
  // The configuration did not validate.
  TEST_PROBE_INVALID_CONFIG = 1005,
  // A cluster was named that the configuration does not have.
  TEST_PROBE_UNKNOWN_CLUSTER = 1006,
  // A principal was named that the configuration does not have, under strict principals.
  TEST_PROBE_UNKNOWN_PRINCIPAL = 1007,
  // No worker was registered for this test id, topic and role.
  TEST_PROBE_ACTOR_NOT_REGISTERED = 1008,
  // The static DSL was used before a probe was registered, or after it was closed.
  TEST_PROBE_DSL_NOT_INITIALIZED = 1009,
  // A handle was stale, closed twice or of another kind.
  TEST_PROBE_INVALID_HANDLE = 1010,
  // The session was closed.
  TEST_PROBE_SESSION_CLOSED = 1011,
  // The request is understood and not supported.
  TEST_PROBE_UNSUPPORTED = 1012,
  // The probe was made in another process, before a fork.
  TEST_PROBE_FORKED = 1013,
  // The call is not possible on this thread.
  TEST_PROBE_WRONG_THREAD = 1014,
  // The expected event provably did not come.
  TEST_PROBE_EXPECTATION_TIMEOUT = 2001,
  // An event came that was forbidden.
  TEST_PROBE_UNEXPECTED_EVENT = 2002,
  // Another number of events came than was expected.
  TEST_PROBE_WRONG_COUNT = 2003,
  // The events came in another order.
  TEST_PROBE_WRONG_ORDER = 2004,
  // An event came more than once.
  TEST_PROBE_DUPLICATE_EVENT = 2005,
  // An acknowledged event was lost.
  TEST_PROBE_ACKED_EVENT_LOST = 2006,
  // The reader had not reached the end offset that was taken after the deadline.
  TEST_PROBE_NOT_COVERED = 2501,
  // A record that might have matched could not be decoded.
  TEST_PROBE_UNDECODABLE = 2502,
  // A record that meets every other condition carries no test id.
  TEST_PROBE_NOT_ATTRIBUTABLE = 2503,
  // Records were gone before they were read.
  TEST_PROBE_READ_GAP = 2504,
  // The cluster behind the bootstrap servers became another one.
  TEST_PROBE_CLUSTER_MOVED = 2505,
  // No broker answered in time.
  TEST_PROBE_BROKER_UNREACHABLE = 3001,
  // The broker refused the credentials.
  TEST_PROBE_AUTHENTICATION_FAILED = 3002,
  // The principal lacks a right.
  TEST_PROBE_NOT_AUTHORIZED = 3003,
  // The topic does not exist.
  TEST_PROBE_UNKNOWN_TOPIC = 3004,
  // The broker did not accept the record.
  TEST_PROBE_PRODUCE_FAILED = 3005,
  // Records could not be fetched.
  TEST_PROBE_CONSUME_FAILED = 3006,
  // The record is larger than the broker or the client allows.
  TEST_PROBE_MESSAGE_TOO_LARGE = 3007,
  // The topic could not be created.
  TEST_PROBE_TOPIC_CREATE_FAILED = 3008,
  // Another producer took over this producer's identity.
  TEST_PROBE_PRODUCER_FENCED = 3009,
  // Offsets could not be committed.
  TEST_PROBE_COMMIT_FAILED = 3010,
  // The schema registry did not answer.
  TEST_PROBE_REGISTRY_UNREACHABLE = 4001,
  // The registry does not have the schema.
  TEST_PROBE_SCHEMA_NOT_FOUND = 4002,
  // The schema is not compatible with its subject.
  TEST_PROBE_SCHEMA_INCOMPATIBLE = 4003,
  // The value could not be written in the topic's format.
  TEST_PROBE_ENCODE_FAILED = 4004,
  // The record could not be read in the topic's format.
  TEST_PROBE_DECODE_FAILED = 4005,
  // Calls to the registry are suspended after repeated failures.
  TEST_PROBE_CIRCUIT_OPEN = 4006,
  // The call was cancelled.
  TEST_PROBE_CANCELLED = 5001,
  // The probe is closing or closed.
  TEST_PROBE_SHUTTING_DOWN = 5002,
  // A limit was reached.
  TEST_PROBE_OVERLOADED = 5003,
  // The call did not end within its time.
  TEST_PROBE_TIMED_OUT = 5004,
  // A panic was caught at the boundary or in a worker.
  TEST_PROBE_PANIC = 9001,
  // An invariant of the engine did not hold.
  TEST_PROBE_INTERNAL = 9002,
};


// The version of this header's binary interface. It is also the number in the library's soname:
// a program that was linked against another one does not load.
// `test_probe_open` (a macro below) and the C++ wrapper refuse a library with another one.
#ifndef TEST_PROBE_ABI_VERSION
#define TEST_PROBE_ABI_VERSION 1
#endif

// Record flag: the value's bytes go to the wire as they are, whatever the topic's format.
#define TEST_PROBE_RECORD_RAW 1

// Completion kind: there is nothing besides the code. Also of every completion that failed.
#define TEST_PROBE_RESULT_NONE 0

// Completion kind: `ack` is filled.
#define TEST_PROBE_RESULT_ACK 1

// Completion kind: `events` is filled.
#define TEST_PROBE_RESULT_EVENTS 2

// Completion kind: `json` is filled (a mark or a coverage).
#define TEST_PROBE_RESULT_JSON 3

// Completion kind: `session` is filled.
#define TEST_PROBE_RESULT_SESSION 4

// Why a call failed. Made by the failing call, freed by the caller with `test_probe_error_free`;
// may be read from any thread.
typedef struct test_probe_error_t test_probe_error_t;

// Events of a fetch, a journal or a verdict that passed. Never changes; may be read from any thread.
// Freed by the caller with `test_probe_events_free`, and with it all that came from it.
typedef struct test_probe_events_t test_probe_events_t;

// A probe: the engine with its clusters and workers. A number, never an address; 0 is no probe.
// May be copied and used from any thread. A stale, foreign or made-up one is
// TEST_PROBE_INVALID_HANDLE, one from before a fork TEST_PROBE_FORKED.
typedef struct {
  // The handle.
  uint64_t id;
} test_probe_t;

// Bytes with their length. `data` NULL means null (with `len` 0), which differs from empty.
typedef struct {
  // The first byte.
  const uint8_t *data;
  // How many there are.
  size_t len;
} test_probe_bytes_t;

// One header of a record. A name may repeat; the order is kept.
typedef struct {
  // The name, UTF-8, NUL-terminated.
  const char *name;
  // The value; `data` NULL is a null value, which Kafka tells apart from an empty one.
  test_probe_bytes_t value;
} test_probe_header_t;

// A record to produce. Begin with `test_probe_record_t rec = TEST_PROBE_RECORD_INIT;`.
// Everything it points to is copied before the call returns.
//
// The value is written in the topic's format (`format:` of its directive):
// its bytes are UTF-8 text, which for `json` must parse (TEST_PROBE_ENCODE_FAILED). With the flag
// TEST_PROBE_RECORD_RAW they may be any bytes, and go to the wire as they are, whatever the format.
typedef struct {
  // `sizeof(test_probe_record_t)`, by which the library knows this header's layout.
  size_t struct_size;
  // The event type (header `ce_type`), UTF-8; NULL for none.
  const char *type;
  // The payload version (header `ce_payloadversion`), UTF-8; NULL for none.
  const char *version;
  // The eventTestId by which the test calls this event (header `ce_correlationid`), UTF-8;
  // NULL for a fresh one, which comes back in the acknowledgement.
  const char *id;
  // The key; `data` NULL for a record without one.
  test_probe_bytes_t key;
  // The value; `data` NULL is a tombstone.
  test_probe_bytes_t value;
  // Headers besides the envelope's; NULL when `header_count` is 0.
  const test_probe_header_t *headers;
  // How many there are.
  size_t header_count;
  // The partition, from 0; -1 for the client's choice by key.
  int32_t partition;
  // 0 or TEST_PROBE_RECORD_RAW.
  uint32_t flags;
  // Milliseconds since the epoch; TEST_PROBE_NO_TIMESTAMP for now.
  int64_t timestamp;
} test_probe_record_t;

// A session: one test as the engine knows it. As `test_probe_t`, a number.
typedef struct {
  // The handle.
  uint64_t id;
} test_probe_session_t;

// A broker's acknowledgement of one record.
typedef struct {
  // The offset.
  int64_t offset;
  // Milliseconds since the epoch.
  int64_t timestamp;
  // Nanoseconds from the call to the acknowledgement.
  int64_t latency_ns;
  // The partition.
  int32_t partition;
  // The eventTestId that the record went out with, NUL-terminated: the fresh one when the record
  // named none. Empty when it is longer than this (then it is the one that the caller gave).
  char id[64];
} test_probe_ack_t;

// UTF-8 text that belongs to another object. NUL-terminated; `len` counts without the NUL and is
// the truth when the text holds a NUL itself. `data` NULL means that there is none.
typedef struct {
  // The first byte.
  const char *data;
  // How many there are.
  size_t len;
} test_probe_view_t;

// What is known of one received event. Everything in it belongs to the `test_probe_events_t` that
// it came from and lives as long.
typedef struct {
  // The name of the topic in the session's directives.
  test_probe_view_t topic;
  // The eventTestId.
  test_probe_view_t id;
  // The event type.
  test_probe_view_t type;
  // The payload version.
  test_probe_view_t version;
  // Whose event it is.
  test_probe_view_t test_id;
  // The raw key; `data` NULL when the record has none.
  test_probe_bytes_t key;
  // The raw value; `data` NULL for a tombstone.
  test_probe_bytes_t value;
  // How many headers it has; see `test_probe_events_header`.
  size_t header_count;
  // The offset.
  int64_t offset;
  // Milliseconds since the epoch; TEST_PROBE_NO_TIMESTAMP when the record has none.
  int64_t timestamp;
  // The partition.
  int32_t partition;
  // 0, or the code that says why the value could not be decoded; see `test_probe_events_error`.
  int32_t error;
  // Whether the broker set the timestamp (LogAppendTime).
  bool log_append_time;
  // Whether this session produced it and it was acknowledged.
  bool own;
} test_probe_event_t;

// How one operation ended. Free with `test_probe_completions_free`.
typedef struct {
  // What the `..._async` function gave.
  uint64_t operation;
  // 0, or why it failed.
  int32_t code;
  // TEST_PROBE_RESULT_NONE, _ACK, _EVENTS, _JSON or _SESSION: which of the fields below is filled.
  int32_t kind;
  // The error when `code` is not 0, else NULL.
  test_probe_error_t *error;
  // Events of a fetch, a journal or an expectation that passed.
  test_probe_events_t *events;
  // A mark or a coverage.
  char *json;
  // A session that was opened. It is the caller's to close, and stays open after the free.
  test_probe_session_t session;
  // An acknowledgement.
  test_probe_ack_t ack;
} test_probe_completion_t;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Returns the binary interface that the library has; compare with TEST_PROBE_ABI_VERSION.
uint32_t test_probe_abi_version(void);

// Refuses a program that was built against another binary interface: TEST_PROBE_UNSUPPORTED.
// `test_probe_open` calls it by itself; a program that loads the library by dlopen calls it first.
//
// @param expected  TEST_PROBE_ABI_VERSION of the header that the program was built with
int32_t test_probe_check_abi(uint32_t expected, test_probe_error_t **err);

// Returns the library's version, as `0.1.0`. Never freed.
const char *test_probe_version(void);

// Returns every error code as a JSON array of `{"code", "name", "category", "summary", "retriable"}`
// in the order of the numbers. Never freed.
const char *test_probe_error_codes(void);

// Validates topic directives without a probe and without connecting.
// Everything that is wrong is said in one error, each with line and column:
// TEST_PROBE_INVALID_DIRECTIVE, _DUPLICATE_TOPIC or _INVALID_BOOTSTRAP_SERVERS.
//
// @param directives  YAML or JSON text, `topics:` with a list
// @param json  out, may be NULL: the directives with every default written out; free with
//              `test_probe_string_free`
int32_t test_probe_directives_validate(const char *directives, char **json, test_probe_error_t **err);

// Reads a configuration without opening a probe, as `test_probe_open` would read it, and connects to nothing.
// Everything that is wrong is said in one error, each with its file or variable, line and column:
// TEST_PROBE_INVALID_CONFIG or _INVALID_BOOTSTRAP_SERVERS.
//
// @param config  YAML or JSON text as for `test_probe_open`, or NULL
// @param file  text that stands for the file `test-probe.yaml`, empty for none; NULL: the file itself, if it exists
// @param variables  the environment as a JSON object of strings; NULL: that of this process
// @param json  out, may be NULL: the configuration by its keys with every default written out and everything that
//              may be a secret as `***`; free with `test_probe_string_free`
int32_t test_probe_config_validate(const char *config,
                                   const char *file,
                                   const char *variables,
                                   char **json,
                                   test_probe_error_t **err);

// Panics inside this call, so that a program can test how it meets TEST_PROBE_PANIC.
// With a probe and a topic, the worker of that topic panics instead; it is restarted once.
//
// @param probe  the probe, or `{0}` for a panic inside this call
// @param topic  the topic's name, or NULL for a panic inside this call
int32_t test_probe_inject_panic(test_probe_t probe, const char *topic, test_probe_error_t **err);

// Has the pure parts of the engine judge given data without a cluster, so that a language can show that events,
// matches and explanations cross it whole. Only a debug build does: a release says TEST_PROBE_UNSUPPORTED.
//
// @param trial  JSON: `{"trial": "write" | "read" | "compare" | "words" | "explain", ...}` with the documents of
//               `tests/vectors`; `explain` fails as a verdict of that evidence does
// @param rec  the event of `write` and `compare`; NULL when the document has it, and for the others
// @param json  out, may be NULL: the answer, `null` where it is events; free with `test_probe_string_free`
// @param events  out, may be NULL: the event of `read`, else none; free with `test_probe_events_free`
int32_t test_probe_trial(const char *trial,
                         const test_probe_record_t *rec,
                         char **json,
                         test_probe_events_t **events,
                         test_probe_error_t **err);

// Returns the code, as TEST_PROBE_UNKNOWN_TOPIC; 0 for NULL.
int32_t test_probe_error_code(const test_probe_error_t *error);

// Returns the code's name, as `UNKNOWN_TOPIC`; NULL for NULL. Lives as long as the error.
const char *test_probe_error_name(const test_probe_error_t *error);

// Returns what happened, for people: one line, or the whole explanation of a verdict.
// NULL for NULL. Lives as long as the error.
const char *test_probe_error_message(const test_probe_error_t *error);

// Returns what can be done about it; NULL when there is no hint. Lives as long as the error.
const char *test_probe_error_hint(const test_probe_error_t *error);

// Returns whether the same call may succeed later without a change by the caller; false for NULL.
bool test_probe_error_retriable(const test_probe_error_t *error);

// Returns the facts for programs as a JSON object; NULL for NULL. Lives as long as the error.
const char *test_probe_error_context(const test_probe_error_t *error);

// Returns everything as a JSON object `{"code", "name", "category", "message", "hint", "retriable",
// "context", "source"}`; NULL for NULL. Lives as long as the error.
const char *test_probe_error_to_json(const test_probe_error_t *error);

// Frees an error and every text that came from it. NULL does nothing.
void test_probe_error_free(test_probe_error_t *error);

// Frees a string that the library gave out through a `char **`. NULL does nothing.
// Texts that belong to an object are not freed with it.
//
// @param text  from the library, or NULL
void test_probe_string_free(char *text);

// Opens a probe: starts the engine. Nothing connects yet, so a broker that is down is not found here.
// Calls through the header go through a macro that first asks `test_probe_check_abi`.
//
// @param config  YAML or JSON text with the keys of `test-probe.yaml`, on top of the environment;
//                NULL for the environment alone. TEST_PROBE_INVALID_CONFIG says all that is wrong.
// @param out  the probe; close it with `test_probe_close`
// @param err  out, may be NULL: NULL on success, else an error to free
int32_t test_probe_open(const char *config, test_probe_t *out, test_probe_error_t **err);

// Closes a probe with all its sessions, within the timeout, whatever the brokers do. Every call
// that waits ends with TEST_PROBE_SHUTTING_DOWN. The handles of the probe and of its sessions are
// stale from then on, also when this returns an error; only `test_probe_next` still hands out the
// completions that were left.
//
// @param timeout_ms  -1 for the configured one (1 second by default)
int32_t test_probe_close(test_probe_t probe, int64_t timeout_ms, test_probe_error_t **err);

// Returns where the clusters are, for the system under test:
// `{"version", "clusters": {"default": {"bootstrap_servers", "schema_registry_url"}}, ...}`.
// An embedded cluster also has `"listeners"` (servers by protocol), `"certificate_authority"` (PEM or null)
// and `"cluster_id"`. `"schema_registry"` of a cluster whose registry was asked holds its `"circuit"` (`closed`, `open` or
// `half-open`) and counts of calls; `"decode_errors"` are `[{"cluster", "topic", "error_type", "count", "first"}]`, the
// records that could not be read, counted by kind, and what was wrong with the first.
//
// @param json  out; free with `test_probe_string_free`
int32_t test_probe_info(test_probe_t probe,
                        char **json,
                        test_probe_error_t **err);

// Has an embedded cluster inject faults, tell of requests, stop and start brokers, or move leaders.
// Commands are `{"do": "inject", "fault": {"api", "topic", "partition", "client-id", "broker", "times", "after",
// "probability", "then"}}`, `{"do": "clear", "id"}`, `{"do": "faults"}`, `{"do": "requests", "api", "topic",
// "client-id", "limit"}`, `{"do": "forget-requests"}`, `{"do": "brokers"}`, `{"do": "stop-broker", "broker"}`,
// `{"do": "start-broker", "broker"}` and `{"do": "move-leader", "topic", "partition", "broker"}`.
// Those of the cluster's embedded schema registry are `{"do": "inject", "registry": {"method", "path", "times", "after",
// "then"}}`, `{"do": "clear", "registry": {"id"}}`, `{"do": "faults", "registry": {}}`,
// `{"do": "requests", "registry": {"method", "path", "limit"}}` and `{"do": "forget-requests", "registry": {}}`.
// TEST_PROBE_INVALID_ARGUMENT says where a command is wrong; TEST_PROBE_UNKNOWN_CLUSTER is a cluster, or
// a registry, that is not embedded.
//
// @param cluster  the cluster's name, or NULL for the default cluster
// @param command_json  the command
// @param json  out: the answer; free with `test_probe_string_free`
int32_t test_probe_embedded_control(test_probe_t probe,
                                    const char *cluster,
                                    const char *command_json,
                                    char **json,
                                    test_probe_error_t **err);

// Opens a session: one test. Returns when every topic is ready, so that an event produced by
// anybody from then on is never missed; bounded by the configured ask timeout.
//
// @param directives  YAML or JSON text: `topics:` with a list (a file's content, not its path)
// @param test_id  1 to 128 visible ASCII characters, or NULL for a fresh one
// @param out  the session; close it with `test_probe_session_close`
int32_t test_probe_session_open(test_probe_t probe,
                                const char *directives,
                                const char *test_id,
                                test_probe_session_t *out,
                                test_probe_error_t **err);

// As `test_probe_session_open`; its completion carries the session.
//
// @param operation  out: the operation's id, never 0
int32_t test_probe_session_open_async(test_probe_t probe,
                                      const char *directives,
                                      const char *test_id,
                                      uint64_t *operation,
                                      test_probe_error_t **err);

// Returns the session's test id.
//
// @param out  free with `test_probe_string_free`
int32_t test_probe_session_test_id(test_probe_session_t session, char **out, test_probe_error_t **err);

// Returns the headers that tie a REST call to this test, as a JSON object of names and values.
//
// @param json  out; free with `test_probe_string_free`
int32_t test_probe_session_trace_headers(test_probe_session_t session, char **json, test_probe_error_t **err);

// Adds topics to an open session and returns when they are ready.
//
// @param directives  YAML or JSON text: `topics:` with a list
int32_t test_probe_session_add_topics(test_probe_session_t session,
                                      const char *directives,
                                      test_probe_error_t **err);

// As `test_probe_session_add_topics`; its completion carries nothing.
//
// @param operation  out: the operation's id, never 0
int32_t test_probe_session_add_topics_async(test_probe_session_t session,
                                            const char *directives,
                                            uint64_t *operation,
                                            test_probe_error_t **err);

// Closes a session. Its handle is stale from then on, also when this returns an error:
// TEST_PROBE_PRODUCE_FAILED when a produce failed that nobody waited for any more.
int32_t test_probe_session_close(test_probe_session_t session, test_probe_error_t **err);

// As `test_probe_session_close`; the handle is stale at once.
//
// @param operation  out: the operation's id, never 0
int32_t test_probe_session_close_async(test_probe_session_t session,
                                       uint64_t *operation,
                                       test_probe_error_t **err);

// Produces one record and waits for the broker's acknowledgement, or returns why there is none.
// TEST_PROBE_TIMED_OUT leaves open whether it is in the log (context `delivery`).
//
// @param topic  the name of a topic in the session's directives, with role producer or both
// @param rec  the record; see `test_probe_record_t`
// @param timeout_ms  -1 for the configured one (5 seconds by default)
// @param out  out, may be NULL: the acknowledgement
int32_t test_probe_produce(test_probe_session_t session,
                           const char *topic,
                           const test_probe_record_t *rec,
                           int64_t timeout_ms,
                           test_probe_ack_t *out,
                           test_probe_error_t **err);

// As `test_probe_produce`; its completion carries the acknowledgement. Order per topic is the
// order of the calls. One that was cancelled and then fails fails the session's close.
//
// @param timeout_ms  -1 for the configured one (3 seconds by default)
// @param operation  out: the operation's id, never 0
int32_t test_probe_produce_async(test_probe_session_t session,
                                 const char *topic,
                                 const test_probe_record_t *rec,
                                 int64_t timeout_ms,
                                 uint64_t *operation,
                                 test_probe_error_t **err);

// Looks for a consumed event by its eventTestId, at once, as often as wanted.
// That there is none is an answer and not an error: see `test_probe_events_found`.
//
// @param topic  the name of a topic in the session's directives, with role consumer or both
// @param out  one event, or none with the reason; free with `test_probe_events_free`
int32_t test_probe_fetch(test_probe_session_t session,
                         const char *topic,
                         const char *event_test_id,
                         test_probe_events_t **out,
                         test_probe_error_t **err);

// As `test_probe_fetch`; its completion carries the events.
//
// @param operation  out: the operation's id, never 0
int32_t test_probe_fetch_async(test_probe_session_t session,
                               const char *topic,
                               const char *event_test_id,
                               uint64_t *operation,
                               test_probe_error_t **err);

// Returns every consumed event of an eventTestId in journal order; none is no error.
//
// @param out  free with `test_probe_events_free`
int32_t test_probe_fetch_all(test_probe_session_t session,
                             const char *topic,
                             const char *event_test_id,
                             test_probe_events_t **out,
                             test_probe_error_t **err);

// As `test_probe_fetch_all`; its completion carries the events.
//
// @param operation  out: the operation's id, never 0
int32_t test_probe_fetch_all_async(test_probe_session_t session,
                                   const char *topic,
                                   const char *event_test_id,
                                   uint64_t *operation,
                                   test_probe_error_t **err);

// Waits for a verdict. 0: it passed. 20xx to 24xx (TEST_PROBE_EXPECTATION_TIMEOUT, ...): it failed,
// provably. 25xx (TEST_PROBE_NOT_COVERED, ...): inconclusive, the engine cannot know; never take it
// for a pass. The error's message explains the verdict.
//
// @param expectation_json  `{"verb", "topic", ...}`, and for any verb `"hint"`, a sentence that failures repeat:
//        `expect_event`, `expect_none`, `receive_event`: `"match"`, `"after"`;
//        `expect_exactly`, `receive_n`: `"n"` besides;
//        `expect_all_of`: `"matches"`, each may name another `"topic"` of the session, `"after"`, and `"order"`,
//        `in_order` (default; that in which the events were read, within a partition the order of the log) or
//        `any_order`; an event serves one match, and the events come in the order of the matches;
//        `fish_for_event`: `"match"`, `"after"`; ends in events for a function of yours and in what to go on with,
//        see `test_probe_events_verdict`; then `{"verb", "fishing": F, "answers": [...]}` with an answer for each
//        event, `"ignore"`, `"collect"`, and as the last one `"complete"` or `{"fail": "why"}`, until it completes;
//        `expect_group_caught_up`: `"group"`; every partition committed up to the end it has now;
//        `verify_delivery`: what the session produced to `"topic"`, or with `"output"` what came out there by its id;
//        `"checks"`, some of `loss`, `duplicates`, `order_per_key`, `order_per_partition`, `unexpected`, `"match"` of the
//        output, `"after"`;
//        match, all optional: `{"id", "type", "version", "key", "headers", "value", "mode", "matchers", "where", "own",
//        "hint"}` (docs/matches.md);
//        after: `{"mark": M}` with M from `test_probe_mark`, or `{"topic", "partition", "offset"}`
// @param within_ms  how long to wait; -1 for the document's `within_ms`, else the configured time
//        (5 seconds by default). `expect_none`, `expect_exactly` and `verify_delivery` need one. A verdict may take the configured grace more.
// @param out  out, may be NULL: events, coverage and warnings of a verdict that passed;
//        free with `test_probe_events_free`
int32_t test_probe_expect(test_probe_session_t session,
                          const char *expectation_json,
                          int64_t within_ms,
                          test_probe_events_t **out,
                          test_probe_error_t **err);

// As `test_probe_expect`; its completion carries the events, or the code and the explanation.
//
// @param operation  out: the operation's id, never 0
int32_t test_probe_expect_async(test_probe_session_t session,
                                const char *expectation_json,
                                int64_t within_ms,
                                uint64_t *operation,
                                test_probe_error_t **err);

// Returns all that the session kept of a topic, in order; undecodable records with their error.
//
// @param out  free with `test_probe_events_free`
int32_t test_probe_journal(test_probe_session_t session,
                           const char *topic,
                           test_probe_events_t **out,
                           test_probe_error_t **err);

// As `test_probe_journal`; its completion carries the events.
//
// @param operation  out: the operation's id, never 0
int32_t test_probe_journal_async(test_probe_session_t session,
                                 const char *topic,
                                 uint64_t *operation,
                                 test_probe_error_t **err);

// Returns how far a topic was read for this session, per partition, as JSON.
//
// @param json  out; free with `test_probe_string_free`
int32_t test_probe_coverage(test_probe_session_t session, const char *topic, char **json, test_probe_error_t **err);

// As `test_probe_coverage`; its completion carries the JSON.
//
// @param operation  out: the operation's id, never 0
int32_t test_probe_coverage_async(test_probe_session_t session,
                                  const char *topic,
                                  uint64_t *operation,
                                  test_probe_error_t **err);

// Takes a mark: the end offsets of every topic of the session, now. Put it in an
// expectation as `"after": {"mark": ...}` to look from here.
//
// @param json  out; free with `test_probe_string_free`
int32_t test_probe_mark(test_probe_session_t session, char **json, test_probe_error_t **err);

// As `test_probe_mark`; its completion carries the JSON.
//
// @param operation  out: the operation's id, never 0
int32_t test_probe_mark_async(test_probe_session_t session, uint64_t *operation, test_probe_error_t **err);

// Looks at what the schemas of the session need before its first event, as JSON: `{"passed", "findings": [{"topic",
// "side", "check", "status", "text", "error"}]}`. What fails is a finding, and the code is 0.
//
// @param json  out; free with `test_probe_string_free`
int32_t test_probe_preflight(test_probe_session_t session,
                             char **json,
                             test_probe_error_t **err);

// As `test_probe_preflight`; its completion carries the JSON.
//
// @param operation  out: the operation's id, never 0
int32_t test_probe_preflight_async(test_probe_session_t session,
                                   uint64_t *operation,
                                   test_probe_error_t **err);

// Returns how many events there are; 0 for NULL.
size_t test_probe_events_count(const test_probe_events_t *events);

// Returns whether a fetch found an event; for other verbs, whether there are any. False for NULL.
bool test_probe_events_found(const test_probe_events_t *events);

// Returns why a fetch found none: `not seen yet`, `seen but undecodable`, `seen but filtered out` or
// `worker failed`; NULL when it found one, and for other verbs. Lives as long as the events.
const char *test_probe_events_reason(const test_probe_events_t *events);

// Gives the error behind the reason.
//
// @param out  the error, to free with `test_probe_error_free`; NULL when there is none
int32_t test_probe_events_reason_error(const test_probe_events_t *events,
                                       test_probe_error_t **out,
                                       test_probe_error_t **err);

// Returns a passed verdict with its coverage and warnings as a JSON object; for a `fish_for_event` that is
// not at its end, what to hand back under `"fishing"`; NULL for other verbs. Lives as long as the events.
const char *test_probe_events_verdict(const test_probe_events_t *events);

// Gives what is known of one event.
//
// @param index  from 0 to below `test_probe_events_count`, else TEST_PROBE_INVALID_ARGUMENT
// @param out  the event; what it points to lives as long as `events`
int32_t test_probe_events_get(const test_probe_events_t *events,
                              size_t index,
                              test_probe_event_t *out,
                              test_probe_error_t **err);

// Gives one header of an event, in the order of the wire.
//
// @param index  of the event
// @param header  from 0 to below the event's `header_count`
// @param out  the header; what it points to lives as long as `events`
int32_t test_probe_events_header(const test_probe_events_t *events,
                                 size_t index,
                                 size_t header,
                                 test_probe_header_t *out,
                                 test_probe_error_t **err);

// Gives why an event's value could not be decoded.
//
// @param index  of the event
// @param out  the error, to free with `test_probe_error_free`; NULL when it was decoded
int32_t test_probe_events_error(const test_probe_events_t *events,
                                size_t index,
                                test_probe_error_t **out,
                                test_probe_error_t **err);

// Gives one event as a JSON object, with the value as it was decoded.
//
// @param index  of the event
// @param json  out; free with `test_probe_string_free`
int32_t test_probe_events_json(const test_probe_events_t *events,
                               size_t index,
                               char **json,
                               test_probe_error_t **err);

// Frees events and all that came from them. NULL does nothing.
void test_probe_events_free(test_probe_events_t *events);

// Takes completions out of the queue, oldest first: waits until there is one, then takes what is
// there. Each operation completes exactly once, whatever becomes of it. After `test_probe_close`
// it hands out what is left, and then returns TEST_PROBE_INVALID_HANDLE.
//
// @param timeout_ms  how long to wait for the first; 0 to look only
// @param out  array of `capacity` completions; free each with `test_probe_completions_free`
// @param capacity  at least 1
// @param count  out: how many were taken; 0 when none came in time, which is no error
int32_t test_probe_next(test_probe_t probe,
                        int64_t timeout_ms,
                        test_probe_completion_t *out,
                        size_t capacity,
                        size_t *count,
                        test_probe_error_t **err);

// Frees what completions carry, error, events and JSON, and empties them; the array and a session
// stay the caller's. NULL does nothing; a second call on the same array neither.
void test_probe_completions_free(test_probe_completion_t *completions, size_t count);

// Gives a file descriptor for poll, epoll or an event loop: readable while there are completions to
// take with `test_probe_next`. Never read it, write to it or close it; it is closed when the probe
// is, or with the last completion that is taken after that. Linux only, else TEST_PROBE_UNSUPPORTED.
//
// @param out  the descriptor, the same one in every call
int32_t test_probe_completion_fd(test_probe_t probe, int32_t *out, test_probe_error_t **err);

// Cancels an operation. It completes with TEST_PROBE_CANCELLED, unless it had ended already; its
// completion comes through the queue in any case. An id that never was one does nothing.
int32_t test_probe_cancel(test_probe_t probe, uint64_t operation, test_probe_error_t **err);

// Registers the probe that the static DSL means; another one is replaced.
int32_t test_probe_dsl_register(test_probe_t probe, test_probe_error_t **err);

// As `test_probe_produce`, for the session of a test id. TEST_PROBE_DSL_NOT_INITIALIZED before a
// probe is registered or after it closed; TEST_PROBE_ACTOR_NOT_REGISTERED, naming test id, topic
// and role, when there is no such session, topic or role.
//
// @param timeout_ms  -1 for the configured one (5 seconds by default)
// @param out  out, may be NULL: the acknowledgement
int32_t test_probe_dsl_produce(const char *test_id,
                               const char *topic,
                               const test_probe_record_t *rec,
                               int64_t timeout_ms,
                               test_probe_ack_t *out,
                               test_probe_error_t **err);

// As `test_probe_fetch`, for the session of a test id. Errors as `test_probe_dsl_produce`.
//
// @param out  free with `test_probe_events_free`
int32_t test_probe_dsl_fetch(const char *test_id,
                             const char *topic,
                             const char *event_test_id,
                             test_probe_events_t **out,
                             test_probe_error_t **err);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/* The timestamp of a record that names none, and of an event that has none. */
#define TEST_PROBE_NO_TIMESTAMP INT64_MIN

/* Begins a test_probe_record_t: a tombstone without type, id, key and headers. */
#define TEST_PROBE_RECORD_INIT \
  { sizeof(test_probe_record_t), NULL, NULL, NULL, {NULL, 0}, {NULL, 0}, NULL, 0, -1, 0, TEST_PROBE_NO_TIMESTAMP }

/* Returns NUL-terminated text as bytes without the NUL; NULL as null. */
static inline test_probe_bytes_t test_probe_text(const char *text) {
  test_probe_bytes_t bytes;
  bytes.data = (const uint8_t *)text;
  bytes.len = text == NULL ? 0 : strlen(text);
  return bytes;
}

/* What the macro test_probe_open calls: a library with another binary interface is refused. */
static inline int32_t test_probe_open_checked(const char *config, test_probe_t *out, test_probe_error_t **err) {
  int32_t code = test_probe_check_abi(TEST_PROBE_ABI_VERSION, err);
  return code != TEST_PROBE_OK ? code : test_probe_open(config, out, err);
}
#define test_probe_open(config, out, err) test_probe_open_checked(config, out, err)

#endif  /* TEST_PROBE_H */
