// The boundary on a real Kafka: waits, cancels, closes, panics, forks, threads.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "json.hpp"
#include "support.h"
#include "test_probe.hpp"

namespace {

constexpr const char* kTopics =
    "topics: [{topic: shared, role: both, create: {partitions: 3, replicationFactor: 1}},"
    " {topic: binary, role: both, format: bytes, create: {partitions: 1, replicationFactor: 1}}]";
constexpr const char* kNever = R"({"verb": "expect_event", "topic": "shared", "match": {"id": "never"}})";
constexpr int64_t kLong = 600000;
constexpr int64_t kDeadline = 20000;

class OnKafka : public testing::Test {
 protected:
  static void SetUpTestSuite() { kafka_ = kafka_start(); }
  static void TearDownTestSuite() { kafka_end(&kafka_); }

  void SetUp() override {
    ASSERT_EQ(test_probe_open(config_at(kafka_.servers), &probe_, nullptr), TEST_PROBE_OK);
    session_ = open_session(probe_);
  }
  void TearDown() override { test_probe_close(probe_, -1, nullptr); }

  static test_probe_session_t open_session(test_probe_t probe) {
    test_probe_session_t session{0};
    test_probe_error_t* err = nullptr;
    EXPECT_EQ(test_probe_session_open(probe, kTopics, nullptr, &session, &err), TEST_PROBE_OK)
        << test_probe_error_message(err);
    test_probe_error_free(err);
    return session;
  }

  /// Takes completions until there are so many, or the deadline passes.
  static std::vector<test_probe_completion_t> take(test_probe_t probe, size_t wanted) {
    std::vector<test_probe_completion_t> taken;
    const int64_t end = now_ms() + kDeadline;
    while (taken.size() < wanted && now_ms() < end) {
      test_probe_completion_t batch[64];
      size_t count = 0;
      if (test_probe_next(probe, 1000, batch, 64, &count, nullptr) != TEST_PROBE_OK) break;
      taken.insert(taken.end(), batch, batch + count);
    }
    EXPECT_EQ(taken.size(), wanted);
    return taken;
  }

