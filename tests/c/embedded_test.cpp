// The embedded cluster through C and C++: faults on purpose met by a foreign client, and what the probe says then.
#include <gtest/gtest.h>

#include <string>

#include "support.h"
#include "test_probe.hpp"

using namespace std::chrono_literals;
using test_probe::Event;
using test_probe::Match;

namespace {

constexpr const char* kEmbedded = "test-probe: {kafka: {embedded: {brokers: 2}}}";

/// Runs a command that must be done; returns its answer.
std::string control(test_probe_t probe, const char* command) {
  char* json = nullptr;
  test_probe_error_t* err = nullptr;
  EXPECT_EQ(test_probe_embedded_control(probe, nullptr, command, &json, &err), TEST_PROBE_OK)
      << test_probe_error_message(err);
  test_probe_error_free(err);
  std::string text = json == nullptr ? "" : json;
  test_probe_string_free(json);
  return text;
}

/// Returns the text between two others.
std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const size_t begin = text.find(before) + before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

TEST(EmbeddedControl, a_foreign_service_survives_faults_and_the_verdict_stays_true) {
  test_probe::Probe probe(kEmbedded);
  const std::string servers = between(probe.info(), R"("PLAINTEXT":")", "\"");
  ASSERT_NE(servers.find("127.0.0.1:"), std::string::npos) << probe.info();
  test_probe::Session session = probe.open_session(
      "topics: [{topic: orders, role: both, create: {partitions: 1, replicationFactor: 2}},"
      " {topic: confirmations, role: consumer, create: {partitions: 1, replicationFactor: 2}},"
      " {topic: rejections, role: consumer, create: {partitions: 1, replicationFactor: 2}}]");
  process_t stub = stub_start(servers.c_str());

  control(
      probe.handle(),
      R"({"do": "inject", "fault": {"api": "Produce", "topic": "confirmations", "times": 1, "then": "disconnect"}})");
  control(probe.handle(), R"({"do": "inject", "fault": {"api": "Produce", "topic": "confirmations", "times": 1,)"
                          R"( "then": {"error": "NOT_LEADER_OR_FOLLOWER"}}})");
  session.produce_event("orders", Event("OrderCreated").id("evt-1").value(R"({"orderId": "o-1", "total": 5})"));
  session.expect_event("confirmations", Match().id("evt-1").type("OrderConfirmed"), 30s);
  EXPECT_EQ(probe.embedded_control(R"({"do": "faults"})"), R"({"faults":[]})") << "both struck";

  // Whoever led before, the other broker leads now.
  for (const char* broker : {"1", "2"}) {
    const std::string move =
        R"({"do": "move-leader", "topic": "confirmations", "partition": 0, "broker": )" + std::string(broker) + "}";
    EXPECT_EQ(probe.embedded_control(move), "{}");
    const std::string id = std::string("evt-on-") + broker;
    session.produce_event("orders", Event("OrderCreated").id(id).value(R"({"orderId": "o-2", "total": 5})"));
    session.expect_event("confirmations", Match().id(id).type("OrderConfirmed"), 30s);
  }
  session.expect_none("rejections", Match(), 300ms);
  EXPECT_EQ(process_end(&stub, 20000), 0);
}

TEST(Matches, values_places_and_expressions_are_matched) {
  test_probe::Probe probe(kEmbedded);
  test_probe::Session session = probe.open_session("topics: [{topic: orders, role: both, create: {partitions: 1}}]");
  session.produce_event("orders", Event("OrderCreated").id("evt-1").value(R"({"total": 5, "items": ["a", "b"]})"));
  session.expect_event("orders", Match().value_json(R"({"items": ["b", "a"]})").mode("any_order"), 30s);
  session.expect_event("orders", Match().matcher("$.total", "between", "[1, 5]").matcher("id", "present"), 30s);
  session.expect_event("orders", Match().where("value.total > 3 && 'a' in value.items"), 30s);
  session.expect_none("orders", Match().where("value.total > 5"), 100ms);
  EXPECT_THROW(session.expect_event("orders", Match().where("valeu.total > 5"), 30s), test_probe::UsageError);
}

/// Returns the code of a document's verdict.
int32_t verdict(test_probe_session_t session, const std::string& document, test_probe_events_t** out = nullptr) {
  return test_probe_expect(session, document.c_str(), 300, out, nullptr);
}

