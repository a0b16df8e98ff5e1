// Which container instances the tasks of RunTask and StartTask go to.
//
// Keeps the scheduler's view of each cluster in step with the state: it is told of every changed
// record and looks at it before the next decision. A task that was placed holds its place from then
// on, also while its record is on its way to the store; who could not store it takes it back.
// Placing is therefore one manager's affair.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/api/task_launch.h"
#include "cluster/model/service.h"
#include "cluster/scheduler/cluster_view.h"
#include "cluster/scheduler/explain.h"
#include "cluster/state/state.h"

namespace ikada {

class TaskPlacer {
 public:
  explicit TaskPlacer(std::uint64_t seed) : prng_(seed) {}

  // A record of this key has changed; "": everything may have.
  void note_change(std::string_view key);

  // The instances' ids for as many of the tasks as fit, in their order.
  Result<std::vector<std::string>> place(const State& state,
                                         const Scope& scope,
                                         const std::string& cluster,
                                         const scheduler::Request& request,
                                         std::span<const std::string> tasks);

  // Null JSON if the task has its place on that instance now, else its entry of failures[].
  Result<Json> start(const State& state,
                     const Scope& scope,
                     const std::string& cluster,
                     const scheduler::Request& request,
                     const std::string& task,
                     const std::string& instance);

  // failures[] of RunTask: one entry for each instance that does not take the task.
  Json failures(const State& state,
                const Scope& scope,
                const std::string& cluster,
                const scheduler::Request& request);

  // What speaks against each instance; those that take the task first.
  std::vector<scheduler::HostVerdict> verdicts(const State& state,
                                               const Scope& scope,
                                               const std::string& cluster,
                                               const scheduler::Request& request);
  // The same as ExplainTask answers it.
  Json explain(const State& state,
               const Scope& scope,
               const std::string& cluster,
               const scheduler::Request& request);

  // The tasks will not come.
  void take_back(const Scope& scope,
                 const std::string& cluster,
                 std::span<const std::string> tasks);

 private:
  struct Held {
    std::string instance;
    scheduler::TaskShape shape;
    std::string group;
  };
  struct View {
    scheduler::ClusterView hosts;
    std::set<std::string> changed_instances;
    std::set<std::string> changed_tasks;
    // Tasks that were placed and whose records have not been seen: they keep their places also
    // when everything is looked at anew.
    std::map<std::string, Held> held;
    bool is_new = true;
  };

  View& view_of(const State& state, const Scope& scope, const std::string& cluster);

  Prng prng_;
  std::map<std::string, std::unique_ptr<View>> views_;  // By the cluster's key.
};

// The launch as the scheduler is asked it: what the task needs, and where it may run.
Result<scheduler::Request> placement_request(const Launch& launch,
                                             const std::vector<PlacementConstraint>& constraints,
                                             const std::vector<PlacementStrategy>& strategies);

}  // namespace ikada
