#include "cluster/engine/environment.h"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("a variable that is set again keeps its place") {
  Environment env({"A=1", "B=2", "C"});
  env.set("B=3=4");
  env.set("D=");
  env.set("A");

  CHECK(env.has("D"));
  CHECK_FALSE(env.has("E"));
  CHECK(std::move(env).take() == std::vector<std::string>{"A", "B=3=4", "C", "D="});
}

TEST_CASE("as many variables as a program may have are no work" * doctest::timeout(10)) {
  constexpr int kCount = 100'000;
  Environment env;
  for (int i = 0; i < kCount; ++i) env.set("NAME" + std::to_string(i) + "=value");

  CHECK(std::move(env).take().size() == kCount);
}

}  // namespace ikada
