// The targets of target groups: those that were registered through the API, and the services'
// tasks.
//
// A task is one while it runs, and as long as it is drained. Its address follows from its host's,
// with the host port, or is its own in mode awsvpc.
//
// Source: Elastic Load Balancing API Reference, TargetDescription; Amazon ECS Developer Guide,
// "Service load balancing".
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/loadbalancing/balancer_plan.h"
#include "cluster/model/load_balancer.h"
#include "cluster/state/state.h"

namespace ikada {

// Where targets are whose instance is the host of no node: there is but one host then.
inline constexpr std::string_view kOwnAddress = "127.0.0.1";

struct GroupTarget {
  std::string planned_id = {};  // Its name in the plan and in what is seen.
  std::string id = {};          // As the API has it: an instance's id, or an address.
  std::int32_t port = 0;
  std::string address = {};  // Empty if it is not known.
  std::string zone = {};     // Likewise.
  std::string node = {};     // Of an instance's host, as the next.
  std::string tunnel = {};   // The host's address in the network of tasks.
  bool is_draining = false;
  bool is_gone = false;        // Its drain is over.
  const Task* task = nullptr;  // Whose target it is; null for one that was registered.
};

// Of one scope. Its state and the cluster's outlive it.
class GroupTargets {
 public:
  GroupTargets(const State& state, const ScopeState& scope, Timestamp now);

  // In the order of their planned ids, without those that are gone.
  std::vector<GroupTarget> of(const TargetGroup& group) const;
  // Of services' tasks only, with those that are gone.
  std::vector<GroupTarget> of_tasks(const TargetGroup& group) const;

 private:
  struct OfTask {
    const Task* task = nullptr;
    const ServiceLoadBalancer* place = nullptr;
  };
  // Where an instance is.
  struct Place {
    std::string address = std::string(kOwnAddress);
    std::string node = {};
    std::string tunnel = {};
  };
  void put_at(GroupTarget& target, const std::string& instance) const;
  GroupTarget of_task(const TargetGroup& group, const OfTask& one) const;
  GroupTarget of_registered(const TargetGroup& group, const RegisteredTarget& target) const;

  const ScopeState& scope_;
  Timestamp now_;
  std::map<std::string, Place> places_;     // By container instance.
  std::map<std::string, std::string> ec2_;  // Container instances by their EC2 ids.
  std::map<std::string, std::vector<OfTask>, std::less<>> tasks_;  // By target group's ARN.
};

// The group of that ARN, or null.
const Kept<TargetGroup>* find_target_group(const ScopeState& scope, std::string_view arn);

// deregistration_delay.timeout_seconds.
std::chrono::seconds deregistration_delay(const TargetGroup& group);

// Whether a target that was deregistered then still has its time.
bool is_in_delay(const TargetGroup& group, Timestamp since, Timestamp now);

// "web.0123456789abcdef"; unique, as ids are, whatever the account and the region.
std::string planned_group_name(const TargetGroup& group);

// Which port of which container the target is: the host's, or the task's own where the group's
// targets are addresses. 0 if it has none.
std::int32_t target_port(const TargetGroup& group,
                         const Task& task,
                         const ServiceLoadBalancer& place);

// Of a task's target, "TASK:PORT".
std::string planned_target_id(const Task& task, std::int32_t port);

}  // namespace ikada
