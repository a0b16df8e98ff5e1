#include "cluster/model/task_targets.h"

namespace ikada {

void describe(JsonFields& fields, ServiceLoadBalancer& balancer) {
  fields.field("targetGroupArn", balancer.target_group_arn);
  fields.field("containerName", balancer.container_name);
  fields.field("containerPort", balancer.container_port);
}

void describe(JsonFields& fields, TaskTargets& targets) {
  fields.field("loadBalancers", targets.load_balancers);
  fields.field("registeredAt", targets.registered_at);
  fields.field("healthySince", targets.healthy_since);
  fields.field("deregisteredAt", targets.deregistered_at);
  fields.field("drainedAt", targets.drained_at);
}

}  // namespace ikada
