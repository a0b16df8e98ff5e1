#include "cluster/scheduler/version_order.h"

#include <vector>

#include <doctest/doctest.h>

namespace ikada::scheduler {

TEST_CASE("versions are ordered by the numbers in them") {
  // Each is less than the next.
  const std::vector<std::string_view> versions = {"0.9",
                                                  "1.0-alpha",
                                                  "1.0-rc1",
                                                  "1.0",
                                                  "1.0.1",
                                                  "1.2",
                                                  "1.9.9",
                                                  "1.10",
                                                  "1.10.1",
                                                  "2",
                                                  "10.0",
                                                  "99999999999999999999998.1",
                                                  "99999999999999999999999"};
  for (size_t i = 0; i < versions.size(); ++i) {
    for (size_t j = 0; j < versions.size(); ++j) {
      CAPTURE(versions[i]);
      CAPTURE(versions[j]);
      CHECK(compare_versions(versions[i], versions[j]) == (i <=> j));
    }
  }
}

TEST_CASE("versions that say the same are equal") {
  CHECK(compare_versions("1.2", "1.2.0.0") == 0);
  CHECK(compare_versions("v1.2", "1.2") == 0);
  CHECK(compare_versions("1.02", "1.2") == 0);
  CHECK(compare_versions("", "0") == 0);
  CHECK(compare_versions("version", "v1") < 0);
}

}  // namespace ikada::scheduler
