// What the hosts that carry the balancers see of the targets, put together; and what they serve.
//
// A host whose proxy has just begun sees nothing yet, and one that is cut off sees every target
// fail: so a target is healthy when all that look at it say so, unhealthy when all say that, and
// otherwise not known.
#pragma once

#include <optional>
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

// What is known of a target, by its group's and its own name in the plan; nothing if nobody has
// seen it. The sessions are those of all hosts together.
std::optional<TargetObservation> find_sight(const TargetSights& sights,
                                            std::string_view group,
                                            std::string_view target);

// Nothing is under way to the target any more, and nothing will be: every host has taken it out of
// use and has no session with it. False where some host does not tell.
bool is_idle(const TargetSights& sights, std::string_view group, std::string_view target);

// Whether a service could decide otherwise: some target's state or reason is another, or one that
// is drained has no session any more. How many sessions there are changes all the time.
bool is_news(const TargetSights& before, const TargetSights& after);

}  // namespace ikada
