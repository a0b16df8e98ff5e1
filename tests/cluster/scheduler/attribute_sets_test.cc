#include "cluster/scheduler/attribute_sets.h"

#include <doctest/doctest.h>

namespace ikada::scheduler {

TEST_CASE("equal attributes have one id, different ones never the same") {
  AttributeSets sets;
  const AttributeSetId a = sets.acquire({{"zone", "a"}, {"type", "x"}});

  CHECK(sets.acquire({{"type", "x"}, {"zone", "a"}}) == a);
  CHECK(sets.acquire({{"type", "x"}}) != a);
  CHECK(sets.acquire({{"a", "bc"}}) != sets.acquire({{"ab", "c"}}));
  CHECK(sets.at(a).at("zone") == "a");

  sets.release(a);
  CHECK(sets.at(a).size() == 2);
  sets.release(a);
  CHECK(sets.acquire({{"zone", "a"}, {"type", "x"}}) != a);
}

TEST_CASE("sets that nobody has any more are noticed") {
  AttributeSets sets;
  for (int i = 0; i < 2000; ++i) sets.release(sets.acquire({{"n", std::to_string(i)}}));

  CHECK(sets.is_wasteful());
  CHECK_FALSE(AttributeSets().is_wasteful());
}

}  // namespace ikada::scheduler
