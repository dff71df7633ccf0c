// A process ends in bounded time whatever the broker does: closed first or not at all.
#include <gtest/gtest.h>

#include <tuple>

#include "support.h"

namespace {

using Case = std::tuple<const char*, const char*>;

class Exit : public testing::TestWithParam<Case> {};

TEST_P(Exit, is_bounded_while_the_broker_is_gone) {
  const auto [broker, way] = GetParam();
  kafka_t kafka = kafka_start();
  const char* const argv[] = {EXIT_CHILD, kafka.servers, way, nullptr};
  process_t child = process_start(argv);
  char line[64];
  ASSERT_TRUE(process_line(&child, line, sizeof line, 60000)) << "the child ended before it was ready";
  kafka_command(&kafka, broker);
  process_send(&child, "end");
  EXPECT_EQ(process_end(&child, 10000), 0) << "-1: it had not ended after 10 s";
  kafka_end(&kafka);
}

INSTANTIATE_TEST_SUITE_P(
    Broker, Exit, testing::Combine(testing::Values("stop 1", "kill 1"), testing::Values("close", "return", "abandon")),
    [](const auto& info) {
      return std::string(std::get<0>(info.param)).substr(0, 4) + "_then_" + std::get<1>(info.param);
    });

}  // namespace
