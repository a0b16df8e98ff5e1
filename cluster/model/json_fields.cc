#include "cluster/model/json_fields.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace ikada {
namespace {

// 2^53: above it a double has no milliseconds of its own, and no clock of ours is that far.
constexpr double kMaxMilliseconds = 9007199254740992.0;
constexpr double kMillisecondsPerSecond = 1000.0;

constexpr std::uint64_t in_each_byte(unsigned char byte) { return 0x0101010101010101U * byte; }

// One of the eight is a quote, a backslash, a control character or no ASCII. Subtracting borrows
// into the high bit of a byte that is too small.
bool has_odd_byte(std::uint64_t eight) {
  constexpr std::uint64_t kHigh = in_each_byte(0x80);
  const auto has_less = [](std::uint64_t bytes, unsigned char than) {
    return (bytes - in_each_byte(than)) & ~bytes & kHigh;
  };
  const auto has = [&](unsigned char byte) { return has_less(eight ^ in_each_byte(byte), 1); };
  const std::uint64_t odd =
      (eight & kHigh) | has_less(eight, ' ') | has('"') | has('\\') | has('\x7f');
  return odd != 0;
}

// What has no quotes, backslashes, control characters or bytes that may not be UTF-8.
bool is_plain_text(std::string_view text) {
  std::uint64_t eight = 0;
  while (text.size() >= sizeof eight) {
    std::memcpy(&eight, text.data(), sizeof eight);
    if (has_odd_byte(eight)) return false;
    text.remove_prefix(sizeof eight);
  }
  eight = in_each_byte(' ');
  std::memcpy(&eight, text.data(), text.size());
  return !has_odd_byte(eight);
}

void append(std::string& text, bool value) { text += value ? "true" : "false"; }
void append(std::string& text, std::int32_t value) { text += std::to_string(value); }
void append(std::string& text, std::int64_t value) { text += std::to_string(value); }
void append(std::string& text, double value) { text += Json(value).dump(); }
void append(std::string& text, const std::string& value) {
  if (!is_plain_text(value)) {
    text += Json(value).dump();
    return;
  }
  text += '"';
  text += value;
  text += '"';
}

template <typename T>
void append(std::string& text, const std::vector<T>& values) {
  text += '[';
  for (const T& each : values) {
    if (text.back() != '[') text += ',';
    append(text, each);
  }
  text += ']';
}

void append(std::string& text, const std::map<std::string, std::string>& values) {
  text += '{';
  for (const auto& [key, value] : values) {
    if (text.back() != '{') text += ',';
    append(text, key);
    text += ':';
    append(text, value);
  }
  text += '}';
}

}  // namespace

void JsonFields::begin(const char* key) {
  if (text_->back() != '{') *text_ += ',';
  *text_ += '"';
  *text_ += key;
  *text_ += "\":";
}

template <typename T>
void JsonFields::plain(const char* key, T& value) {
  if (is_reading()) {
    reader_->read(key, value);
  } else if (text_ != nullptr) {
    begin(key);
    append(*text_, value);
  } else {
    (*target_)[key] = value;
  }
}

void JsonFields::field(const char* key, bool& value) { plain(key, value); }
void JsonFields::field(const char* key, std::int32_t& value) { plain(key, value); }
void JsonFields::field(const char* key, std::int64_t& value) { plain(key, value); }
void JsonFields::field(const char* key, double& value) { plain(key, value); }
void JsonFields::field(const char* key, std::string& value) { plain(key, value); }
void JsonFields::field(const char* key, std::vector<std::string>& value) { plain(key, value); }
void JsonFields::field(const char* key, std::map<std::string, std::string>& value) {
  plain(key, value);
}

void JsonFields::field(const char* key, Timestamp& value) {
  if (text_ != nullptr && value.milliseconds >= 0) {
    begin(key);
    append(*text_, value.milliseconds / 1000);
    *text_ += '.';
    text_->append(std::to_string(1000 + value.milliseconds % 1000), 1);  // Three digits.
    return;
  }
  double seconds = static_cast<double>(value.milliseconds) / kMillisecondsPerSecond;
  plain(key, seconds);
  if (!is_reading()) return;
  const double milliseconds = std::round(seconds * kMillisecondsPerSecond);
  if (!(std::fabs(milliseconds) < kMaxMilliseconds)) {
    return reader_->fail(key, "number out of range");
  }
  value.milliseconds = static_cast<std::int64_t>(milliseconds);
}

void JsonFields::field(const char* key, std::vector<std::int32_t>& value) {
  if (text_ != nullptr) {
    begin(key);
    append(*text_, value);
    return;
  }
  if (!is_reading()) {
    (*target_)[key] = value;
    return;
  }
  const Json* array = reader_->find(key);
  if (array == nullptr) return;
  if (!array->is_array()) return reader_->fail(key, "expected an array of integers");
  for (const Json& each : *array) {
    if (!each.is_number_integer()) return reader_->fail(key, "expected an array of integers");
    const auto number = each.get<std::int64_t>();
    if (number < std::numeric_limits<std::int32_t>::min() ||
        number > std::numeric_limits<std::int32_t>::max()) {
      return reader_->fail(key, "number out of range");
    }
    value.push_back(static_cast<std::int32_t>(number));
  }
}

bool is_missing_member(const Error& error) {
  return error.message.ends_with(fmt::format(": {}", JsonFields::kMissing));
}

}  // namespace ikada
