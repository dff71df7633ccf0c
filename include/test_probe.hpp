// test-probe for C++17: header only, on top of test_probe.h. Include it and link test_probe.
//
//     test_probe::Probe probe;                                       // or Probe(config text)
//     auto session = probe.open_session(test_probe::read_file("topics.yaml"));
//     session.produce_event("orders", test_probe::Event("OrderCreated").id("evt-1").value(R"({"total":5})"));
//     auto event = session.expect_event("orders", test_probe::Match().id("evt-1"), 5s);
//     session.expect_none("rejections", test_probe::Match(), 1s);
//
// Everything that can fail throws a subclass of test_probe::Error; a verdict that is not a pass
// throws ExpectationFailed or Inconclusive, whose what() is the whole explanation.
// Probe and Session are move-only and close themselves; close() says whether that went well.
// Any object may be used from any thread as long as it is not being moved or destroyed.
#ifndef TEST_PROBE_HPP
#define TEST_PROBE_HPP

#include "test_probe_error.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test_probe {

/// A header: its value may be null.
using Header = std::pair<std::string, std::optional<std::string>>;

/// Returns a file's content; throws std::runtime_error.
inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("`" + path + "` could not be read");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Validates directives without a probe and returns them with every default, as JSON.
inline std::string validate_directives(const std::string& directives) {
  return detail::take_string([&](char** json, test_probe_error_t** error) {
    return test_probe_directives_validate(directives.c_str(), json, error);
  });
}

/// Reads a configuration without a probe, as Probe(config) would, and returns it by its keys as JSON, with every
/// default and without secrets. `file` stands for test-probe.yaml, `variables` (a JSON object) for the environment.
inline std::string validate_config(const std::optional<std::string>& config = std::nullopt,
                                   const std::optional<std::string>& file = std::nullopt,
                                   const std::optional<std::string>& variables = std::nullopt) {
  const auto text = [](const std::optional<std::string>& one) { return one ? one->c_str() : nullptr; };
  return detail::take_string([&](char** json, test_probe_error_t** error) {
    return test_probe_config_validate(text(config), text(file), text(variables), json, error);
  });
}

/// An event to produce. Without a value it is a tombstone.
class Event {
 public:
  Event() = default;
  explicit Event(std::string type) : type_(std::move(type)) {}
  Event& id(std::string id) {
    id_ = std::move(id);
    return *this;
  }
  Event& version(std::string version) {
    version_ = std::move(version);
    return *this;
  }
  Event& key(std::string key) {
    key_ = std::move(key);
    return *this;
  }
  /// Text in the topic's format; for json it must parse.
  Event& value(std::string text) {
    value_ = std::move(text);
    raw_ = false;
    return *this;
  }
  /// The bytes of the wire, whatever the format.
  Event& raw_value(std::string bytes) {
    value_ = std::move(bytes);
    raw_ = true;
    return *this;
  }
  Event& header(std::string name, std::optional<std::string> value) {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Event& partition(int32_t partition) {
    partition_ = partition;
    return *this;
  }
  Event& timestamp(std::chrono::system_clock::time_point time) {
    timestamp_ = std::chrono::duration_cast<Milliseconds>(time.time_since_epoch()).count();
    return *this;
  }

  /// Calls with the C record, which lives as long as the call.
  template <typename Call>
  auto with_record(Call&& call) const {
    std::vector<test_probe_header_t> headers;
    for (const Header& header : headers_) headers.push_back({header.first.c_str(), detail::bytes(header.second)});
    test_probe_record_t record = TEST_PROBE_RECORD_INIT;
    record.type = text(type_);
    record.version = text(version_);
    record.id = text(id_);
    record.key = detail::bytes(key_);
    record.value = detail::bytes(value_);
    record.headers = headers.data();
    record.header_count = headers.size();
    record.partition = partition_;
    record.timestamp = timestamp_;
    record.flags = raw_ ? TEST_PROBE_RECORD_RAW : 0;
    return call(&record);
  }

 private:
  static const char* text(const std::optional<std::string>& text) { return text ? text->c_str() : nullptr; }
  std::optional<std::string> type_, id_, version_, key_, value_;
  std::vector<Header> headers_;
  int32_t partition_ = -1;
  int64_t timestamp_ = TEST_PROBE_NO_TIMESTAMP;
  bool raw_ = false;
};

/// A point in the log, for Match::after.
struct Mark {
  std::string json;
};

/// A broker's acknowledgement.
struct ProducedAck {
  std::string topic;
  int32_t partition;
  int64_t offset;
  std::chrono::system_clock::time_point timestamp;
  std::chrono::nanoseconds latency;
  std::string id;
};

/// An event that was received; owns all it holds.
struct ReceivedEvent {
  std::string topic;
  int32_t partition = -1;
  int64_t offset = -1;
  std::optional<int64_t> timestamp_ms;
  std::optional<std::string> id, type, version, test_id;
  std::optional<std::string> key, value;  ///< Raw; nullopt is null, for a value a tombstone.
  std::vector<Header> headers;
  bool own = false;
  int32_t error = TEST_PROBE_OK;  ///< Why the value could not be decoded.
  std::string json;               ///< The whole event, with the value as it was decoded.

