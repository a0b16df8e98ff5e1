#include "runtime/base/clock.h"

#include <time.h>

#include <charconv>

namespace ikada {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// Days since 1970-01-01 of a day in the Gregorian calendar.
// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
std::int64_t days_from_civil(int year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return std::int64_t{era} * 146097 + day_of_era - 719468;
}

int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// Reads `width` digits at the front of `text` and removes them; -1 if they are not digits.
int take_digits(std::string_view& text, size_t width) {
  if (text.size() < width) return -1;
  int value = 0;
  for (size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text[0] != expected) return false;
  text.remove_prefix(1);
  return true;
}

// "Z" or "+02:00" as seconds east of UTC; false if it is neither or something follows.
bool take_offset(std::string_view text, int& offset_s) {
  offset_s = 0;
  if (text == "Z" || text == "z") return true;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return false;
  const int sign = text[0] == '+' ? 1 : -1;
  text.remove_prefix(1);
  const int hours = take_digits(text, 2);
  if (hours < 0 || hours > 23 || !take(text, ':')) return false;
  const int minutes = take_digits(text, 2);
  if (minutes < 0 || minutes > 59) return false;
  offset_s = sign * (hours * 3600 + minutes * 60);
  return true;
}

// ".123" as nanoseconds; an absent fraction is 0, a malformed one -1.
std::int64_t take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int64_t nanos = 0;
  int digits = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    if (digits < 9) nanos = nanos * 10 + (text[0] - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return -1;
  for (int i = digits; i < 9; ++i) nanos *= 10;
  return nanos;
}

}  // namespace

UnixNanos unix_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * kNanosPerSecond + now.tv_nsec;
}

std::string format_rfc3339(UnixNanos time) {
  std::int64_t seconds = time / kNanosPerSecond;
  std::int64_t nanos = time % kNanosPerSecond;
  if (nanos < 0) {
    nanos += kNanosPerSecond;
    --seconds;
  }
  tm parts{};
  const time_t whole = seconds;
  ::gmtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
                     parts.tm_year + 1900,
                     parts.tm_mon + 1,
                     parts.tm_mday,
                     parts.tm_hour,
                     parts.tm_min,
                     parts.tm_sec,
                     nanos);
}

Result<UnixNanos> parse_rfc3339(std::string_view text) {
  std::string_view rest = text;
  const int year = take_digits(rest, 4);
  bool good = year >= 0 && take(rest, '-');
  const int month = good ? take_digits(rest, 2) : -1;
  good = month >= 1 && month <= 12 && take(rest, '-');
  const int day = good ? take_digits(rest, 2) : -1;
  good = day >= 1 && day <= days_in_month(year, month) &&
         (take(rest, 'T') || take(rest, 't') || take(rest, ' '));
  const int hour = good ? take_digits(rest, 2) : -1;
  good = hour >= 0 && hour <= 23 && take(rest, ':');
  const int minute = good ? take_digits(rest, 2) : -1;
  good = minute >= 0 && minute <= 59 && take(rest, ':');
  const int second = good ? take_digits(rest, 2) : -1;
  good = second >= 0 && second <= 60;
  const std::int64_t nanos = good ? take_fraction(rest) : -1;
  int offset_s = 0;
  if (nanos < 0 || !take_offset(rest, offset_s)) {
    return make_error(ErrorKind::kInvalid, "not a time: \"{}\"", text);
  }
  const std::int64_t seconds =
      days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset_s;
  // Images made without a date have 0001-01-01, which 64 bits of nanoseconds do not reach.
  constexpr std::int64_t kMostSeconds = INT64_MAX / kNanosPerSecond - 1;
  if (seconds < -kMostSeconds || seconds > kMostSeconds) {
    return make_error(ErrorKind::kInvalid, "time out of range: {}", text);
  }
  return seconds * kNanosPerSecond + nanos;
}

std::string format_duration_words(std::int64_t seconds) {
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = (seconds + 1800) / 3600;
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return fmt::format("{} seconds", seconds);
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return fmt::format("{} minutes", minutes);
  if (hours == 1) return "About an hour";
  if (hours < 48) return fmt::format("{} hours", hours);
  if (hours < 24 * 7 * 2) return fmt::format("{} days", hours / 24);
  if (hours < 24 * 30 * 2) return fmt::format("{} weeks", hours / 24 / 7);
  if (hours < 24 * 365 * 2) return fmt::format("{} months", hours / 24 / 30);
  return fmt::format("{} years", hours / 24 / 365);
}

}  // namespace ikada
