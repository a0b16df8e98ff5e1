// One step of one service as a proposal: what the service scheduler decides, with places for the
// tasks it starts.
#pragma once

#include <optional>
#include <string>

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"
#include "cluster/state/state.h"

namespace ikada {

struct ServiceStep {
  Proposal proposal = {};                    // Without changes: nothing is to be done.
  std::optional<Timestamp> look_again = {};  // When it may be otherwise without a change.
};

// Nothing for a service that is not there. `call` says the scope and the time.
ServiceStep plan_service_step(const ApiCall& call,
                              const State& state,
                              const std::string& cluster,
                              const std::string& name);

}  // namespace ikada
