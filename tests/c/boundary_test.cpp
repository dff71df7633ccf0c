// The boundary without a broker: handles, NULLs, bad UTF-8, panics, forks, the queue, strings.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "test_probe.hpp"

namespace {

constexpr const char* kNowhere = "test-probe: {kafka: {bootstrap-servers: \"127.0.0.1:1\"}}";
constexpr const char* kBad = "caf\xe9";

test_probe_t open_probe() {
  test_probe_t probe{0};
  EXPECT_EQ(test_probe_open(kNowhere, &probe, nullptr), TEST_PROBE_OK);
  return probe;
}

TEST(Handles, a_closed_probe_is_stale_and_closing_it_twice_is_an_error_code) {
  const test_probe_t probe = open_probe();
  EXPECT_EQ(test_probe_close(probe, -1, nullptr), TEST_PROBE_OK);
  test_probe_error_t* err = nullptr;
  EXPECT_EQ(test_probe_close(probe, -1, &err), TEST_PROBE_INVALID_HANDLE);
  EXPECT_STREQ(test_probe_error_name(err), "INVALID_HANDLE");
  test_probe_error_free(err);
  char* json = nullptr;
  EXPECT_EQ(test_probe_info(probe, &json, nullptr), TEST_PROBE_INVALID_HANDLE);
  EXPECT_EQ(json, nullptr) << "an output was written on failure";
}

TEST(Handles, a_probe_is_no_session_and_zero_is_nothing) {
  const test_probe_t probe = open_probe();
  char* text = nullptr;
  EXPECT_EQ(test_probe_session_test_id({probe.id}, &text, nullptr), TEST_PROBE_INVALID_HANDLE);
  EXPECT_EQ(test_probe_session_test_id({0}, &text, nullptr), TEST_PROBE_INVALID_HANDLE);
  EXPECT_EQ(test_probe_info({0}, &text, nullptr), TEST_PROBE_INVALID_HANDLE);
  EXPECT_EQ(test_probe_close(probe, -1, nullptr), TEST_PROBE_OK);
}

TEST(Handles, random_handles_find_nothing_in_any_function) {
  const test_probe_t probe = open_probe();
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t id = random();
    if (id == probe.id) continue;
    uint64_t operation = 0;
    EXPECT_EQ(test_probe_info({id}, nullptr, nullptr), TEST_PROBE_INVALID_ARGUMENT);
    EXPECT_EQ(test_probe_cancel({id}, 1, nullptr), TEST_PROBE_INVALID_HANDLE);
    EXPECT_EQ(test_probe_session_close({id}, nullptr), TEST_PROBE_INVALID_HANDLE);
    EXPECT_EQ(test_probe_mark_async({id}, &operation, nullptr), TEST_PROBE_INVALID_HANDLE);
  }
  EXPECT_EQ(test_probe_close(probe, -1, nullptr), TEST_PROBE_OK);
}

TEST(Handles, a_slot_that_is_used_again_does_not_answer_to_the_old_probe) {
  const test_probe_t first = open_probe();
  test_probe_close(first, -1, nullptr);
  const test_probe_t second = open_probe();
  EXPECT_NE(first.id, second.id);
  char* json = nullptr;
  EXPECT_EQ(test_probe_info(first, &json, nullptr), TEST_PROBE_INVALID_HANDLE);
  EXPECT_EQ(test_probe_info(second, &json, nullptr), TEST_PROBE_OK);
  test_probe_string_free(json);
  test_probe_close(second, -1, nullptr);
}

