// One scenario, one failure: what C++ throws is what the vectors say, text and facts, but for times and ids.
#include <gtest/gtest.h>

#include <regex>

#include "vectors.hpp"

namespace {

std::string normalised(std::string text, const Json& rules) {
  for (const Json& rule : rules.items()) text = std::regex_replace(text, std::regex(rule[0].str()), rule[1].str());
  return text;
}

std::string directives(const std::string& topic, const char* role, const Json& keys) {
  Json one(keys);
  one.set("topic", Json::text(topic)).set("as", Json::text("orders")).set("role", Json::text(role));
  return Json::object({{"topics", Json::list({one})}}).dump();
}

TEST(Failures, every_failure_is_that_of_its_vector) {
  const Json rules = vectors::file("failures")["normalise"];
  test_probe::Probe probe("test-probe: {kafka: {embedded: {}}}");
  const Json servers = Json::parse(probe.info()).at("/clusters/default/bootstrap_servers");
  test_probe::Probe outside = test_probe::Probe::at(servers.str());
  int number = 0;
  vectors::each("failures", "cases", [&](const Json& vector) {
    const std::string topic = "orders-" + std::to_string(++number);
    Json keys(vector["topic"]);
    keys.set("create", Json::parse(R"({"partitions": 1})"));
    test_probe::Session self = probe.open_session(directives(topic, "both", keys));
    test_probe::Session other = outside.open_session(directives(topic, "producer", Json::object({})));
    test_probe::Session nobody =
        outside.open_session(directives(topic, "producer", Json::parse(R"({"envelope": "none"})")));
    for (const Json& given : vector["given"].items()) {
      const std::string& by = given["by"].str();
      test_probe::Session& session = by == "self" ? self : by == "other" ? other : nobody;
      session.produce_event("orders", vectors::event(given["event"], vector["topic"]));
    }
    try {
      self.expect(vector["verb"].str(), "orders", vector["match"].dump(),
                  std::chrono::milliseconds(std::stoi(vector["within_ms"].str())));
      ADD_FAILURE() << "it passed";
    } catch (const test_probe::Error& error) {
      Json found = Json::parse(normalised(error.json(), rules));
      std::vector<Json> lines;
      std::istringstream text(found["message"].str());
      for (std::string line; std::getline(text, line);) lines.push_back(Json::text(line));
      found.set("message", Json::list(std::move(lines)));
      EXPECT_EQ(vector["failure"].dump(), found.dump());
      EXPECT_EQ(Json::parse(error.json())["message"].str(), error.what());
      EXPECT_EQ(Json::parse(error.json())["context"], Json::parse(error.context()));
    }
  });
}

}  // namespace
