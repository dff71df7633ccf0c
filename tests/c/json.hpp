// JSON for the tests: enough to read the vectors and to compare documents. Members keep their order; numbers are
// compared as numbers where a double holds them, else by their digits.
#ifndef JSON_HPP
#define JSON_HPP

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

class Json {
 public:
  enum class Kind { kMissing, kNull, kBool, kNumber, kText, kList, kObject };

  Json() = default;
  /// Reads a document; throws std::runtime_error.
  static Json parse(std::string_view text) {
    Reader reader{text, 0};
    Json value = reader.value();
    reader.blanks();
    if (reader.at != text.size()) reader.fail();
    return value;
  }
  static Json null() { return of(Kind::kNull, ""); }
  static Json text(std::string text) { return of(Kind::kText, std::move(text)); }
  static Json list(std::vector<Json> items) {
    Json value = of(Kind::kList, "");
    value.items_ = std::move(items);
    return value;
  }
  static Json object(std::vector<std::pair<std::string, Json>> members) {
    Json value = of(Kind::kObject, "");
    value.members_ = std::move(members);
    return value;
  }

  Kind kind() const { return kind_; }
  bool has(std::string_view key) const { return (*this)[key].kind_ != Kind::kMissing; }
  bool is_true() const { return kind_ == Kind::kBool && text_ == "true"; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_text() const { return kind_ == Kind::kText; }
  /// The content of a text; the digits of a number.
  const std::string& str() const { return text_; }
  const std::vector<Json>& items() const { return items_; }
  const std::vector<std::pair<std::string, Json>>& members() const { return members_; }
  const Json& operator[](std::string_view key) const {
    for (const auto& member : members_)
      if (member.first == key) return member.second;
    return missing();
  }
  const Json& operator[](size_t index) const { return index < items_.size() ? items_[index] : missing(); }
  Json& set(const std::string& key, Json value) {
    kind_ = Kind::kObject;
    for (auto& member : members_)
      if (member.first == key) return member.second = std::move(value), *this;
    members_.emplace_back(key, std::move(value));
    return *this;
  }
  /// Returns the value at a JSON pointer without escapes.
  const Json& at(std::string_view pointer) const {
    if (pointer.empty()) return *this;
    const size_t end = pointer.find('/', 1);
    return (*this)[pointer.substr(1, end - 1)].at(end == std::string_view::npos ? "" : pointer.substr(end));
  }
  bool operator==(const Json& other) const {
    if (kind_ != other.kind_ || items_ != other.items_) return false;
    if (kind_ == Kind::kNumber)
      return text_ == other.text_ || (text_.size() + other.text_.size() < 24 && number() == other.number());
    if (kind_ != Kind::kObject) return text_ == other.text_;
    if (members_.size() != other.members_.size()) return false;
    for (const auto& member : members_)
      if (!(other[member.first] == member.second)) return false;
    return true;
  }
  bool operator!=(const Json& other) const { return !(*this == other); }

  /// Returns the document with its members by name, as the engine writes them.
  std::string dump() const {
    switch (kind_) {
      case Kind::kMissing:
        return "nothing";
      case Kind::kNull:
        return "null";
      case Kind::kBool:
      case Kind::kNumber:
        return text_;
      case Kind::kText:
        return quoted(text_);
      case Kind::kList:
        break;
      case Kind::kObject:
        break;
    }
    std::string all;
    for (const Json& item : items_) all += (all.empty() ? "" : ",") + item.dump();
    auto sorted = members_;
    std::sort(sorted.begin(), sorted.end(), [](const auto& one, const auto& other) { return one.first < other.first; });
    for (const auto& member : sorted)
      all += (all.empty() ? "" : ",") + quoted(member.first) + ":" + member.second.dump();
    return kind_ == Kind::kList ? "[" + all + "]" : "{" + all + "}";
  }

 private:
  struct Reader {
    std::string_view text;
    size_t at;

    [[noreturn]] void fail() const { throw std::runtime_error("no JSON at byte " + std::to_string(at)); }
    char peek() const { return at < text.size() ? text[at] : '\0'; }
    void blanks() {
      while (at < text.size() && std::string_view(" \t\r\n").find(text[at]) != std::string_view::npos) ++at;
    }
    void expect(char c) {
      blanks();
      if (peek() != c) fail();
      ++at;
    }
    bool more(char end) {
      blanks();
      if (peek() == end) return ++at, false;
      return true;
    }
    Json value() {
      blanks();
      if (peek() == '{') return object();
      if (peek() == '[') return list();
      if (peek() == '"') return Json::text(string());
      const size_t begin = at;
      while (at < text.size() && std::string_view(",]} \t\r\n").find(text[at]) == std::string_view::npos) ++at;
      const std::string word(text.substr(begin, at - begin));
      if (word == "null") return Json::null();
      if (word == "true" || word == "false") return of(Kind::kBool, word);
      if (word.empty() || std::string_view("-0123456789").find(word[0]) == std::string_view::npos) fail();
      return of(Kind::kNumber, word);
    }
    Json object() {
      Json found = Json::object({});
      expect('{');
      while (more('}')) {
        if (!found.members_.empty()) expect(',');
        blanks();
        std::string key = string();
        expect(':');
        found.members_.emplace_back(std::move(key), value());
      }
      return found;
    }
    Json list() {
      Json found = Json::list({});
      expect('[');
      while (more(']')) {
        if (!found.items_.empty()) expect(',');
        found.items_.push_back(value());
      }
      return found;
    }
    std::string string() {
      expect('"');
      std::string out;
      while (peek() != '"') {
        if (at >= text.size()) fail();
        const char c = text[at++];
        out += c == '\\' ? escape() : std::string(1, c);
      }
      ++at;
      return out;
    }
    std::string escape() {
      static constexpr std::string_view kFrom = "nrtbf\"\\/", kTo = "\n\r\t\b\f\"\\/";
      const char c = peek();
      ++at;
      if (c != 'u') {
        const size_t found = kFrom.find(c);
        if (found == std::string_view::npos) fail();
        return std::string(1, kTo[found]);
      }
      unsigned code = unit();
      if (code >= 0xd800 && code < 0xdc00) {
        at += 2;
        code = 0x10000 + ((code - 0xd800) << 10) + (unit() - 0xdc00);
      }
      return utf8(code);
    }
    unsigned unit() {
      const unsigned code = static_cast<unsigned>(std::strtoul(std::string(text.substr(at, 4)).c_str(), nullptr, 16));
      at += 4;
      return code;
    }
    static std::string utf8(unsigned code) {
      const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
      if (code < 0x80) return {static_cast<char>(code)};
      if (code < 0x800) return {static_cast<char>(0xc0 | (code >> 6)), tail(0)};
      if (code < 0x10000) return {static_cast<char>(0xe0 | (code >> 12)), tail(6), tail(0)};
      return {static_cast<char>(0xf0 | (code >> 18)), tail(12), tail(6), tail(0)};
    }
  };

  static Json of(Kind kind, std::string text) {
    Json value;
    value.kind_ = kind;
    value.text_ = std::move(text);
    return value;
  }
  static const Json& missing() {
    static const Json nothing;
    return nothing;
  }
  static std::string quoted(const std::string& text);
  double number() const { return std::strtod(text_.c_str(), nullptr); }

  Kind kind_ = Kind::kMissing;
  std::string text_;
  std::vector<Json> items_;
  std::vector<std::pair<std::string, Json>> members_;
};

inline std::string Json::quoted(const std::string& text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += {kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 0xf]};
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

#endif
