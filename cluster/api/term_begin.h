// When a term of the leader really begins: once the state shows all that earlier leaders have
// written.
//
// Until then a new leader would give away again what was placed before it: a host's tasks are not
// compared when another is placed there. The key that makes somebody the leader was put after
// everything that its predecessors could write.
#pragma once

#include <optional>

#include "cluster/state/state.h"
#include "cluster/store/leader_steps.h"

namespace ikada {

inline bool has_come_to(const State& state, const LeaderTerm& term) {
  return state.revision() >= term.fence.modified;
}

// How a manager stands, when it is to write.
struct Standing {
  bool is_ready = false;                // Its state is the store's, be it an old one.
  std::optional<LeaderTerm> term = {};  // While it leads.
  bool is_founding = false;             // There is nobody else yet.
};

// What its transactions compare besides; kUnavailable if it may not write.
inline Result<std::optional<KeyCompare>> fence_of(const State& state, const Standing& standing) {
  if (!standing.is_ready) {
    return make_error(ErrorKind::kUnavailable, "the cluster's store cannot be read yet");
  }
  if (standing.term.has_value() && !has_come_to(state, *standing.term)) {
    return make_error(ErrorKind::kUnavailable, "this manager does not know all yet");
  }
  if (standing.term.has_value()) return std::optional<KeyCompare>(standing.term->fence);
  if (standing.is_founding) return std::optional<KeyCompare>();
  return make_error(ErrorKind::kUnavailable, "this manager does not lead");
}

}  // namespace ikada
