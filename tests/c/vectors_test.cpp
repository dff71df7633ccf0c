// The vectors of tests/vectors through C and C++: what goes in and what comes out is that of test_probe.hpp.
#include <gtest/gtest.h>

#include <string>

#include "vectors.hpp"

using test_probe::Event;
using test_probe::Match;
using vectors::each;
using vectors::event;
using vectors::wire;

namespace {

/// Compares the fields of a vector with those of a document.
void same(const Json& vector, const Json& found, std::initializer_list<const char*> keys) {
  for (const char* key : keys) EXPECT_EQ(vector[key].dump(), found[key].dump()) << "under " << key;
}

/// What a trial answers.
struct Answer {
  Json document;
  std::vector<test_probe::ReceivedEvent> events;
};

Answer trial(const Json& document, const Event* event = nullptr) {
  const std::string text = document.dump();
  char* json = nullptr;
  test_probe_events_t* events = nullptr;
  const auto call = [&](const test_probe_record_t* record) {
    test_probe::detail::check(
        [&](test_probe_error_t** error) { return test_probe_trial(text.c_str(), record, &json, &events, error); });
  };
  if (event != nullptr)
    event->with_record(call);
  else
    call(nullptr);
  const test_probe::detail::EventsPtr owner(events);
  const std::string answer = json;
  test_probe_string_free(json);
  return {Json::parse(answer), test_probe::detail::all(events)};
}

/// Returns the code, message and hint of what a call fails with.
template <typename Call>
Json refusal(Call&& call) {
  try {
    call();
  } catch (const test_probe::Error& error) {
    const Json whole = Json::parse(error.json());
    EXPECT_EQ(whole["message"].str(), error.message());
    EXPECT_EQ(whole["hint"].str(), error.hint());
    EXPECT_EQ(whole["context"], Json::parse(error.context()));
    EXPECT_EQ(whole["retriable"].is_true(), error.retriable());
    Json found;
    found.set("code", Json::text(error.name())).set("message", whole["message"]).set("hint", whole["hint"]);
    return found.set("context", whole["context"]);
  }
  ADD_FAILURE() << "it passed";
  return {};
}

/// Compares the problems of what a call fails with; each has at least the fields that the vector states.
template <typename Call>
void problems(const Json& vector, Call&& call) {
  const Json found = refusal(call)["context"];
  const auto& wanted = vector["errors"].items();
  ASSERT_EQ(wanted.size(), found["problems"].items().size()) << found.dump();
  for (size_t i = 0; i < wanted.size(); ++i)
    for (const auto& field : wanted[i].members())
      EXPECT_EQ(field.second.dump(), found["problems"][i][field.first].dump()) << field.first;
  if (vector.has("never")) {
    EXPECT_EQ(found.dump().find(vector["never"].str()), std::string::npos);
  }
}

TEST(Vectors, every_error_code_is_that_of_its_vector) {
  const Json codes = Json::parse(test_probe_error_codes());
  size_t index = 0;
  each("error_codes", "codes", [&](const Json& vector) { EXPECT_EQ(vector, codes[index++]) << codes.dump(); });
  EXPECT_EQ(index, codes.items().size());
}

TEST(Vectors, every_vector_gives_the_directives_or_the_problems_it_states) {
  each("directives", "cases", [](const Json& vector) {
    const auto validate = [&] { return test_probe::validate_directives(vector["yaml"].str()); };
    if (!vector["valid"].is_true()) return problems(vector, validate);
    const Json found = Json::parse(validate());
    if (vector.has("directives")) {
      EXPECT_EQ(vector["directives"], found) << found.dump();
    }
  });
}

TEST(Vectors, every_vector_gives_the_configuration_or_the_problems_it_states) {
  each("config", "cases", [](const Json& vector) {
    const auto explicit_text =
        vector.has("explicit") ? std::optional<std::string>(vector["explicit"].str()) : std::nullopt;
    const std::string variables = vector.has("env") ? vector["env"].dump() : "{}";
    const auto validate = [&] { return test_probe::validate_config(explicit_text, vector["file"].str(), variables); };
    if (!vector["valid"].is_true()) return problems(vector, validate);
    const Json found = Json::parse(validate());
    for (const auto& value : vector["config"].members()) {
      const Json& there = found.at(value.first);
      if (!value.second.is_null() || there.kind() != Json::Kind::kMissing) {
        EXPECT_EQ(value.second, there) << value.first << " in " << found.dump();
      }
    }
    for (const auto& secret : vector["secrets"].members()) {
      const Json& hidden = found.at(secret.first);
      for (const auto& one : hidden.members()) EXPECT_EQ(one.second.str(), "***") << secret.first;
      if (hidden.members().empty()) {
        EXPECT_EQ(hidden.str(), "***") << secret.first;
      }
    }
  });
}

Json asked(const char* kind, const Json& vector) {
  Json document;
  document.set("trial", Json::text(kind));
  for (const char* key : {"topic", "match", "own", "record", "evidence"})
    if (vector.has(key)) document.set(key, vector[key]);
  return document;
}

/// Runs a part of both files about events: those without a schema, and those with one.
template <typename Judge>
void each_event(const char* part, Judge judge) {
  each("envelopes", part, judge);
  each("schemas", part, judge);
}

TEST(Vectors, every_event_is_written_as_its_vector_says) {
  each_event("writes", [](const Json& vector) {
    const Event given = event(vector["event"], vector["topic"]);
    const Json found = trial(asked("write", vector), &given).document;
    same(vector, found, {"id", "ceId"});
    EXPECT_EQ(vector["record"], found["record"]) << found.dump();
  });
}

TEST(Vectors, every_event_that_does_not_fit_is_refused_as_its_vector_says) {
  each_event("fails", [](const Json& vector) {
    // Data is a word of other languages: C has texts, which a format takes or does not. Keys are bytes in all of them.
    const Json& fields = vector["event"];
    const bool is_of_data = fields.has("value") && !fields.has("key");
    if (is_of_data && vector["topic"].has("format") && vector["code"].str() == "ENCODE_FAILED") {
      Json document = asked("write", vector);
      return same(vector, refusal([&] { trial(document.set("value", fields["value"])); }), {"code", "message", "hint"});
    }
    const Event given = event(vector["event"], vector["topic"]);
    same(vector, refusal([&] { trial(asked("write", vector), &given); }), {"code", "message", "hint"});
  });
}

Json nullable(const std::optional<std::string>& text) { return text ? Json::text(*text) : Json::null(); }

TEST(Vectors, every_record_is_read_as_its_vector_says) {
  each_event("reads", [](const Json& vector) {
    const auto events = trial(asked("read", vector)).events;
    ASSERT_EQ(events.size(), 1U);
    const test_probe::ReceivedEvent& found = events[0];
    const Json whole = Json::parse(found.json);
    same(vector["envelope"],
         Json::object({{"testId", nullable(found.test_id)},
                       {"id", nullable(found.id)},
                       {"type", nullable(found.type)},
                       {"version", nullable(found.version)}}),
         {"testId", "id", "type", "version"});
    EXPECT_EQ(vector["valueKind"].str(), whole["valueKind"].str());
    EXPECT_EQ(vector["keyText"], whole["key"]);
    EXPECT_EQ(wire(vector["record"]["key"]), found.key);
    if (vector["topic"]["envelope"].str() != "ce-structured") {  // There it is the data's.
      EXPECT_EQ(wire(vector["record"]["value"]), found.value);
    }
    if (vector["valueKind"].str() == "bytes") {
      EXPECT_EQ(wire(vector["value"]), found.value);
    } else {
      EXPECT_EQ(vector["value"], whole[vector["valueKind"].str() == "text" ? "valueText" : "value"]) << found.json;
    }
    ASSERT_EQ(vector["record"]["headers"].items().size(), found.headers.size());
    for (size_t i = 0; i < found.headers.size(); ++i) {
      EXPECT_EQ(vector["record"]["headers"][i][0].str(), found.headers[i].first);
      EXPECT_EQ(wire(vector["record"]["headers"][i][1]), found.headers[i].second);
    }
    EXPECT_EQ(vector.has("error"), found.error != TEST_PROBE_OK);
    if (!vector.has("error")) return;
    EXPECT_EQ(vector["error"]["code"].str(), whole["error"]["name"].str());
    same(vector["error"], whole["error"], {"message", "hint"});
  });
}

/// Sends a match through the class Match; a point to look from and bytes that are no text stay as they are.
Json match(const Json& document) {
  Match match;
  Json kept;
  for (const auto& member : document.members()) {
    const std::string& key = member.first;
    const Json& value = member.second;
    if (key == "id")
      match.id(value.str());
    else if (key == "type")
      match.type(value.str());
    else if (key == "version")
      match.version(value.str());
    else if (key == "key" && value.is_text())
      match.key(value.str());
    else if (key == "value")
      match.value_json(value.dump());
    else if (key == "own")
      match.own(value.is_true());
    else if (key == "hint")
      match.hint(value.str());
    else
      kept.set(key, value);
  }
  Json found = Json::parse(match.json());
  for (const auto& member : kept.members()) found.set(member.first, member.second);
  return found;
}

TEST(Vectors, every_match_judges_as_its_vector_says) {
  each("matches", "cases", [](const Json& vector) {
    const Event given = event(vector["event"], vector["topic"]);
    const Json found = trial(asked("compare", Json(vector).set("match", match(vector["match"]))), &given).document;
    same(vector, found, {"result", "paths"});
    if (vector.has("hints")) same(vector, found, {"hints"});
  });
}

TEST(Vectors, every_refused_match_is_refused_in_the_same_words) {
  each("matches", "refused", [](const Json& vector) {
    same(vector, refusal([&] { trial(asked("compare", vector)); }), {"code", "message", "hint"});
  });
}

TEST(Vectors, every_match_is_put_in_the_same_words) {
  each("matches", "words", [](const Json& vector) {
    const Json found = trial(asked("words", Json(vector).set("match", match(vector["match"])))).document;
    EXPECT_EQ(vector["words"].str(), found["words"].str());
    EXPECT_EQ(vector["match"], found["match"]) << found.dump();
  });
}

TEST(Vectors, every_explanation_crosses_whole_as_the_error_of_its_code) {
  std::string expectations;
  const Json codes = Json::parse(test_probe_error_codes());
  for (const Json& code : codes.items())
    if (code["category"].str() == "expectation") expectations += code["name"].str() + " ";
  each("explanations", "cases", [&](const Json& vector) {
    const auto explain = [&] { trial(asked("explain", vector)); };
    const Json found = refusal(explain);
    std::string text;
    for (const Json& line : vector["text"].items()) text += (text.empty() ? "" : "\n") + line.str();
    EXPECT_EQ(vector["code"].str(), found["code"].str());
    EXPECT_EQ(text, found["message"].str());
    same(vector["evidence"], found["context"], {"topic", "funnel", "coverage"});
    if (expectations.find(vector["code"].str()) != std::string::npos) {
      EXPECT_THROW(explain(), test_probe::ExpectationFailed);
    } else {
      EXPECT_THROW(explain(), test_probe::Inconclusive);
    }
  });
}

}  // namespace
