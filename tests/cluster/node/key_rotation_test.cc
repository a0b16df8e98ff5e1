#include "cluster/node/key_rotation.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

using Ids = std::vector<std::string>;

TEST_CASE("a rotation begins with the new key behind the one in use") {
  CHECK(rotation_phase({.ids = {"old"}}).empty());
  const Result<KeyRing> begun = begin_rotation({.ids = {"old"}}, "new");
  REQUIRE(begun.has_value());
  CHECK(begun->ids == Ids{"old", "new"});
  CHECK(rotation_phase(*begun) == "install");
  CHECK(begin_rotation(*begun, "third").error().kind == ErrorKind::kConflict);
}

TEST_CASE("each step waits for every host that counts") {
  KeyRing ring{.ids = {"old", "new"}, .next = "new"};
  CHECK(plan_rotation(ring, {{"a", {"old", "new"}}, {"b", {"old"}}, {"c", {}}}).waits_for ==
        Ids{"b", "c"});

  RotationStep step = plan_rotation(ring, {{"a", {"old", "new"}}, {"b", {"new", "old"}}});
  REQUIRE(step.ring.has_value());
  ring = *step.ring;
  CHECK(ring.ids == Ids{"new", "old"});
  CHECK(rotation_phase(ring) == "switch");

  step = plan_rotation(ring, {{"a", {"new", "old"}}, {"b", {"old", "new"}}});
  CHECK_FALSE(step.ring.has_value());
  CHECK(step.waits_for == Ids{"b"});
  step = plan_rotation(ring, {{"a", {"new", "old"}}, {"b", {"new", "old"}}});
  REQUIRE(step.ring.has_value());
  ring = *step.ring;
  CHECK(ring == KeyRing{.ids = {"new"}});
  CHECK(rotation_phase(ring).empty());

  step = plan_rotation(ring, {{"a", {"new"}}, {"b", {"new", "old"}}});
  CHECK_FALSE(step.ring.has_value());
  CHECK(step.waits_for == Ids{"b"});
  CHECK(plan_rotation(ring, {{"a", {"new"}}}).waits_for.empty());
}

TEST_CASE("a ring that has lost its new key stays with the old one") {
  const RotationStep step = plan_rotation({.ids = {"old"}, .next = "new"}, {});
  CHECK(step.ring == KeyRing{.ids = {"old"}});
}

}  // namespace
}  // namespace ikada
