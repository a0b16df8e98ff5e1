#include "cmd/ikada/balancer_choice.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("what impairs only listeners that are to be removed is told from the rest") {
  const std::string old = "a, port 80: port 80 is taken by another program";
  const std::string other = "b, port 8080: port 8080 is taken by another program";
  CHECK(concerns_only(old, {80}));
  CHECK(concerns_only(old + "; " + other, {80, 8080}));
  CHECK(concerns_only(old + "; " + old + "; " + old + "; and 2 more", {80}));
  CHECK_FALSE(concerns_only(old, {}));
  CHECK_FALSE(concerns_only(old + "; " + other, {80}));
  CHECK_FALSE(concerns_only(other, {80}));
  CHECK_FALSE(concerns_only("a: HAProxy has not answered for 3 s", {80}));
  CHECK_FALSE(concerns_only("", {80}));
}

}  // namespace ikada
