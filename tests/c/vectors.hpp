// The documents of tests/vectors as values of C++, and what was run of them.
#ifndef VECTORS_HPP
#define VECTORS_HPP

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "json.hpp"
#include "support.h"
#include "test_probe.hpp"

namespace vectors {

/// Reads a file of vectors.
inline Json file(const std::string& name) {
  return Json::parse(test_probe::read_file(std::string(TESTS_DIR) + "/vectors/" + name + ".json"));
}

/// Goes through a list of vectors, and notes for tests/house/parity.py what was run.
inline void each(const std::string& file, const std::string& list, const std::function<void(const Json&)>& check) {
  const Json all = vectors::file(file);
  std::vector<Json> names;
  for (const Json& vector : all[list].items()) {
    const std::string& name = vector["name"].str();
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, name);
    ASSERT_NO_THROW(check(vector));
    names.push_back(Json::text(list + "/" + name));
  }
  ASSERT_FALSE(names.empty());
  const char* folder = std::getenv("TEST_PROBE_PARITY");
  if (folder == nullptr) return;
  Json report;
  report.set("kind", Json::text("vectors")).set("language", Json::text("cpp"));
  report.set("ran", Json::object({{file + ".json", Json::list(std::move(names))}}));
  std::ofstream(std::string(folder) + "/vectors-cpp-" + file + "-" + list + ".json") << report.dump();
}

inline std::string base64(const std::string& text) {
  static const std::string kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0, held = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = (bits << 6) | static_cast<unsigned>(kDigits.find(c));
    held += 6;
    if (held >= 8) out += static_cast<char>((bits >> (held -= 8)) & 0xff);
  }
  return out;
}

/// Reads bytes: a text or `{base64}`; null is null.
inline std::optional<std::string> wire(const Json& value) {
  if (value.is_text()) return value.str();
  if (value.has("base64")) return base64(value["base64"].str());
  return std::nullopt;
}

/// Returns a vector's event for a topic with these directive keys.
inline test_probe::Event event(const Json& fields, const Json& topic) {
  test_probe::Event event = fields.has("type") ? test_probe::Event(fields["type"].str()) : test_probe::Event();
  if (fields.has("version")) event.version(fields["version"].str());
  if (fields.has("id")) event.id(fields["id"].str());
  if (fields.has("key")) event.key(*wire(fields["key"]));
  if (fields.has("timestamp"))
    event.timestamp(
        std::chrono::system_clock::time_point(std::chrono::milliseconds(std::stoll(fields["timestamp"].str()))));
  for (const Json& header : fields["headers"].items()) event.header(header[0].str(), wire(header[1]));
  // C has texts in the topic's format: a JSON string is itself under format string.
  const bool is_text = topic["format"].str() == "string" && fields["value"].is_text();
  if (fields.has("value")) event.value(is_text ? fields["value"].str() : fields["value"].dump());
  if (fields.has("text")) event.value(fields["text"].str());
  if (fields.has("raw")) event.raw_value(*wire(fields["raw"]));
  return event;
}

}  // namespace vectors

#endif