  static kafka_t kafka_;
  test_probe_t probe_{0};
  test_probe_session_t session_{0};
};
kafka_t OnKafka::kafka_;

TEST_F(OnKafka, null_bad_utf8_and_misshapen_records_are_error_codes_in_every_verb) {
  constexpr int32_t kInvalid = TEST_PROBE_INVALID_ARGUMENT;
  const char* bad = "caf\xe9";
  test_probe_record_t record = TEST_PROBE_RECORD_INIT;
  test_probe_events_t* events = nullptr;
  char* text = nullptr;
  uint64_t operation = 0;
  for (const char* topic : {static_cast<const char*>(nullptr), bad}) {
    EXPECT_EQ(test_probe_produce(session_, topic, &record, -1, nullptr, nullptr), kInvalid);
    EXPECT_EQ(test_probe_produce_async(session_, topic, &record, -1, &operation, nullptr), kInvalid);
    EXPECT_EQ(test_probe_fetch(session_, topic, "id", &events, nullptr), kInvalid);
    EXPECT_EQ(test_probe_fetch(session_, "shared", topic, &events, nullptr), kInvalid);
    EXPECT_EQ(test_probe_fetch_async(session_, topic, "id", &operation, nullptr), kInvalid);
    EXPECT_EQ(test_probe_fetch_all(session_, "shared", topic, &events, nullptr), kInvalid);
    EXPECT_EQ(test_probe_fetch_all_async(session_, topic, "id", &operation, nullptr), kInvalid);
    EXPECT_EQ(test_probe_expect(session_, topic, 10, &events, nullptr), kInvalid);
    EXPECT_EQ(test_probe_expect_async(session_, topic, 10, &operation, nullptr), kInvalid);
    EXPECT_EQ(test_probe_journal(session_, topic, &events, nullptr), kInvalid);
    EXPECT_EQ(test_probe_journal_async(session_, topic, &operation, nullptr), kInvalid);
    EXPECT_EQ(test_probe_coverage(session_, topic, &text, nullptr), kInvalid);
    EXPECT_EQ(test_probe_coverage_async(session_, topic, &operation, nullptr), kInvalid);
    EXPECT_EQ(test_probe_session_add_topics(session_, topic, nullptr), kInvalid);
    EXPECT_EQ(test_probe_session_add_topics_async(session_, topic, &operation, nullptr), kInvalid);
  }
  EXPECT_EQ(test_probe_produce(session_, "shared", nullptr, -1, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_fetch(session_, "shared", "id", nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_journal(session_, "shared", nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_coverage(session_, "shared", nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_mark(session_, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_mark_async(session_, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_session_test_id(session_, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_session_trace_headers(session_, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_session_close_async(session_, nullptr, nullptr), kInvalid);

  const auto refused = [&](auto&& change) {
    test_probe_record_t changed = TEST_PROBE_RECORD_INIT;
    change(changed);
    return test_probe_produce(session_, "shared", &changed, -1, nullptr, nullptr);
  };
  EXPECT_EQ(refused([](auto& r) { r.struct_size = 0; }), kInvalid);
  EXPECT_EQ(refused([](auto& r) { r.struct_size += 8; }), kInvalid);
  EXPECT_EQ(refused([](auto& r) { r.flags = 1U << 31; }), kInvalid);
  EXPECT_EQ(refused([](auto& r) { r.partition = -2; }), kInvalid);
  EXPECT_EQ(refused([&](auto& r) { r.type = bad; }), kInvalid);
  EXPECT_EQ(refused([&](auto& r) { r.value = test_probe_text(bad); }), kInvalid);
  EXPECT_EQ(refused([](auto& r) { r.key.len = 4; }), kInvalid) << "NULL with a length";
  EXPECT_EQ(refused([](auto& r) { r.key = {reinterpret_cast<const uint8_t*>("k"), SIZE_MAX}; }), kInvalid);
  EXPECT_EQ(refused([](auto& r) { r.header_count = 1; }), kInvalid);
  const test_probe_header_t nameless{nullptr, {nullptr, 0}};
  EXPECT_EQ(refused([&](auto& r) {
              r.headers = &nameless;
              r.header_count = 1;
            }),
            kInvalid);
  EXPECT_EQ(refused([](auto& r) { r.value = test_probe_text("{"); }), TEST_PROBE_ENCODE_FAILED);
  EXPECT_EQ(test_probe_expect(session_, "{", 10, &events, nullptr), kInvalid);
  EXPECT_EQ(test_probe_expect(session_, R"({"verb": "expect_none", "topic": "shared"})", -1, nullptr, nullptr),
            kInvalid);
  EXPECT_EQ(test_probe_expect(session_, R"({"verb": "expect_exactly", "topic": "shared"})", 1, nullptr, nullptr),
            kInvalid)
      << "no `n`";
  EXPECT_EQ(test_probe_expect(session_, R"({"verb": "expect_al_of", "topic": "shared"})", 1, nullptr, nullptr),
            kInvalid);
}

TEST_F(OnKafka, a_tombstone_empty_bytes_and_raw_bytes_come_back_as_they_went) {
  const auto round_trip = [&](const char* id, test_probe_bytes_t value, uint32_t flags) {
    test_probe_record_t record = TEST_PROBE_RECORD_INIT;
    record.id = id;
    record.value = value;
    record.flags = flags;
    record.timestamp = 1700000000123;
    EXPECT_EQ(test_probe_produce(session_, "binary", &record, -1, nullptr, nullptr), TEST_PROBE_OK);
    const std::string wanted = std::string(R"({"verb": "receive_event", "topic": "binary"})");
    test_probe_events_t* events = nullptr;
    EXPECT_EQ(test_probe_expect(session_, wanted.c_str(), 10000, &events, nullptr), TEST_PROBE_OK);
    test_probe_event_t event{};
    EXPECT_EQ(test_probe_events_get(events, 0, &event, nullptr), TEST_PROBE_OK);
    EXPECT_STREQ(event.id.data, id);
    EXPECT_EQ(event.timestamp, 1700000000123);
    std::optional<std::string> back;
    if (event.value.data != nullptr)
      back = std::string(reinterpret_cast<const char*>(event.value.data), event.value.len);
    test_probe_events_free(events);
    return back;
  };
  EXPECT_EQ(round_trip("null", {nullptr, 0}, 0), std::nullopt);
  const uint8_t raw[] = {'"', 0xc3, 0x28, 0x00, '"'};
  EXPECT_EQ(round_trip("raw", {raw, sizeof raw}, TEST_PROBE_RECORD_RAW), std::string("\"\xc3\x28\0\"", 5));
  EXPECT_EQ(round_trip("empty", {raw, 0}, TEST_PROBE_RECORD_RAW), std::string());
}

TEST_F(OnKafka, an_undecodable_record_is_in_the_journal_with_its_error_and_makes_verdicts_inconclusive) {
  test_probe_record_t record = TEST_PROBE_RECORD_INIT;
  record.id = "broken";
  record.value = test_probe_text("{");
  record.flags = TEST_PROBE_RECORD_RAW;
  ASSERT_EQ(test_probe_produce(session_, "shared", &record, -1, nullptr, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(test_probe_expect(session_, R"({"verb": "receive_event", "topic": "shared"})", 10000, nullptr, nullptr),
            TEST_PROBE_UNDECODABLE);
  test_probe_events_t* events = nullptr;
  ASSERT_EQ(test_probe_journal(session_, "shared", &events, nullptr), TEST_PROBE_OK);
  ASSERT_EQ(test_probe_events_count(events), 1U);
  test_probe_event_t event{};
  EXPECT_EQ(test_probe_events_get(events, 0, &event, nullptr), TEST_PROBE_OK);
  test_probe_error_t* undecodable = nullptr;
  EXPECT_EQ(test_probe_events_error(events, 0, &undecodable, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(test_probe_error_code(undecodable), TEST_PROBE_DECODE_FAILED);
  EXPECT_EQ(test_probe_error_code(undecodable), event.error);
  char* info = nullptr;
  ASSERT_EQ(test_probe_info(probe_, &info, nullptr), TEST_PROBE_OK);
  const Json counted = Json::parse(info)["decode_errors"][0];
  test_probe_string_free(info);
  EXPECT_EQ(counted["error_type"].str(), "serialization_error");
  EXPECT_EQ(counted["count"].str(), "1");
  EXPECT_EQ(counted["first"].str(), test_probe_error_message(undecodable));
  test_probe_error_free(undecodable);
  test_probe_events_free(events);
  ASSERT_EQ(test_probe_fetch(session_, "shared", "broken", &events, nullptr), TEST_PROBE_OK);
  EXPECT_FALSE(test_probe_events_found(events));
  EXPECT_STREQ(test_probe_events_reason(events), "seen but undecodable");
  EXPECT_EQ(test_probe_events_reason_error(events, &undecodable, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(test_probe_error_code(undecodable), TEST_PROBE_DECODE_FAILED);
  test_probe_error_free(undecodable);
  test_probe_events_free(events);
}

TEST_F(OnKafka, every_verb_has_a_twin_whose_completion_comes_once) {
  uint64_t produce = 0, expect = 0, fetch = 0, mark = 0, journal = 0, coverage = 0, open = 0;
  test_probe_record_t record = TEST_PROBE_RECORD_INIT;
  record.id = "a-1";
  ASSERT_EQ(test_probe_produce_async(session_, "shared", &record, -1, &produce, nullptr), TEST_PROBE_OK);
  const char* wanted = R"({"verb": "expect_event", "topic": "shared", "match": {"id": "a-1"}})";
  ASSERT_EQ(test_probe_expect_async(session_, wanted, 10000, &expect, nullptr), TEST_PROBE_OK);
  std::vector<test_probe_completion_t> taken = take(probe_, 2);
  ASSERT_EQ(test_probe_fetch_async(session_, "shared", "a-1", &fetch, nullptr), TEST_PROBE_OK);
  ASSERT_EQ(test_probe_mark_async(session_, &mark, nullptr), TEST_PROBE_OK);
  ASSERT_EQ(test_probe_journal_async(session_, "shared", &journal, nullptr), TEST_PROBE_OK);
  ASSERT_EQ(test_probe_coverage_async(session_, "shared", &coverage, nullptr), TEST_PROBE_OK);
  ASSERT_EQ(test_probe_session_open_async(probe_, kTopics, "opened-async", &open, nullptr), TEST_PROBE_OK);
  for (const test_probe_completion_t& more : take(probe_, 5)) taken.push_back(more);
  std::set<uint64_t> seen;
  for (test_probe_completion_t& done : taken) {
    EXPECT_TRUE(seen.insert(done.operation).second) << "a second completion";
    EXPECT_EQ(done.code, TEST_PROBE_OK) << test_probe_error_message(done.error);
    if (done.operation == produce) {
      EXPECT_EQ(done.kind, TEST_PROBE_RESULT_ACK);
      EXPECT_STREQ(done.ack.id, "a-1");
    }
    if (done.operation == expect) {
      EXPECT_EQ(done.kind, TEST_PROBE_RESULT_EVENTS);
      EXPECT_EQ(test_probe_events_count(done.events), 1U);
    }
    if (done.operation == fetch) {
      test_probe_event_t event{};
      EXPECT_EQ(test_probe_events_get(done.events, 0, &event, nullptr), TEST_PROBE_OK);
      EXPECT_TRUE(event.own);
    }
    if (done.operation == mark || done.operation == coverage) {
      EXPECT_EQ(done.kind, TEST_PROBE_RESULT_JSON);
      EXPECT_EQ(done.json[0], '{');
    }
    if (done.operation == open) {
      char* id = nullptr;
      EXPECT_EQ(done.kind, TEST_PROBE_RESULT_SESSION);
      EXPECT_EQ(test_probe_session_test_id(done.session, &id, nullptr), TEST_PROBE_OK);
      EXPECT_STREQ(id, "opened-async");
      test_probe_string_free(id);
      EXPECT_EQ(test_probe_session_close(done.session, nullptr), TEST_PROBE_OK);
    }
  }
  test_probe_completions_free(taken.data(), taken.size());
  test_probe_completions_free(taken.data(), taken.size());
}

TEST_F(OnKafka, records_produced_asynchronously_keep_the_order_of_the_calls) {
  constexpr int kRecords = 500;
  for (int i = 0; i < kRecords; ++i) {
    const std::string id = "n-" + std::to_string(i);
    test_probe_record_t record = TEST_PROBE_RECORD_INIT;
    uint64_t operation = 0;
    record.id = id.c_str();
    record.partition = 0;
    ASSERT_EQ(test_probe_produce_async(session_, "shared", &record, 20000, &operation, nullptr), TEST_PROBE_OK);
  }
  std::vector<test_probe_completion_t> taken = take(probe_, kRecords);
  test_probe_completions_free(taken.data(), taken.size());
  const std::string all = R"({"verb": "receive_n", "topic": "shared", "n": )" + std::to_string(kRecords) + "}";
  test_probe_events_t* events = nullptr;
  ASSERT_EQ(test_probe_expect(session_, all.c_str(), 20000, &events, nullptr), TEST_PROBE_OK);
  for (int i = 0; i < kRecords; ++i) {
    test_probe_event_t event{};
    ASSERT_EQ(test_probe_events_get(events, static_cast<size_t>(i), &event, nullptr), TEST_PROBE_OK);
    ASSERT_EQ(std::string(event.id.data), "n-" + std::to_string(i));
  }
  test_probe_events_free(events);
}

TEST_F(OnKafka, the_descriptor_is_readable_exactly_while_there_are_completions) {
  int fd = -1, again = -1;
  ASSERT_EQ(test_probe_completion_fd(probe_, &fd, nullptr), TEST_PROBE_OK);
  ASSERT_EQ(test_probe_completion_fd(probe_, &again, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(fd, again);
  pollfd wait{fd, POLLIN, 0};
  EXPECT_EQ(poll(&wait, 1, 0), 0);
  uint64_t operation = 0;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(test_probe_mark_async(session_, &operation, nullptr), TEST_PROBE_OK);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(poll(&wait, 1, kDeadline), 1) << "completion " << i;
    test_probe_completion_t done;
    size_t count = 0;
    EXPECT_EQ(test_probe_next(probe_, 0, &done, 1, &count, nullptr), TEST_PROBE_OK);
    EXPECT_EQ(count, 1U);
    test_probe_completions_free(&done, count);
  }
  EXPECT_EQ(poll(&wait, 1, 0), 0);
}

TEST_F(OnKafka, a_cancelled_call_completes_as_cancelled_and_cancelling_again_is_harmless) {
  uint64_t operation = 0;
  ASSERT_EQ(test_probe_expect_async(session_, kNever, kLong, &operation, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(test_probe_cancel(probe_, operation, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(test_probe_cancel(probe_, operation, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(test_probe_cancel(probe_, 999999, nullptr), TEST_PROBE_OK);
  std::vector<test_probe_completion_t> taken = take(probe_, 1);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].operation, operation);
  EXPECT_EQ(taken[0].code, TEST_PROBE_CANCELLED);
  test_probe_completions_free(taken.data(), taken.size());
}

TEST_F(OnKafka, closing_wakes_a_thousand_waiters_and_the_rest_of_the_queue_can_still_be_taken) {
  std::vector<std::thread> blocked;
  std::vector<int32_t> codes(8, -1);
  for (int32_t& code : codes)
    blocked.emplace_back([this, &code] { code = test_probe_expect(session_, kNever, kLong, nullptr, nullptr); });
  for (int i = 0; i < 1000; ++i) {
    uint64_t operation = 0;
    ASSERT_EQ(test_probe_expect_async(session_, kNever, kLong, &operation, nullptr), TEST_PROBE_OK);
  }
  const int64_t begun = now_ms();
  EXPECT_EQ(test_probe_close(probe_, -1, nullptr), TEST_PROBE_OK);
  for (std::thread& thread : blocked) thread.join();
  EXPECT_LT(now_ms() - begun, 5000);
  for (const int32_t code : codes)
    EXPECT_TRUE(code == TEST_PROBE_SHUTTING_DOWN || code == TEST_PROBE_INVALID_HANDLE) << code;
  std::vector<test_probe_completion_t> taken = take(probe_, 1000);
  for (const test_probe_completion_t& done : taken) EXPECT_EQ(done.code, TEST_PROBE_SHUTTING_DOWN);
  test_probe_completions_free(taken.data(), taken.size());
  size_t count = 0;
  test_probe_completion_t none;
  EXPECT_EQ(test_probe_next(probe_, 0, &none, 1, &count, nullptr), TEST_PROBE_INVALID_HANDLE);
}

TEST_F(OnKafka, after_closing_a_session_every_verb_is_refused_and_others_go_on) {
  const test_probe_session_t other = open_session(probe_);
  EXPECT_EQ(test_probe_session_close(session_, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(test_probe_session_close(session_, nullptr), TEST_PROBE_INVALID_HANDLE);
  test_probe_record_t record = TEST_PROBE_RECORD_INIT;
  EXPECT_EQ(test_probe_produce(session_, "shared", &record, -1, nullptr, nullptr), TEST_PROBE_INVALID_HANDLE);
  EXPECT_EQ(test_probe_expect(session_, kNever, 10, nullptr, nullptr), TEST_PROBE_INVALID_HANDLE);
  EXPECT_EQ(test_probe_produce(other, "shared", &record, -1, nullptr, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(test_probe_close(probe_, -1, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(test_probe_produce(other, "shared", &record, -1, nullptr, nullptr), TEST_PROBE_INVALID_HANDLE);
}

TEST_F(OnKafka, a_panic_in_a_worker_ends_no_wait_wrongly_and_the_worker_comes_back) {
  test_probe_error_t* err = nullptr;
  std::atomic<int32_t> code{-1};
  std::thread waiting([&] {
    code = test_probe_expect(session_, R"({"verb": "expect_event", "topic": "shared", "match": {"id": "after-panic"}})",
                             kDeadline, nullptr, nullptr);
  });
  ASSERT_EQ(test_probe_inject_panic(probe_, "shared", &err), TEST_PROBE_OK) << test_probe_error_message(err);
  test_probe_record_t record = TEST_PROBE_RECORD_INIT;
  record.id = "after-panic";
  const int32_t produced = test_probe_produce(session_, "shared", &record, kDeadline, nullptr, &err);
  EXPECT_EQ(produced, TEST_PROBE_OK) << test_probe_error_message(err);
  test_probe_error_free(err);
  waiting.join();
  EXPECT_EQ(code, TEST_PROBE_OK);
}

TEST_F(OnKafka, sixty_four_threads_share_one_session) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 64; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 5; ++round) {
        const std::string id = "t-" + std::to_string(thread) + "-" + std::to_string(round);
        const std::string wanted = R"({"verb": "expect_event", "topic": "shared", "match": {"id": ")" + id + "\"}}";
        test_probe_record_t record = TEST_PROBE_RECORD_INIT;
        test_probe_events_t* events = nullptr;
        record.id = id.c_str();
        wrong += test_probe_produce(session_, "shared", &record, kDeadline, nullptr, nullptr) != TEST_PROBE_OK;
        wrong += test_probe_expect(session_, wanted.c_str(), kDeadline, nullptr, nullptr) != TEST_PROBE_OK;
        wrong += test_probe_fetch(session_, "shared", id.c_str(), &events, nullptr) != TEST_PROBE_OK;
        wrong += test_probe_events_count(events) != 1;
        test_probe_events_free(events);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(OnKafka, two_probes_in_one_process_do_not_see_each_others_tests) {
  test_probe_t other{0};
  ASSERT_EQ(test_probe_open(config_at(kafka_.servers), &other, nullptr), TEST_PROBE_OK);
  const test_probe_session_t theirs = open_session(other);
  test_probe_record_t record = TEST_PROBE_RECORD_INIT;
  record.id = "mine";
  EXPECT_EQ(test_probe_produce(session_, "shared", &record, -1, nullptr, nullptr), TEST_PROBE_OK);
  test_probe_error_t* err = nullptr;
  EXPECT_EQ(test_probe_expect(theirs, R"({"verb": "expect_none", "topic": "shared"})", 300, nullptr, &err),
            TEST_PROBE_OK)
      << test_probe_error_message(err);
  test_probe_error_free(err);
  EXPECT_EQ(test_probe_close(other, -1, nullptr), TEST_PROBE_OK);
  EXPECT_EQ(test_probe_produce(session_, "shared", &record, -1, nullptr, nullptr), TEST_PROBE_OK);
}

TEST_F(OnKafka, a_forked_child_is_refused_works_with_its_own_probe_and_the_parent_goes_on) {
  uint64_t operation = 0;
  ASSERT_EQ(test_probe_expect_async(session_, kNever, kLong, &operation, nullptr), TEST_PROBE_OK);
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);  // A child that hangs ends by SIGALRM.
    test_probe_record_t record = TEST_PROBE_RECORD_INIT;
    test_probe_t own{0};
    test_probe_session_t session{0};
    int wrong = test_probe_produce(session_, "shared", &record, -1, nullptr, nullptr) != TEST_PROBE_FORKED;
    wrong |= (test_probe_session_close(session_, nullptr) != TEST_PROBE_FORKED) << 1;
    wrong |= (test_probe_open(config_at(kafka_.servers), &own, nullptr) != TEST_PROBE_OK) << 2;
    wrong |= (test_probe_session_open(own, kTopics, nullptr, &session, nullptr) != TEST_PROBE_OK) << 3;
    wrong |= (test_probe_produce(session, "shared", &record, -1, nullptr, nullptr) != TEST_PROBE_OK) << 4;
    wrong |= (test_probe_close(own, -1, nullptr) != TEST_PROBE_OK) << 5;
    _exit(wrong);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  test_probe_record_t record = TEST_PROBE_RECORD_INIT;
  EXPECT_EQ(test_probe_produce(session_, "shared", &record, -1, nullptr, nullptr), TEST_PROBE_OK);
}

}  // namespace
