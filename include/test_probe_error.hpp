// The errors of test_probe.hpp, and how its calls of test_probe.h become exceptions and owned values. Included by it.
#ifndef TEST_PROBE_ERROR_HPP
#define TEST_PROBE_ERROR_HPP

#include "test_probe.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace test_probe {

using Milliseconds = std::chrono::milliseconds;

/// Why a call failed. what() is the message with its hint.
class Error : public std::runtime_error {
 public:
  /// What an error of the engine holds.
  struct Facts {
    int32_t code;
    std::string name, message, hint, context, json;
    bool retriable;
  };
  explicit Error(Facts facts)
      : std::runtime_error(facts.hint.empty() ? facts.message : facts.message + "\nhint: " + facts.hint),
        facts_(std::move(facts)) {}
  /// One of TEST_PROBE_INVALID_ARGUMENT, ...
  int32_t code() const noexcept { return facts_.code; }
  /// The code's name, as UNKNOWN_TOPIC.
  const std::string& name() const noexcept { return facts_.name; }
  /// What happened, without the hint.
  const std::string& message() const noexcept { return facts_.message; }
  /// What can be done about it; empty when there is no hint.
  const std::string& hint() const noexcept { return facts_.hint; }
  /// Facts for programs, as a JSON object.
  const std::string& context() const noexcept { return facts_.context; }
  /// Everything as a JSON object, context included.
  const std::string& json() const noexcept { return facts_.json; }
  /// Whether the same call may succeed later.
  bool retriable() const noexcept { return facts_.retriable; }

 private:
  Facts facts_;
};

/// 1xxx: the caller asked for something that cannot be.
class UsageError : public Error {
  using Error::Error;
};
/// 2xxx: the system under test did not do what was expected.
class ExpectationFailed : public Error {
  using Error::Error;
};
/// 25xx: the engine cannot know. Never take it for a pass.
class Inconclusive : public Error {
  using Error::Error;
};
/// 3xxx: Kafka said no, or did not answer.
class KafkaError : public Error {
  using Error::Error;
};
/// 4xxx: a schema, its registry or a payload that breaks it.
class SchemaError : public Error {
  using Error::Error;
};
/// 5xxx: the call ended because something was closed, cancelled, full or late.
class LifecycleError : public Error {
  using Error::Error;
};
/// 9xxx: ours. Please report.
class InternalError : public Error {
  using Error::Error;
};

namespace detail {

struct FreeError {
  void operator()(test_probe_error_t* error) const noexcept { test_probe_error_free(error); }
};
struct FreeEvents {
  void operator()(test_probe_events_t* events) const noexcept { test_probe_events_free(events); }
};
struct FreeString {
  void operator()(char* text) const noexcept { test_probe_string_free(text); }
};
using ErrorPtr = std::unique_ptr<test_probe_error_t, FreeError>;
using EventsPtr = std::unique_ptr<test_probe_events_t, FreeEvents>;

[[noreturn]] inline void raise(int32_t code, test_probe_error_t* object) {
  const ErrorPtr owner(object);
  const auto text = [](const char* found) { return std::string(found != nullptr ? found : ""); };
  const Error::Facts facts{code,
                           text(test_probe_error_name(object)),
                           text(test_probe_error_message(object)),
                           text(test_probe_error_hint(object)),
                           text(test_probe_error_context(object)),
                           text(test_probe_error_to_json(object)),
                           test_probe_error_retriable(object)};
  if (code >= 1000 && code < 2000) throw UsageError(facts);
  if (code >= 2000 && code < 2500) throw ExpectationFailed(facts);
  if (code >= 2500 && code < 3000) throw Inconclusive(facts);
  if (code >= 3000 && code < 4000) throw KafkaError(facts);
  if (code >= 4000 && code < 5000) throw SchemaError(facts);
  if (code >= 5000 && code < 6000) throw LifecycleError(facts);
  throw InternalError(facts);
}

/// Calls a function whose last parameter is the error, and throws what it returns.
template <typename Call>
void check(Call&& call) {
  test_probe_error_t* error = nullptr;
  const int32_t code = call(&error);
  if (code != TEST_PROBE_OK) raise(code, error);
}

/// Calls a function that gives a string.
template <typename Call>
std::string take_string(Call&& call) {
  char* text = nullptr;
  check([&](test_probe_error_t** error) { return call(&text, error); });
  const std::unique_ptr<char, FreeString> owner(text);
  return std::string(text);
}

inline std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + '"';
}

inline test_probe_bytes_t bytes(const std::optional<std::string>& text) {
  if (!text) return {nullptr, 0};
  return {reinterpret_cast<const uint8_t*>(text->data()), text->size()};
}

inline std::optional<std::string> owned(test_probe_bytes_t bytes) {
  if (bytes.data == nullptr) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes.data), bytes.len);
}

inline std::optional<std::string> owned(test_probe_view_t text) {
  if (text.data == nullptr) return std::nullopt;
  return std::string(text.data, text.len);
}

inline int64_t millis(std::optional<Milliseconds> time) { return time ? time->count() : -1; }

}  // namespace detail

}  // namespace test_probe

#endif  // TEST_PROBE_ERROR_HPP
