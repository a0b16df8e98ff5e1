#include "cluster/model/json_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace ikada {
namespace {

// 2^53: above it a double has no milliseconds of its own, and no clock of ours is that far.
constexpr double kMaxMilliseconds = 9007199254740992.0;
constexpr double kMillisecondsPerSecond = 1000.0;

using Bytes = unsigned char __attribute__((vector_size(16)));

// One of them is a quote, a backslash, a control character or no ASCII.
bool has_odd_byte(Bytes bytes) {
  const auto odd = (bytes < ' ') | (bytes >= 0x7f) | (bytes == '"') | (bytes == '\\');
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(halves.data(), &odd, sizeof odd);
  return (halves[0] | halves[1]) != 0;
}

// What has no quotes, backslashes, control characters or bytes that may not be UTF-8.
bool is_plain_text(std::string_view text) {
  Bytes bytes{};
  while (text.size() >= sizeof bytes) {
    std::memcpy(&bytes, text.data(), sizeof bytes);
    if (has_odd_byte(bytes)) return false;
    text.remove_prefix(sizeof bytes);
  }
  bytes = Bytes{} + ' ';
  std::memcpy(&bytes, text.data(), text.size());
  return !has_odd_byte(bytes);
}

void append(std::string& text, bool value) { text += value ? "true" : "false"; }
void append(std::string& text, std::int64_t value) {
  std::array<char, std::numeric_limits<std::int64_t>::digits10 + 2> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  text.append(digits.data(), end.ptr);
}
void append(std::string& text, std::int32_t value) { append(text, std::int64_t{value}); }
void append(std::string& text, double value) { text += Json(value).dump(); }
void append(std::string& text, const std::string& value) {
  if (!is_plain_text(value)) {
    text += Json(value).dump();
    return;
  }
  text.append(1, '"').append(value).append(1, '"');
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
  text_->append(text_->back() != '{' ? ",\"" : "\"").append(key).append("\":");
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
    const auto rest = static_cast<int>(value.milliseconds % 1000);
    const std::array<char, 4> digits = {'.',
                                        static_cast<char>('0' + rest / 100),
                                        static_cast<char>('0' + rest / 10 % 10),
                                        static_cast<char>('0' + rest % 10)};
    text_->append(digits.data(), digits.size());
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
