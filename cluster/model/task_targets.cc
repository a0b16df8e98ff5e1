#include "cluster/model/task_targets.h"

#include <algorithm>

namespace ikada {

void describe(JsonFields& fields, ServiceLoadBalancer& balancer) {
  fields.field("targetGroupArn", balancer.target_group_arn);
  fields.field("containerName", balancer.container_name);
  fields.field("containerPort", balancer.container_port);
}

void describe(JsonFields& fields, RemovedTarget& removed) {
  fields.field("targetGroupArn", removed.target_group_arn);
  fields.field("removedAt", removed.removed_at);
}

void describe(JsonFields& fields, TaskTargets& targets) {
  fields.field("loadBalancers", targets.load_balancers);
  fields.field("registeredAt", targets.registered_at);
  fields.field("healthySince", targets.healthy_since);
  fields.field("deregisteredAt", targets.deregistered_at);
  fields.field("drainedAt", targets.drained_at);
  fields.field("removed", targets.removed);
}

const RemovedTarget* find_removed(const TaskTargets& targets, std::string_view target_group_arn) {
  const auto found =
      std::find_if(targets.removed.begin(), targets.removed.end(), [&](const RemovedTarget& each) {
        return each.target_group_arn == target_group_arn;
      });
  return found == targets.removed.end() ? nullptr : &*found;
}

}  // namespace ikada
