#include "cluster/engine/time_argument.h"

#include <stdlib.h>
#include <time.h>

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr UnixNanos kNow = 1'000'000 * kSecond;

}  // namespace

TEST_CASE("a span is counted back from now") {
  CHECK(parse_time_argument("10s", kNow).value() == kNow - 10 * kSecond);
  CHECK(parse_time_argument("1h30m", kNow).value() == kNow - 5400 * kSecond);
  CHECK(parse_time_argument("1.5s", kNow).value() == kNow - 3 * kSecond / 2);
  CHECK(parse_time_argument("300ms", kNow).value() == kNow - 3 * kSecond / 10);
}

TEST_CASE("seconds since 1970 may have a fraction") {
  CHECK(parse_time_argument("1136073600", kNow).value() == 1136073600 * kSecond);
  CHECK(parse_time_argument("1136073600.000000001", kNow).value() == 1136073600 * kSecond + 1);
}

TEST_CASE("a time with a zone is taken as it is") {
  CHECK(parse_time_argument("1970-01-01T01:00:00+01:00", kNow).value() == 0);
  CHECK(parse_time_argument("1970-01-01T00:00:01.5Z", kNow).value() == 3 * kSecond / 2);
}

TEST_CASE("a time without a zone is local") {
  ::setenv("TZ", "UTC-2", 1);
  ::tzset();

  CHECK(parse_time_argument("1970-01-02T02:00:00", kNow).value() == 86400 * kSecond);
  CHECK(parse_time_argument("1970-01-02T02:00:00.25", kNow).value() ==
        86400 * kSecond + kSecond / 4);
  CHECK(parse_time_argument("1970-01-02T02:00", kNow).value() == 86400 * kSecond);
  CHECK(parse_time_argument("1970-01-02", kNow).value() == (86400 - 7200) * kSecond);

  ::unsetenv("TZ");
  ::tzset();
}

TEST_CASE("what is no time is refused") {
  for (const char* text : {"", "x", "5x", "1h ", "-5m", "1..5s", "2026-13-01", "99999999999h"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time_argument(text, kNow).has_value());
  }
}

}  // namespace ikada
