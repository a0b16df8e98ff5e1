#include "cluster/node/key_rotation.h"

#include <algorithm>
#include <utility>

namespace ikada {
namespace {

constexpr std::string_view kInstall = "install";
constexpr std::string_view kSwitch = "switch";

// Whether a host with these keys is where the ring wants it. What it has besides does no harm: it
// goes with the next ring.
bool has_followed(const KeyRing& ring, const std::vector<std::string>& ids) {
  if (ids.empty()) return false;
  const std::string_view phase = rotation_phase(ring);
  if (phase == kInstall) return std::ranges::find(ids, *ring.next) != ids.end();
  if (phase == kSwitch) return ids.front() == *ring.next;
  return ids == ring.ids;
}

}  // namespace

std::string_view rotation_phase(const KeyRing& ring) {
  if (!ring.next.has_value() || ring.ids.empty()) return {};
  return ring.ids.front() == *ring.next ? kSwitch : kInstall;
}

Result<KeyRing> begin_rotation(const KeyRing& ring, const std::string& id) {
  if (ring.next.has_value()) {
    return make_error(ErrorKind::kConflict,
                      "the key {} is on its way to all hosts already: see ikada cluster status",
                      *ring.next);
  }
  KeyRing begun = ring;
  begun.ids.push_back(id);
  begun.next = id;
  return begun;
}

RotationStep plan_rotation(const KeyRing& ring, const std::vector<RingHolder>& holders) {
  RotationStep step;
  for (const RingHolder& each : holders) {
    if (!has_followed(ring, each.ids)) step.waits_for.push_back(each.name);
  }
  const std::string_view phase = rotation_phase(ring);
  if (phase.empty() || !step.waits_for.empty()) return step;
  KeyRing next = ring;
  const auto found = std::ranges::find(next.ids, *ring.next);
  if (phase == kInstall && found != next.ids.end()) {
    std::rotate(next.ids.begin(), found, found + 1);
  } else {
    // Alone; or, of a ring that has lost its new key, the one that is in use.
    next.ids.resize(1);
    next.next.reset();
  }
  step.ring = std::move(next);
  return step;
}

}  // namespace ikada