TEST(Arguments, null_is_an_error_code_everywhere_and_free_takes_it) {
  const test_probe_t probe = open_probe();
  constexpr int32_t kInvalid = TEST_PROBE_INVALID_ARGUMENT;
  EXPECT_EQ(test_probe_open(nullptr, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_info(probe, nullptr, nullptr), kInvalid);
  test_probe_session_t session{42};
  uint64_t operation = 42;
  EXPECT_EQ(test_probe_session_open(probe, nullptr, nullptr, &session, nullptr), kInvalid);
  EXPECT_EQ(test_probe_session_open(probe, "topics: []", nullptr, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_session_open_async(probe, nullptr, nullptr, &operation, nullptr), kInvalid);
  EXPECT_EQ(test_probe_session_open_async(probe, "topics: []", nullptr, nullptr, nullptr), kInvalid);
  EXPECT_EQ(session.id, 42U) << "an output was written on failure";
  EXPECT_EQ(operation, 42U) << "an output was written on failure";
  test_probe_completion_t completion;
  size_t count = 0;
  EXPECT_EQ(test_probe_next(probe, 0, nullptr, 1, &count, nullptr), kInvalid);
  EXPECT_EQ(test_probe_next(probe, 0, &completion, 1, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_next(probe, 0, &completion, 0, &count, nullptr), kInvalid);
  EXPECT_EQ(test_probe_next(probe, -1, &completion, 1, &count, nullptr), kInvalid);
  EXPECT_EQ(test_probe_completion_fd(probe, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_directives_validate(nullptr, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_dsl_produce(nullptr, "t", nullptr, -1, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_dsl_fetch(nullptr, "t", "id", nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_events_get(nullptr, 0, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_events_header(nullptr, 0, 0, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_events_error(nullptr, 0, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_events_reason_error(nullptr, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_events_json(nullptr, 0, nullptr, nullptr), kInvalid);
  EXPECT_EQ(test_probe_events_count(nullptr), 0U);
  EXPECT_FALSE(test_probe_events_found(nullptr));
  EXPECT_EQ(test_probe_events_reason(nullptr), nullptr);
  EXPECT_EQ(test_probe_events_verdict(nullptr), nullptr);
  EXPECT_EQ(test_probe_error_code(nullptr), 0);
  EXPECT_EQ(test_probe_error_name(nullptr), nullptr);
  EXPECT_EQ(test_probe_error_message(nullptr), nullptr);
  EXPECT_EQ(test_probe_error_hint(nullptr), nullptr);
  EXPECT_EQ(test_probe_error_context(nullptr), nullptr);
  EXPECT_EQ(test_probe_error_to_json(nullptr), nullptr);
  EXPECT_FALSE(test_probe_error_retriable(nullptr));
  test_probe_error_free(nullptr);
  test_probe_events_free(nullptr);
  test_probe_string_free(nullptr);
  test_probe_completions_free(nullptr, 3);
  EXPECT_EQ(test_probe_close(probe, -1, nullptr), TEST_PROBE_OK);
}

TEST(Arguments, text_that_is_not_utf8_is_an_error_code_that_names_the_argument) {
  const test_probe_t probe = open_probe();
  test_probe_t other{0};
  test_probe_session_t session{0};
  uint64_t operation = 0;
  test_probe_error_t* err = nullptr;
  EXPECT_EQ(test_probe_open(kBad, &other, &err), TEST_PROBE_INVALID_ARGUMENT);
  EXPECT_NE(std::string(test_probe_error_message(err)).find("`config` was not UTF-8 from byte 3"), std::string::npos)
      << test_probe_error_message(err);
  EXPECT_NE(std::string(test_probe_error_context(err)).find("config"), std::string::npos);
  test_probe_error_free(err);
  EXPECT_EQ(test_probe_session_open(probe, kBad, nullptr, &session, nullptr), TEST_PROBE_INVALID_ARGUMENT);
  EXPECT_EQ(test_probe_session_open(probe, "topics: []", kBad, &session, nullptr), TEST_PROBE_INVALID_ARGUMENT);
  EXPECT_EQ(test_probe_session_open_async(probe, kBad, nullptr, &operation, nullptr), TEST_PROBE_INVALID_ARGUMENT);
  EXPECT_EQ(test_probe_directives_validate(kBad, nullptr, nullptr), TEST_PROBE_INVALID_ARGUMENT);
  EXPECT_EQ(test_probe_inject_panic(probe, kBad, nullptr), TEST_PROBE_INVALID_ARGUMENT);
  EXPECT_EQ(test_probe_close(probe, -1, nullptr), TEST_PROBE_OK);
}

TEST(Arguments, a_time_out_of_range_is_refused_and_the_probe_stays_open) {
  const test_probe_t probe = open_probe();
  EXPECT_EQ(test_probe_close(probe, -2, nullptr), TEST_PROBE_INVALID_ARGUMENT);
  EXPECT_EQ(test_probe_close(probe, INT64_MAX, nullptr), TEST_PROBE_INVALID_ARGUMENT);
  EXPECT_EQ(test_probe_close(probe, -1, nullptr), TEST_PROBE_OK);
}

TEST(Panic, a_panic_at_the_boundary_is_a_code_and_the_library_goes_on) {
  const test_probe_t probe = open_probe();
  test_probe_error_t* err = nullptr;
  EXPECT_EQ(test_probe_inject_panic({0}, nullptr, &err), TEST_PROBE_PANIC);
  EXPECT_NE(std::string(test_probe_error_message(err)).find("injected"), std::string::npos);
  EXPECT_STRNE(test_probe_error_hint(err), nullptr);
  test_probe_error_free(err);
  EXPECT_EQ(test_probe_close(probe, -1, &err), TEST_PROBE_OK);
  EXPECT_EQ(err, nullptr);
}

TEST(Directives, all_that_is_wrong_is_said_at_once_and_what_is_right_comes_back_in_full) {
  test_probe_error_t* err = nullptr;
  char* json = nullptr;
  EXPECT_EQ(test_probe_directives_validate("topics: [{topic: a, role: both}, {topic: a, role: producer}]", &json, &err),
            TEST_PROBE_DUPLICATE_TOPIC);
  EXPECT_NE(std::string(test_probe_error_message(err)).find("Topics must be unique. Duplicates found: a"),
            std::string::npos);
  test_probe_error_free(err);
  EXPECT_EQ(test_probe_directives_validate("topics: [{topic: a, role: BOTH}]", &json, &err), TEST_PROBE_OK);
  EXPECT_NE(std::string(json).find("both"), std::string::npos);
  test_probe_string_free(json);
}

TEST(About, the_library_names_its_version_its_abi_and_every_code) {
  EXPECT_EQ(test_probe_abi_version(), static_cast<uint32_t>(TEST_PROBE_ABI_VERSION));
  EXPECT_STRNE(test_probe_version(), "");
  const std::string codes = test_probe_error_codes();
  EXPECT_NE(codes.find("\"NOT_COVERED\""), std::string::npos);
  EXPECT_EQ(test_probe_error_codes(), codes.empty() ? nullptr : test_probe_error_codes()) << "static text moved";
  test_probe_error_t* err = nullptr;
  EXPECT_EQ(test_probe_check_abi(TEST_PROBE_ABI_VERSION + 1, &err), TEST_PROBE_UNSUPPORTED);
  EXPECT_NE(std::string(test_probe_error_to_json(err)).find("\"expected\""), std::string::npos);
  test_probe_error_free(err);
}

TEST(Dsl, an_unregistered_probe_is_said_to_be_missing) {
  test_probe_record_t record = TEST_PROBE_RECORD_INIT;
  EXPECT_EQ(test_probe_dsl_produce("t", "orders", &record, -1, nullptr, nullptr), TEST_PROBE_DSL_NOT_INITIALIZED);
  const test_probe_t probe = open_probe();
  test_probe_events_t* events = nullptr;
  EXPECT_EQ(test_probe_dsl_register(probe, nullptr), TEST_PROBE_OK);
  test_probe_error_t* err = nullptr;
  EXPECT_EQ(test_probe_dsl_fetch("test-9", "orders", "id", &events, &err), TEST_PROBE_ACTOR_NOT_REGISTERED);
  EXPECT_NE(std::string(test_probe_error_message(err)).find("test-9"), std::string::npos);
  test_probe_error_free(err);
  test_probe_close(probe, -1, nullptr);
  EXPECT_EQ(test_probe_dsl_fetch("test-9", "orders", "id", &events, nullptr), TEST_PROBE_DSL_NOT_INITIALIZED);
}

TEST(Fork, a_child_gets_forked_and_may_open_its_own_while_the_parent_goes_on) {
  const test_probe_t probe = open_probe();
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);  // A child that hangs ends by SIGALRM.
    char* json = nullptr;
    test_probe_completion_t completion;
    size_t count = 0;
    uint64_t operation = 0;
    int wrong = 0;
    wrong |= test_probe_info(probe, &json, nullptr) != TEST_PROBE_FORKED;
    wrong |= (test_probe_session_open_async(probe, "topics: []", nullptr, &operation, nullptr) != TEST_PROBE_FORKED)
             << 1;
    wrong |= (test_probe_next(probe, 0, &completion, 1, &count, nullptr) != TEST_PROBE_FORKED) << 2;
    wrong |= (test_probe_close(probe, -1, nullptr) != TEST_PROBE_FORKED) << 3;
    test_probe_t own{0};
    wrong |= (test_probe_open(kNowhere, &own, nullptr) != TEST_PROBE_OK || own.id == probe.id) << 4;
    wrong |= (test_probe_info(probe, &json, nullptr) != TEST_PROBE_FORKED) << 5;
    wrong |= (test_probe_info(own, &json, nullptr) != TEST_PROBE_OK) << 6;
    wrong |= (test_probe_close(own, -1, nullptr) != TEST_PROBE_OK) << 7;
    _exit(wrong & 0xff);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "a bit for each call that answered wrongly";
  char* json = nullptr;
  EXPECT_EQ(test_probe_info(probe, &json, nullptr), TEST_PROBE_OK);
  test_probe_string_free(json);
  EXPECT_EQ(test_probe_close(probe, -1, nullptr), TEST_PROBE_OK);
}

TEST(Probes, two_live_in_one_process_and_close_apart) {
  const test_probe_t first = open_probe(), second = open_probe();
  EXPECT_EQ(test_probe_close(first, -1, nullptr), TEST_PROBE_OK);
  char* json = nullptr;
  EXPECT_EQ(test_probe_info(second, &json, nullptr), TEST_PROBE_OK);
  test_probe_string_free(json);
  EXPECT_EQ(test_probe_close(second, -1, nullptr), TEST_PROBE_OK);
}

TEST(Probes, threads_that_close_one_probe_agree_on_who_did) {
  for (int round = 0; round < 20; ++round) {
    const test_probe_t probe = open_probe();
    std::vector<int32_t> codes(8);
    std::vector<std::thread> threads;
    for (int32_t& code : codes) threads.emplace_back([&code, probe] { code = test_probe_close(probe, -1, nullptr); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(std::count(codes.begin(), codes.end(), TEST_PROBE_OK), 1);
    EXPECT_EQ(std::count(codes.begin(), codes.end(), TEST_PROBE_INVALID_HANDLE), 7);
  }
}

TEST(Cpp, errors_have_classes_codes_and_hints_and_objects_move) {
  test_probe::Probe probe{std::string(kNowhere)};
  test_probe::Probe moved = std::move(probe);
  EXPECT_EQ(probe.handle().id, 0U);
  try {
    moved.open_session("topics: [{topic: a, role: nobody}]");
    FAIL() << "an unknown role passed";
  } catch (const test_probe::UsageError& error) {
    EXPECT_EQ(error.code(), TEST_PROBE_INVALID_DIRECTIVE);
    EXPECT_EQ(error.name(), "INVALID_DIRECTIVE");
    EXPECT_FALSE(error.retriable());
  }
  EXPECT_THROW(test_probe::Probe("kafka: {bootstrap-servers: nowhere}"), test_probe::UsageError);
  EXPECT_EQ(test_probe::Match().id("a\"b\n").header("h", std::nullopt).own(true).json(),
            R"({"id":"a\"b\u000a","own":true,"headers":[["h",null]]})");
  moved.close();
  EXPECT_THROW(moved.info(), test_probe::UsageError);
}

}  // namespace
