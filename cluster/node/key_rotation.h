// How the hosts exchange a key that they share while they use it: what the leading manager decides,
// from what the hosts have said they have. Pure; keys are named by their ids.
//
//   install   the new key is in the ring, behind the old one: every host opens with it
//   switch    it is in front, before the old one: every host seals with it
//   (done)    it is alone
//
// A step is taken when every host that counts has said that it has done the one before. A host that
// is away does not count; it gets the ring as it is by then when it is back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct KeyRing {
  std::vector<std::string> ids;          // The one in use first.
  std::optional<std::string> next = {};  // The one that is to be in use alone.

  bool operator==(const KeyRing&) const = default;
};

// A host, and the keys that it has said it has, the one it seals with first.
struct RingHolder {
  std::string name;
  std::vector<std::string> ids = {};  // Empty: it has not said so yet.
};

struct RotationStep {
  std::optional<KeyRing> ring = {};         // What it is to be.
  std::vector<std::string> waits_for = {};  // Else the hosts that are to do something first.
};

// "install", "switch"; empty if nothing is under way.
std::string_view rotation_phase(const KeyRing& ring);

// The ring with `id` behind the others. kConflict while a rotation is under way.
Result<KeyRing> begin_rotation(const KeyRing& ring, const std::string& id);

// `holders`: those who count.
RotationStep plan_rotation(const KeyRing& ring, const std::vector<RingHolder>& holders);

}  // namespace ikada
