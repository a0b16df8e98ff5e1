#include "runtime/base/clock.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("times are printed in UTC with nanoseconds") {
  CHECK(format_rfc3339(0) == "1970-01-01T00:00:00.000000000Z");
  CHECK(format_rfc3339(1'000'000'001) == "1970-01-01T00:00:01.000000001Z");
  CHECK(format_rfc3339(-1) == "1969-12-31T23:59:59.999999999Z");
}

TEST_CASE("a printed time reads as the same time") {
  for (const UnixNanos time : {UnixNanos{0}, UnixNanos{-1}, UnixNanos{1'795'467'015'123'456'789}}) {
    CAPTURE(time);
    CHECK(parse_rfc3339(format_rfc3339(time)).value() == time);
  }
}

TEST_CASE("fractions and offsets are understood") {
  CHECK(parse_rfc3339("1970-01-01T00:00:00.5Z").value() == 500'000'000);
  CHECK(parse_rfc3339("1970-01-01T02:00:00+02:00").value() == 0);
  CHECK(parse_rfc3339("1969-12-31T22:30:00-01:30").value() == 0);
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z").has_value());
}

TEST_CASE("what is no time is refused") {
  for (const char* bad : {"",
                          "2026-11-23",
                          "2026-11-23T21:10:15",
                          "2026-13-01T00:00:00Z",
                          "2026-00-01T00:00:00Z",
                          "2026-02-29T00:00:00Z",
                          "2026-04-31T00:00:00Z",
                          "2026-11-23T24:00:00Z",
                          "2026-11-23T21:60:00Z",
                          "2026-11-23T21:10:15.Z",
                          "2026-11-23T21:10:15+2:00",
                          "2026-11-23T21:10:15Zx"}) {
    CAPTURE(bad);
    CHECK(!parse_rfc3339(bad).has_value());
  }
}

TEST_CASE("a time that nanoseconds cannot hold is refused") {
  CHECK(parse_rfc3339("0001-01-01T00:00:00Z").error().kind == ErrorKind::kInvalid);
  CHECK(parse_rfc3339("9999-12-31T23:59:59Z").error().kind == ErrorKind::kInvalid);
  CHECK(parse_rfc3339("2261-01-01T00:00:00Z").has_value());
}

TEST_CASE("durations are told in docker's words") {
  CHECK(format_duration_words(0) == "Less than a second");
  CHECK(format_duration_words(1) == "1 second");
  CHECK(format_duration_words(59) == "59 seconds");
  CHECK(format_duration_words(60) == "About a minute");
  CHECK(format_duration_words(3599) == "59 minutes");
  CHECK(format_duration_words(3600) == "About an hour");
  CHECK(format_duration_words(3 * 3600) == "3 hours");
  CHECK(format_duration_words(3 * 86400) == "3 days");
  CHECK(format_duration_words(15 * 86400) == "2 weeks");
  CHECK(format_duration_words(90 * 86400) == "3 months");
  CHECK(format_duration_words(3 * 365 * 86400) == "3 years");
}

}  // namespace
}  // namespace ikada
