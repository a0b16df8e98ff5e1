#include "runtime/security/rlimit.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("resource limits are read") {
  const Json json = parse_json(R"([{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 4096},
    {"type": "RLIMIT_CORE", "soft": 0, "hard": 18446744073709551615}])")
                        .value();
  const auto limits = parse_rlimits(json).value();
  REQUIRE(limits.size() == 2);
  CHECK(limits[0].resource == RLIMIT_NOFILE);
  CHECK(limits[0].value.rlim_cur == 1024);
  CHECK(limits[0].value.rlim_max == 4096);
  CHECK(limits[1].value.rlim_max == RLIM_INFINITY);
  CHECK(parse_rlimits(Json()).value().empty());
}

TEST_CASE("resource limits that make no sense are refused") {
  const auto error_of = [](const char* text) {
    return parse_rlimits(parse_json(text).value()).error().message;
  };
  CHECK(error_of(R"([{"type": "NOFILE", "soft": 1, "hard": 1}])") ==
        "process: rlimits[0].type: unknown resource limit: NOFILE");
  CHECK(error_of(R"([{"type": "RLIMIT_CPU", "soft": 2, "hard": 1}])") ==
        "process: rlimits[0].soft: RLIMIT_CPU is above its hard limit");
  CHECK(error_of(R"([{"type": "RLIMIT_CPU", "soft": 1, "hard": 1},
                     {"type": "RLIMIT_CPU", "soft": 1, "hard": 1}])") ==
        "process: rlimits[1].type: RLIMIT_CPU is given twice");
  CHECK(error_of(R"([{"type": "RLIMIT_CPU", "soft": -1, "hard": 1}])") ==
        "process: rlimits[0].soft: number out of range");
}

}  // namespace
}  // namespace ikada
