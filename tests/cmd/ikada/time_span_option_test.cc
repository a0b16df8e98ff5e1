#include "cmd/ikada/time_span_option.h"

#include <string>

#include <doctest/doctest.h>

namespace ikada {
namespace {

// The seconds, or the refusal.
std::string seconds(std::string text) {
  const std::string refusal = as_seconds(864'000)(text);
  return refusal.empty() ? text : refusal;
}

}  // namespace

TEST_CASE("a span of time becomes seconds") {
  CHECK(seconds("90s") == "90");
  CHECK(seconds("15m") == "900");
  CHECK(seconds("24h") == "86400");
  CHECK(seconds("10d") == "864000");
}

TEST_CASE("what is no span of time is refused with what is expected") {
  CHECK(seconds("1d2h") == "invalid duration '1d2h': expected one like 90s, 5m, 12h or 7d");
  CHECK(seconds("9e20d") == "invalid duration '9e20d': expected one like 90s, 5m, 12h or 7d");
  CHECK(seconds("11d") == "invalid duration '11d': expected one from 1s to 864000s");
  CHECK(seconds("0s") == "invalid duration '0s': expected one from 1s to 864000s");
  for (const char* wrong : {"", "s", "-1h", "99999999999999999999d", "1.5h", "7"}) {
    CHECK(seconds(wrong).starts_with("invalid duration"));
  }
}

}  // namespace ikada
