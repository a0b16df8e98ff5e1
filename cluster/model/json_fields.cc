#include "cluster/model/json_fields.h"

#include <cmath>
#include <limits>

namespace ikada {
namespace {

// 2^53: above it a double has no milliseconds of its own, and no clock of ours is that far.
constexpr double kMaxMilliseconds = 9007199254740992.0;
constexpr double kMillisecondsPerSecond = 1000.0;

}  // namespace

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
  if (!is_reading()) {
    (*target_)[key] = static_cast<double>(value.milliseconds) / kMillisecondsPerSecond;
    return;
  }
  double seconds = static_cast<double>(value.milliseconds) / kMillisecondsPerSecond;
  reader_->read(key, seconds);
  const double milliseconds = std::round(seconds * kMillisecondsPerSecond);
  if (!(std::fabs(milliseconds) < kMaxMilliseconds)) {
    return reader_->fail(key, "number out of range");
  }
  value.milliseconds = static_cast<std::int64_t>(milliseconds);
}

void JsonFields::field(const char* key, std::vector<std::int32_t>& value) {
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
