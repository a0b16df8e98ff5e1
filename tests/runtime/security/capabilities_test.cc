#include "runtime/security/capabilities.h"

#include <doctest/doctest.h>

#include "runtime/security/default_profile.h"

namespace ikada {
namespace {

TEST_CASE("capability names and numbers belong together") {
  CHECK(parse_capability("CAP_CHOWN").value() == 0);
  CHECK(parse_capability("CAP_SYS_ADMIN").value() == 21);
  CHECK(parse_capability("CAP_CHECKPOINT_RESTORE").value() == 40);
  CHECK(capability_name(40) == "CAP_CHECKPOINT_RESTORE");
  CHECK(capability_name(41).empty());
  CHECK(all_capabilities().size() == 41);
  for (const char* bad : {"", "CHOWN", "cap_chown", "CAP_CHOWN ", "CAP_NOPE"}) {
    CAPTURE(bad);
    CHECK(!parse_capability(bad).has_value());
  }
}

TEST_CASE("the default capabilities are docker's mask") {
  const std::vector<std::string> names(default_capabilities().begin(),
                                       default_capabilities().end());
  CHECK(names.size() == 14);
  CHECK(parse_capability_mask(names).value() == 0xa80425fb);
}

TEST_CASE("the five sets are read") {
  const Json json = parse_json(R"({"bounding": ["CAP_CHOWN", "CAP_KILL"],
    "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN"],
    "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]})")
                        .value();
  const CapabilitySets sets = parse_capability_sets(json).value();
  CHECK(sets.bounding == 0x21);
  CHECK(sets.permitted == 0x21);
  CHECK(sets.effective == 0x1);
  CHECK(sets.inheritable == 0x20);
  CHECK(sets.ambient == 0x20);
  CHECK(parse_capability_sets(Json()).value().bounding == 0);
}

TEST_CASE("ambient capabilities that the kernel would not raise are left out") {
  const Json json = parse_json(R"({"permitted": ["CAP_KILL", "CAP_CHOWN"],
    "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL", "CAP_CHOWN"]})")
                        .value();

  CHECK(parse_capability_sets(json).value().ambient == 0x20);
}

TEST_CASE("capability sets the kernel would refuse are refused first") {
  const auto error_of = [](const char* text) {
    return parse_capability_sets(parse_json(text).value()).error().message;
  };
  CHECK(error_of(R"({"bounding": ["CAP_MADE_UP"]})") ==
        "process.capabilities: bounding: unknown capability: CAP_MADE_UP");
  CHECK(error_of(R"({"effective": ["CAP_KILL"]})") ==
        "process.capabilities: effective: has a capability that permitted has not");
}

}  // namespace
}  // namespace ikada
