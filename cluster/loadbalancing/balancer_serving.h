// Whether load balancers are served as the records have them, from what the hosts that carry them
// have told. Pure.
//
// A host tells a revision: its proxy and its kernel serve all balancers as the records were then.
// It goes up with changes of balancers, listeners and target groups alone, so that nothing is told
// when tasks come and go.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/state/state.h"

namespace ikada {

// Of one host.
struct Serving {
  std::int64_t revision = 0;  // 0: nothing is served.
  // Why listeners are not served all the same, by their names in the plan; under the empty name
  // why nothing newer than the revision is.
  std::map<std::string, std::string> problems = {};

  bool operator==(const Serving&) const = default;
};

struct CarrierServing {
  std::string host = {};  // As people call it.
  // Nothing: it has not told yet. It counts as serving what there was at ServingSights::known.
  std::optional<Serving> told = {};
};

struct ServingSights {
  std::vector<CarrierServing> carriers = {};  // Those that are waited for.
  std::int64_t known = 0;  // The state's revision when this manager began to lead.
};

// The newest revision of a record that a plan's listeners, rules and groups are made of; 0: none.
std::int64_t balancing_revision(const State& state);

struct BalancerCondition {
  std::string code = "active";  // Or provisioning, active_impaired.
  std::string reason = {};      // Of the latter: hosts, ports, and what is wrong there.
};

// One without listeners is active; so is any where nobody carries them.
BalancerCondition find_balancer_condition(const ScopeState& scope,
                                          const LoadBalancer& balancer,
                                          const ServingSights& sights);

}  // namespace ikada