TEST(Expectations, every_verb_of_the_document_passes_and_fails) {
  test_probe::Probe probe("test-probe: {kafka: {embedded: {}}}");
  test_probe::Session session = probe.open_session(
      "topics: [{topic: orders, role: both, create: {partitions: 1}},"
      " {topic: payments, role: both, create: {partitions: 1}}]");
  for (const char* type : {"A", "B", "A"}) session.produce_event("orders", Event(type).value("{}"));
  session.produce_event("payments", Event("P").value("{}"));
  const test_probe_session_t handle = session.handle();
  const std::string on = R"("topic": "orders", )";
  EXPECT_EQ(verdict(handle, R"({"verb": "expect_exactly", )" + on + R"("n": 2, "match": {"type": "A"}})"), 0);
  EXPECT_EQ(verdict(handle, R"({"verb": "expect_exactly", )" + on + R"("n": 1, "match": {"type": "A"}})"),
            TEST_PROBE_WRONG_COUNT);
  const std::string all = R"({"verb": "expect_all_of", )" + on + R"("matches": [{"type": "B"}, {"type": "A"}, )";
  EXPECT_EQ(verdict(handle, all + R"({"type": "P", "topic": "payments"}], "order": "any_order"})"), 0);
  EXPECT_EQ(verdict(handle, all + R"({"type": "B"}]})"), TEST_PROBE_EXPECTATION_TIMEOUT);
  EXPECT_EQ(verdict(handle, all + R"({"type": "A"}], "order": "in_order"})"), TEST_PROBE_WRONG_ORDER);
  EXPECT_EQ(verdict(handle, R"({"verb": "expect_group_caught_up", )" + on + R"("group": "billing"})"),
            TEST_PROBE_EXPECTATION_TIMEOUT);

  test_probe_events_t* events = nullptr;
  ASSERT_EQ(verdict(handle, R"({"verb": "fish_for_event", )" + on + R"("match": {"type": "A"}})", &events), 0);
  ASSERT_EQ(test_probe_events_count(events), 2U);
  const std::string go_on =
      R"({"verb": "fish_for_event", "fishing": )" + std::string(test_probe_events_verdict(events));
  test_probe_events_free(events);
  EXPECT_EQ(verdict(handle, go_on + R"(, "answers": ["ignore", {"fail": "no"}]})"), TEST_PROBE_UNEXPECTED_EVENT);
  EXPECT_EQ(verdict(handle, go_on + R"(, "answers": ["ignore", "ignore"]})"), TEST_PROBE_EXPECTATION_TIMEOUT);
  EXPECT_EQ(verdict(handle, go_on + R"(, "answers": ["ignore"]})"), TEST_PROBE_INVALID_ARGUMENT);
  ASSERT_EQ(verdict(handle, go_on + R"(, "answers": ["collect", "complete"]})", &events), 0);
  EXPECT_EQ(test_probe_events_count(events), 2U);
  test_probe_events_free(events);
}

TEST(Expectations, the_same_verbs_in_cpp) {
  test_probe::Probe probe("test-probe: {kafka: {embedded: {}}}");
  test_probe::Session session = probe.open_session("topics: [{topic: orders, role: both, create: {partitions: 1}}]");
  for (const char* type : {"A", "B", "C"}) session.produce_event("orders", Event(type).value("{}"));
  EXPECT_EQ(session.expect_exactly("orders", 1, Match().type("A"), 200ms).events.size(), 1U);
  const auto both =
      session.expect_all_of("orders", {Match().type("C"), Match().type("A")}, test_probe::Order::any_order, 30s);
  EXPECT_EQ(both.events.at(0).type, "C");
  const auto caught = session.fish_for_event(
      "orders",
      [](const test_probe::ReceivedEvent& event) {
        return event.type == "C" ? test_probe::Fish::complete() : test_probe::Fish::collect();
      },
      30s);
  EXPECT_EQ(caught.events.size(), 3U);
  const auto refuse = [](const test_probe::ReceivedEvent&) { return test_probe::Fish::fail("sold \"twice\""); };
  EXPECT_THROW(session.fish_for_event("orders", refuse, 30s), test_probe::ExpectationFailed);
  EXPECT_THROW(session.expect_group_caught_up("billing", "orders", 200ms), test_probe::ExpectationFailed);
}

