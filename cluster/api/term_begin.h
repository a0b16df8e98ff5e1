// When a term of the leader really begins: once the state shows all that earlier leaders have
// written.
//
// Until then a new leader would give away again what was placed before it: a host's tasks are not
// compared when another is placed there. The key that makes somebody the leader was put after
// everything that its predecessors could write.
#pragma once

#include "cluster/state/state.h"
#include "cluster/store/leader_steps.h"

namespace ikada {

inline bool has_come_to(const State& state, const LeaderTerm& term) {
  return state.revision() >= term.fence.modified;
}

}  // namespace ikada
