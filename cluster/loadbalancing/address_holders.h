// Which host has the address of which load balancer. Pure.
//
// An address stays where it is while its holder lives and does not drain; then the host that has
// the fewest takes it. Where all that live drain, those will do; where nobody lives nothing moves.
#pragma once

#include <string>
#include <vector>

#include "cluster/state/state.h"

namespace ikada {

// A host that carries the balancers.
struct Carrier {
  std::string node = {};
  bool is_alive = true;
  bool is_draining = false;
};

struct HolderChange {
  Scope scope = {};
  std::string balancer = {};
  std::string holder = {};  // From now on.

  bool operator==(const HolderChange&) const = default;
};

// The same state and carriers give the same changes.
std::vector<HolderChange> plan_holders(const State& state, const std::vector<Carrier>& carriers);

}  // namespace ikada
