#include "cluster/engine/time_argument.h"

#include <time.h>

#include <array>
#include <optional>
#include <string>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::int64_t kMaxSeconds = std::int64_t{1} << 32;

// A number with an optional fraction, in units of `unit` nanoseconds.
std::optional<std::int64_t> scaled(std::string_view number, std::int64_t unit) {
  const Cut parts = cut(number, '.');
  const Result<std::uint64_t> whole = parse_unsigned(
      parts.before, static_cast<std::uint64_t>(kMaxSeconds * kNanosecondsPerSecond / unit));
  if (!whole.has_value()) return std::nullopt;
  std::int64_t total = static_cast<std::int64_t>(*whole) * unit;
  if (!parts.found) return total;
  if (parts.after.empty() || parts.after.size() > 9) return std::nullopt;
  std::int64_t digit_value = unit;
  for (const char digit : parts.after) {
    if (digit < '0' || digit > '9') return std::nullopt;
    digit_value /= 10;
    total += (digit - '0') * digit_value;
  }
  return total;
}

// Go's durations: "1h30m", "1.5s", "300ms".
std::optional<std::int64_t> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t nanos;
  };
  static constexpr std::array<Unit, 6> kUnits = {Unit{"ns", 1},
                                                 Unit{"us", 1'000},
                                                 Unit{"ms", 1'000'000},
                                                 Unit{"s", kNanosecondsPerSecond},
                                                 Unit{"m", 60 * kNanosecondsPerSecond},
                                                 Unit{"h", 3600 * kNanosecondsPerSecond}};
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    const size_t number_end = text.find_first_not_of("0123456789.");
    if (number_end == 0 || number_end == std::string_view::npos) return std::nullopt;
    const size_t unit_end = std::min(text.find_first_of("0123456789.", number_end), text.size());
    const std::string_view name = text.substr(number_end, unit_end - number_end);
    std::optional<std::int64_t> part;
    for (const Unit& unit : kUnits) {
      if (unit.name == name) part = scaled(text.substr(0, number_end), unit.nanos);
    }
    if (!part.has_value() || *part > kMaxSeconds * kNanosecondsPerSecond - total)
      return std::nullopt;
    total += *part;
    text.remove_prefix(unit_end);
  }
  return total;
}

// A date, perhaps with a time, without a zone.
std::optional<UnixNanos> parse_local(std::string_view text) {
  const Cut fraction = cut(text, '.');
  for (const char* format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    const std::string whole(fraction.before);
    tm parts{};
    const char* end = ::strptime(whole.c_str(), format, &parts);
    if (end == nullptr || *end != '\0') continue;
    parts.tm_isdst = -1;
    const time_t seconds = ::mktime(&parts);
    std::int64_t nanos = 0;
    if (fraction.found) {
      const std::optional<std::int64_t> read =
          scaled("0." + std::string(fraction.after), kNanosecondsPerSecond);
      if (!read.has_value()) return std::nullopt;
      nanos = *read;
    }
    return std::int64_t{seconds} * kNanosecondsPerSecond + nanos;
  }
  return std::nullopt;
}

}  // namespace

Result<UnixNanos> parse_time_argument(std::string_view text, UnixNanos now) {
  if (const std::optional<std::int64_t> ago = parse_duration(text)) return now - *ago;
  if (const std::optional<std::int64_t> seconds = scaled(text, kNanosecondsPerSecond))
    return *seconds;
  Result<UnixNanos> zoned = parse_rfc3339(text);
  if (zoned.has_value()) return zoned;
  if (const std::optional<UnixNanos> local = parse_local(text)) return *local;
  return make_error(ErrorKind::kInvalid,
                    "not a time: \"{}\" (use 2026-11-23T21:10:15, 42m or seconds since 1970)",
                    text);
}

}  // namespace ikada
