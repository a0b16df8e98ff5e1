// Why a task is where it is, or nowhere: for `failures` in API answers and for
// `ikada task explain`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/scheduler/cluster_state.h"
#include "cluster/scheduler/obstacle.h"
#include "cluster/scheduler/request.h"

namespace ikada::scheduler {

struct Objection {
  Obstacle obstacle = Obstacle::kNone;
  std::string detail;  // "512 MiB of memory asked, 300 of 4096 MiB free".
};

struct HostVerdict {
  std::string host;
  std::vector<Objection> objections;  // All of them; none if the host takes the task.
  std::vector<std::uint32_t> scores;  // By strategy, less is better; empty if it does not take it.
};

// One for each host, the best first; those that do not take the task at the end. Ties and those are
// in the order in which the hosts came.
std::vector<HostVerdict> explain(const ClusterState& state, const Request& request);

// As in the answers of RunTask: one for each host that does not take the task, with the first
// reason.
struct Failure {
  std::string host;
  std::string reason;
  std::string detail;
};
std::vector<Failure> failures(const ClusterState& state, const Request& request, size_t limit);

// The same for one host; `obstacle` is one of its.
Failure failure(const ClusterState& state,
                HostSlot slot,
                const Request& request,
                Obstacle obstacle);

}  // namespace ikada::scheduler
