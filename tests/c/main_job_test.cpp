// The main job in C++, on a real Kafka, with the same directives as every other language.
#include <gtest/gtest.h>

#include "support.h"
#include "test_probe.hpp"

using namespace std::chrono_literals;
using test_probe::Event;
using test_probe::Match;

TEST(MainJob, an_order_is_confirmed_nothing_is_rejected_and_a_stopped_broker_is_inconclusive) {
  kafka_t kafka = kafka_start();
  {
    test_probe::Probe probe(config_at(kafka.servers));
    EXPECT_NE(probe.info().find(kafka.servers), std::string::npos);
    test_probe::Session session =
        probe.open_session(test_probe::read_file(TESTS_DIR "/main_job/topics.yaml"), "main-job-cpp");
    EXPECT_EQ(session.test_id(), "main-job-cpp");
    process_t stub = stub_start(kafka.servers);

    const test_probe::Mark mark = session.mark();
    const auto ack = session.produce_event("orders", Event("OrderCreated")
                                                         .version("1")
                                                         .id("evt-1")
                                                         .key("o-1")
                                                         .value(R"({"orderId": "o-1", "total": 5})")
                                                         .header("h", "v"));
    EXPECT_EQ(ack.topic, "orders");
    EXPECT_EQ(ack.id, "evt-1");

    const auto order = session.expect_event("orders", Match().id("evt-1").after(mark).header("h", "v"), 10s);
    EXPECT_TRUE(order.own);
    EXPECT_EQ(order.offset, ack.offset);
    EXPECT_EQ(order.header("h"), "v");

    const auto fetched = session.fetch_consumed_event("orders", "evt-1");
    ASSERT_TRUE(fetched.found());
    EXPECT_EQ(fetched.event->key, "o-1");
    const auto absent = session.fetch_consumed_event("orders", "never");
    EXPECT_FALSE(absent.found());
    EXPECT_EQ(absent.reason, "not seen yet");

    const auto confirmation = session.expect_event(
        "confirmations", Match().id("evt-1").type("OrderConfirmed").value_json(R"({"status": "CONFIRMED"})"), 10s);
    EXPECT_FALSE(confirmation.own);
    EXPECT_EQ(session.journal("confirmations").size(), 1U);

    session.expect_none("confirmations", Match().type("OrderConfirmed").after(confirmation), 300ms);
    session.expect_none("rejections", Match(), 500ms);
    try {
      session.expect_event("rejections", Match().id("evt-1"), 300ms);
      FAIL() << "an event that never came was expected and passed";
    } catch (const test_probe::ExpectationFailed& failed) {
      EXPECT_EQ(failed.code(), TEST_PROBE_EXPECTATION_TIMEOUT) << failed.what();
    }

    kafka_command(&kafka, "stop 1");
    try {
      session.expect_none("rejections", Match(), 500ms);
      ADD_FAILURE() << "a verdict without a broker";
    } catch (const test_probe::Inconclusive& inconclusive) {
      EXPECT_EQ(inconclusive.code(), TEST_PROBE_NOT_COVERED) << inconclusive.what();
    }
    kafka_command(&kafka, "cont 1");
    session.close();
    probe.close();
    EXPECT_EQ(process_end(&stub, 30000), 0);
  }
  kafka_end(&kafka);
}