  /// Returns the first value under exactly this name; nullopt when absent or null.
  std::optional<std::string> header(std::string_view name) const {
    for (const Header& found : headers)
      if (found.first == name) return found.second;
    return std::nullopt;
  }
};

/// A verdict that passed: its events, and coverage and warnings as JSON.
struct Verdict {
  std::vector<ReceivedEvent> events;
  std::string json;
};

/// What the function of fish_for_event answers.
struct Fish {
  std::string json;                                          ///< As test_probe_expect takes it.
  bool final = false;                                        ///< Whether it ends the fishing.
  static Fish complete() { return {"\"complete\"", true}; }  ///< Ends it with this event.
  static Fish collect() { return {"\"collect\""}; }          ///< Keeps this event and goes on.
  static Fish ignore() { return {"\"ignore\""}; }            ///< Goes on.
  /// Ends it as a failure.
  static Fish fail(std::string_view text) { return {"{\"fail\":" + detail::quoted(text) + "}", true}; }
};

/// How the events of expect_all_of follow one another.
enum class Order { in_order, any_order };

/// The answer of a fetch: an event, or why there is none.
struct ConsumedResult {
  std::optional<ReceivedEvent> event;
  std::string reason;
  bool found() const noexcept { return event.has_value(); }
};

/// Conditions on an event; all must hold.
class Match {
 public:
  Match() = default;
  Match& id(std::string_view id) { return add("id", detail::quoted(id)); }
  Match& type(std::string_view type) { return add("type", detail::quoted(type)); }
  Match& version(std::string_view version) { return add("version", detail::quoted(version)); }
  Match& key(std::string_view key) { return add("key", detail::quoted(key)); }
  Match& header(std::string_view name, std::optional<std::string_view> value) {
    headers_ += (headers_.empty() ? "" : ",") + ("[" + detail::quoted(name)) + "," +
                (value ? detail::quoted(*value) : "null") + "]";
    return *this;
  }
  /// JSON text of which the value must be a superset.
  Match& value_json(std::string_view json) { return add("value", std::string(json)); }
  /// How the value is compared: subset (when not said), exact or any_order.
  Match& mode(std::string_view mode) { return add("mode", detail::quoted(mode)); }
  /// Asks one place: id, type, version, key, header:NAME, value, or a JSONPath into the value. `value_json` is JSON
  /// text for the matchers that take a value: matcher("$.total", "between", "[1, 5]").
  Match& matcher(std::string_view path, std::string_view matcher,
                 std::optional<std::string_view> value_json = std::nullopt) {
    matchers_ += (matchers_.empty() ? "" : ",") + ("{\"path\":" + detail::quoted(path)) +
                 ",\"matcher\":" + detail::quoted(matcher) +
                 (value_json ? ",\"value\":" + std::string(*value_json) : std::string()) + "}";
    return *this;
  }
  /// A CEL expression over the event that must be true: where("value.total > 3 && key == 'o-1'").
  Match& where(std::string_view expression) { return add("where", detail::quoted(expression)); }
  Match& own(bool own) { return add("own", own ? "true" : "false"); }
  Match& hint(std::string_view hint) { return add("hint", detail::quoted(hint)); }
  Match& after(const Mark& mark) { return add("after", "{\"mark\":" + mark.json + "}"); }
  Match& after(const ProducedAck& ack) { return after(ack.topic, ack.partition, ack.offset); }
  Match& after(const ReceivedEvent& event) { return after(event.topic, event.partition, event.offset); }
  /// Looks on another topic of the session; for expect_all_of.
  Match& topic(std::string_view topic) { return add("topic", detail::quoted(topic)); }
  /// Returns the conditions as a JSON object.
  std::string json() const {
    std::string all = fields_;
    if (!headers_.empty()) all += (all.empty() ? "" : ",") + ("\"headers\":[" + headers_) + "]";
    if (!matchers_.empty()) all += (all.empty() ? "" : ",") + ("\"matchers\":[" + matchers_) + "]";
    return "{" + all + "}";
  }

