// What the hosts that carry the balancers see of the targets, put together; and what they serve.
//
// A host whose proxy has just begun sees nothing yet, and one that is cut off sees every target
// fail: so a target is healthy when all that look at it say so, unhealthy when all say that, and
// otherwise not known.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/loadbalancing/balancer_plan.h"
#include "cluster/loadbalancing/balancer_serving.h"

namespace ikada {

struct TargetSights {
  std::vector<TargetObservations> hosts = {};  // Of each host that has told.
  bool has_all = false;                        // No host that carries balancers is missing.
  ServingSights serving = {};                  // What those hosts serve.
};

// What all of them together see of a target.
struct TargetSight {
  TargetState state = TargetState::kInitial;
  std::string reason = {};  // This and the next as of a TargetObservation.
  std::string description = {};
  // Nothing is under way to it any more, and nothing will be: every host that carries balancers has
  // taken it out of use and has no session with it.
  bool is_idle = false;

  bool operator==(const TargetSight&) const = default;
};

// Of the targets that some host has seen, by their names and their groups' in the plan.
using GroupSights = std::map<std::string, TargetSight, std::less<>>;
using SeenTargets = std::map<std::string, GroupSights, std::less<>>;

SeenTargets put_together(const TargetSights& sights);

// Null if nobody has seen it.
const TargetSight* find_sight(const SeenTargets& seen,
                              std::string_view group,
                              std::string_view target);

// Whether they come to something else, so that a service could decide otherwise: some target's
// state or reason is another, or one that is drained has no session any more. How many sessions
// there are changes all the time.
bool is_news(const TargetSights& before, const TargetSights& after);

}  // namespace ikada