TEST(Expectations, a_delivery_is_verified_or_told_what_became_of_it) {
  test_probe::Probe probe("test-probe: {kafka: {embedded: {}}}");
  test_probe::Session session = probe.open_session(
      "topics: [{topic: in, role: both, create: {partitions: 1}}, {topic: out, role: both, create: {partitions: 1}}]");
  for (const char* id : {"a", "b"}) session.produce_event("in", Event("T").id(id).key("k").value("{}"));
  const std::string counted = session.verify_delivery("in", 200ms).json;
  EXPECT_NE(counted.find(R"("acknowledged":2)"), std::string::npos) << counted;
  EXPECT_NO_THROW(session.verify_delivery("in", {}, "", {"loss", "order_per_key"}));
  const auto code = [&session]() -> int32_t {
    try {
      session.verify_delivery("in", 200ms, "out", {}, Match().type("T"));
      return 0;
    } catch (const test_probe::ExpectationFailed& failed) {
      return failed.code();
    }
  };
  const auto come_out = [&session](const char* id) {
    session.produce_event("out", Event("T").id(id).key("k").value("{}"));
  };
  EXPECT_EQ(code(), TEST_PROBE_ACKED_EVENT_LOST);
  come_out("b");
  come_out("a");
  EXPECT_EQ(code(), TEST_PROBE_WRONG_ORDER);
  come_out("x");
  EXPECT_THROW(session.verify_delivery("in", 200ms, "out", {"unexpected"}), test_probe::ExpectationFailed);
  come_out("a");
  EXPECT_EQ(code(), TEST_PROBE_DUPLICATE_EVENT);
  EXPECT_THROW(session.verify_delivery("in"), test_probe::UsageError);
}

TEST(EmbeddedControl, brokers_stop_and_start) {
  test_probe::Probe probe(kEmbedded);
  const auto up = [&probe] { return between(probe.embedded_control(R"({"do": "brokers"})"), R"("id":2,"up":)", "}"); };
  EXPECT_EQ(up(), "true");
  probe.embedded_control(R"({"do": "stop-broker", "broker": 2})");
  EXPECT_EQ(up(), "false");
  probe.embedded_control(R"({"do": "start-broker", "broker": 2})");
  EXPECT_EQ(up(), "true");
}

TEST(EmbeddedControl, what_is_wrong_is_said_with_its_place) {
  test_probe::Probe probe("test-probe: {kafka: {bootstrap-servers: 'h:1'}, clusters: {e: {embedded: {}}}}");
  const auto refused = [&probe](const char* command, const std::optional<std::string>& cluster) {
    try {
      probe.embedded_control(command, cluster);
    } catch (const test_probe::Error& error) {
      return std::string(error.name()) + ": " + error.what();
    }
    return std::string("done");
  };
  EXPECT_NE(refused(R"({"do": "brokers"})", {}).find("UNKNOWN_CLUSTER"), std::string::npos);
  EXPECT_NE(refused(R"({"do": "brokers"})", "f").find("UNKNOWN_CLUSTER"), std::string::npos);
  EXPECT_NE(refused("{", "e").find("INVALID_ARGUMENT"), std::string::npos);
  const std::string place = refused(R"({"do": "inject", "fault": {"api": "Produce", "then": "nothing"}})", "e");
  EXPECT_NE(place.find("INVALID_ARGUMENT"), std::string::npos) << place;
  EXPECT_NE(place.find("`fault.then`"), std::string::npos) << place;
  char* json = nullptr;
  EXPECT_EQ(test_probe_embedded_control(probe.handle(), "e", nullptr, &json, nullptr), TEST_PROBE_INVALID_ARGUMENT);
  EXPECT_EQ(test_probe_embedded_control(probe.handle(), "e", R"({"do": "brokers"})", nullptr, nullptr),
            TEST_PROBE_INVALID_ARGUMENT);
  EXPECT_EQ(test_probe_embedded_control({0}, "e", R"({"do": "brokers"})", &json, nullptr), TEST_PROBE_INVALID_HANDLE);
}

}  // namespace