 private:
  Match& add(const char* name, const std::string& json) {
    fields_ += (fields_.empty() ? "" : ",") + detail::quoted(name) + ":" + json;
    return *this;
  }
  Match& after(const std::string& topic, int32_t partition, int64_t offset) {
    return add("after", "{\"topic\":" + detail::quoted(topic) + ",\"partition\":" + std::to_string(partition) +
                            ",\"offset\":" + std::to_string(offset) + "}");
  }
  std::string fields_, headers_, matchers_;
};

namespace detail {

inline ReceivedEvent received(const test_probe_events_t* events, size_t index) {
  test_probe_event_t view;
  check([&](test_probe_error_t** error) { return test_probe_events_get(events, index, &view, error); });
  ReceivedEvent event;
  event.topic = owned(view.topic).value_or("");
  event.partition = view.partition;
  event.offset = view.offset;
  if (view.timestamp != TEST_PROBE_NO_TIMESTAMP) event.timestamp_ms = view.timestamp;
  event.id = owned(view.id);
  event.type = owned(view.type);
  event.version = owned(view.version);
  event.test_id = owned(view.test_id);
  event.key = owned(view.key);
  event.value = owned(view.value);
  event.own = view.own;
  event.error = view.error;
  for (size_t i = 0; i < view.header_count; ++i) {
    test_probe_header_t header;
    check([&](test_probe_error_t** error) { return test_probe_events_header(events, index, i, &header, error); });
    event.headers.emplace_back(header.name, owned(header.value));
  }
  event.json = take_string(
      [&](char** json, test_probe_error_t** error) { return test_probe_events_json(events, index, json, error); });
  return event;
}

inline std::vector<ReceivedEvent> all(const test_probe_events_t* events) {
  std::vector<ReceivedEvent> found;
  for (size_t i = 0; i < test_probe_events_count(events); ++i) found.push_back(received(events, i));
  return found;
}

}  // namespace detail

/// One test. Closes itself; close() throws what closing found.
class Session {
 public:
  explicit Session(test_probe_session_t handle) noexcept : handle_(handle) {}
  Session(Session&& other) noexcept : handle_(std::exchange(other.handle_, {0})) {}
  Session& operator=(Session&& other) noexcept {
    if (this != &other) {
      release();
      handle_ = std::exchange(other.handle_, {0});
    }
    return *this;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { release(); }

  /// The C handle, for functions that this class does not have.
  test_probe_session_t handle() const noexcept { return handle_; }

  std::string test_id() const {
    return string(
        [&](char** out, test_probe_error_t** error) { return test_probe_session_test_id(handle_, out, error); });
  }
  /// Headers for a REST trigger, as a JSON object.
  std::string trace_headers() const {
    return string(
        [&](char** out, test_probe_error_t** error) { return test_probe_session_trace_headers(handle_, out, error); });
  }
  void add_topics(const std::string& directives) {
    check(
        [&](test_probe_error_t** error) { return test_probe_session_add_topics(handle_, directives.c_str(), error); });
  }
  void close() {
    const test_probe_session_t handle = std::exchange(handle_, {0});
    check([&](test_probe_error_t** error) { return test_probe_session_close(handle, error); });
  }

  ProducedAck produce_event(const std::string& topic, const Event& event, std::optional<Milliseconds> timeout = {}) {
    test_probe_ack_t ack;
    event.with_record([&](const test_probe_record_t* record) {
      check([&](test_probe_error_t** error) {
        return test_probe_produce(handle_, topic.c_str(), record, detail::millis(timeout), &ack, error);
      });
    });
    return {topic,
            ack.partition,
            ack.offset,
            std::chrono::system_clock::time_point(Milliseconds(ack.timestamp)),
            std::chrono::nanoseconds(ack.latency_ns),
            ack.id};
  }

  ConsumedResult fetch_consumed_event(const std::string& topic, const std::string& event_test_id) const {
    const auto found = events([&](test_probe_events_t** out, test_probe_error_t** error) {
      return test_probe_fetch(handle_, topic.c_str(), event_test_id.c_str(), out, error);
    });
    ConsumedResult result;
    if (test_probe_events_count(found.get()) > 0) result.event = detail::received(found.get(), 0);
    if (const char* reason = test_probe_events_reason(found.get())) result.reason = reason;
    return result;
  }
  std::vector<ReceivedEvent> fetch_consumed_events(const std::string& topic, const std::string& event_test_id) const {
    return detail::all(events([&](test_probe_events_t** out, test_probe_error_t** error) {
                         return test_probe_fetch_all(handle_, topic.c_str(), event_test_id.c_str(), out, error);
                       }).get());
  }

  Mark mark() const {
    return {string([&](char** out, test_probe_error_t** error) { return test_probe_mark(handle_, out, error); })};
  }
  ReceivedEvent expect_event(const std::string& topic, const Match& match, std::optional<Milliseconds> within = {}) {
    return expect("expect_event", topic, match.json(), within).events.at(0);
  }
  Verdict expect_none(const std::string& topic, const Match& match, Milliseconds within) {
    return expect("expect_none", topic, match.json(), within);
  }
  /// n events until the window's end, and not one more.
  Verdict expect_exactly(const std::string& topic, size_t n, const Match& match, Milliseconds within) {
    return expect("expect_exactly", topic, match.json(), within, ",\"n\":" + std::to_string(n));
  }
  /// An event of its own for each match; the events come in the order of the matches.
  Verdict expect_all_of(const std::string& topic, const std::vector<Match>& matches, Order order,
                        std::optional<Milliseconds> within = {}) {
    std::string all;
    for (const Match& match : matches) all += (all.empty() ? "" : ",") + match.json();
    const std::string word = order == Order::in_order ? "in_order" : "any_order";
    return run("{\"verb\":\"expect_all_of\",\"topic\":" + detail::quoted(topic) + ",\"matches\":[" + all +
                   "],\"order\":\"" + word + "\"}",
               within);
  }
  /// Shows one event after the other to a function of Fish(const ReceivedEvent&), in this thread, until it completes
  /// with one; the events are those that it collected, and last that one.
  template <typename Function>
  Verdict fish_for_event(const std::string& topic, Function&& function, std::optional<Milliseconds> within = {},
                         const Match& match = {}) {
    const std::string verb = "{\"verb\":\"fish_for_event\",";
    Verdict turn = run(verb + "\"topic\":" + detail::quoted(topic) + ",\"match\":" + match.json() + "}", within);
    for (bool ended = false; !ended;) {
      std::string answers;
      for (const ReceivedEvent& event : turn.events) {
        const Fish answer = function(event);
        answers += (answers.empty() ? "" : ",") + answer.json;
        ended = answer.final;
        if (ended) break;
      }
      turn = run(verb + "\"fishing\":" + turn.json + ",\"answers\":[" + answers + "]}", {});
    }
    return turn;
  }
  /// Until a consumer group has committed, for every partition, the end that it has now, or more.
  void expect_group_caught_up(const std::string& group, const std::string& topic,
                              std::optional<Milliseconds> within = {}) {
    run("{\"verb\":\"expect_group_caught_up\",\"group\":" + detail::quoted(group) +
            ",\"topic\":" + detail::quoted(topic) + "}",
        within);
  }
  ReceivedEvent receive_event(const std::string& topic, std::optional<Milliseconds> within = {}) {
    return expect("receive_event", topic, "{}", within).events.at(0);
  }
  std::vector<ReceivedEvent> receive_n(const std::string& topic, size_t n, std::optional<Milliseconds> within = {}) {
    return expect("receive_n", topic, "{}", within, ",\"n\":" + std::to_string(n)).events;
  }
  /// Any verb by its name, with a match as a JSON object.
  Verdict expect(const std::string& verb, const std::string& topic, const std::string& match_json,
                 std::optional<Milliseconds> within = {}, const std::string& more = "") {
    const std::string document = "{\"verb\":" + detail::quoted(verb) + ",\"topic\":" + detail::quoted(topic) +
                                 ",\"match\":" + match_json + more + "}";
    return run(document, within);
  }
  /// Any expectation, as the document that test_probe_expect takes.
  Verdict run(const std::string& document, std::optional<Milliseconds> within = {}) {
    const auto found = events([&](test_probe_events_t** out, test_probe_error_t** error) {
      return test_probe_expect(handle_, document.c_str(), detail::millis(within), out, error);
    });
    const char* verdict = test_probe_events_verdict(found.get());
    return {detail::all(found.get()), verdict != nullptr ? verdict : ""};
  }

  std::vector<ReceivedEvent> journal(const std::string& topic) const {
    return detail::all(events([&](test_probe_events_t** out, test_probe_error_t** error) {
                         return test_probe_journal(handle_, topic.c_str(), out, error);
                       }).get());
  }
  /// How far the topic was read, as JSON.
  std::string coverage(const std::string& topic) const {
    return string([&](char** out, test_probe_error_t** error) {
      return test_probe_coverage(handle_, topic.c_str(), out, error);
    });
  }
  /// What the schemas of the session need before its first event, as JSON; what fails is a finding.
  std::string preflight() const {
    return string([&](char** out, test_probe_error_t** error) { return test_probe_preflight(handle_, out, error); });
  }

 private:
  template <typename Call>
  static void check(Call&& call) {
    detail::check(std::forward<Call>(call));
  }
  template <typename Call>
  static std::string string(Call&& call) {
    return detail::take_string(std::forward<Call>(call));
  }
  template <typename Call>
  static detail::EventsPtr events(Call&& call) {
    test_probe_events_t* found = nullptr;
    detail::check([&](test_probe_error_t** error) { return call(&found, error); });
    return detail::EventsPtr(found);
  }
  void release() noexcept {
    if (handle_.id != 0) test_probe_session_close(std::exchange(handle_, {0}), nullptr);
  }
  test_probe_session_t handle_;
};

/// The engine. Closes itself within its configured time, whatever the brokers do.
class Probe {
 public:
  /// From the environment. A library with another binary interface is refused: UsageError, UNSUPPORTED.
  Probe() : Probe(static_cast<const char*>(nullptr)) {}
  /// From configuration text, YAML or JSON, on top of the environment.
  explicit Probe(const std::string& config) : Probe(config.c_str()) {}
  /// As both: nullptr is the environment alone.
  explicit Probe(const char* config) : handle_{0} {
    detail::check([&](test_probe_error_t** error) { return test_probe_open(config, &handle_, error); });
  }
  Probe(Probe&& other) noexcept : handle_(std::exchange(other.handle_, {0})) {}
  Probe& operator=(Probe&& other) noexcept {
    if (this != &other) {
      release();
      handle_ = std::exchange(other.handle_, {0});
    }
    return *this;
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() { release(); }

  /// A probe whose default cluster is at these servers.
  static Probe at(const std::string& bootstrap_servers) {
    return Probe("{\"test-probe\":{\"kafka\":{\"bootstrap-servers\":" + detail::quoted(bootstrap_servers) + "}}}");
  }

  /// The C handle, for functions that this class does not have.
  test_probe_t handle() const noexcept { return handle_; }

  /// Where the clusters are, as JSON.
  std::string info() const {
    return detail::take_string(
        [&](char** out, test_probe_error_t** error) { return test_probe_info(handle_, out, error); });
  }
  /// Has an embedded cluster inject faults, tell of requests, stop brokers or move leaders; documents as those of
  /// test_probe_embedded_control.
  std::string embedded_control(const std::string& command, const std::optional<std::string>& cluster = {}) {
    return detail::take_string([&](char** out, test_probe_error_t** error) {
      return test_probe_embedded_control(handle_, cluster ? cluster->c_str() : nullptr, command.c_str(), out, error);
    });
  }
  /// Opens a session; directives are YAML or JSON text (read_file for a file's).
  Session open_session(const std::string& directives, const std::optional<std::string>& test_id = {}) {
    test_probe_session_t session{0};
    detail::check([&](test_probe_error_t** error) {
      return test_probe_session_open(handle_, directives.c_str(), test_id ? test_id->c_str() : nullptr, &session,
                                     error);
    });
    return Session(session);
  }
  /// Registers this probe with the static DSL (test_probe_dsl_produce, test_probe_dsl_fetch).
  void register_system() {
    detail::check([&](test_probe_error_t** error) { return test_probe_dsl_register(handle_, error); });
  }
  void close(std::optional<Milliseconds> timeout = {}) {
    const test_probe_t handle = std::exchange(handle_, {0});
    detail::check([&](test_probe_error_t** error) { return test_probe_close(handle, detail::millis(timeout), error); });
  }

 private:
  void release() noexcept {
    if (handle_.id != 0) test_probe_close(std::exchange(handle_, {0}), -1, nullptr);
  }
  test_probe_t handle_;
};

}  // namespace test_probe

#endif  // TEST_PROBE_HPP
