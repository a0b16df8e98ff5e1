// A state with a balancer, its groups and tasks that are their targets.
#pragma once

#include <string>

#include "cluster/loadbalancing/target_sights.h"
#include "cluster/state/state.h"

namespace ikada {

struct BalancedState {
  // A load balancer "lb" with one listener, whose default action forwards to the group "web"; the
  // node "n" with the address 192.0.2.7 and its instance "i". The group "idle" has no listener.
  BalancedState();

  void put_group(const TargetGroup& group);
  void put_task(const Task& task);
  void put_node(const std::string& id, const std::string& address, const std::string& subnet = "");
  // With an address of its own, on that node.
  void put_balancer(const std::string& name, const std::string& address, const std::string& holder);

  const ScopeState& home() const { return state.scope(scope); }
  const TargetGroup& group(const std::string& name) const {
    return home().target_groups.at(name).value;
  }

  Scope scope = {.account = "1", .region = "r"};
  State state = {};
  Timestamp now = {1'000'000};
  std::int64_t revision = 0;

 private:
  template <typename T>
  void put(const std::string& key, const T& record);
};

// RUNNING on "i", a target of the group by its container "web", port 80, which is the host's
// `host_port`; with an address of its own for 0.
Task running_target(const std::string& id, const TargetGroup& group, std::int32_t host_port);

// What one host sees of one target.
TargetSights one_sight(const std::string& group,
                       const std::string& target,
                       TargetObservation observation);

}  // namespace ikada
