#include "tests/cluster/loadbalancing/balanced_state.h"

#include <doctest/doctest.h>

#include "cluster/model/balancer_arn.h"

namespace ikada {
namespace {

TargetGroup make_group(const std::string& name, const std::string& id) {
  return {.name = name, .id = id, .port = 80};
}

}  // namespace

template <typename T>
void BalancedState::put(const std::string& key, const T& record) {
  REQUIRE(state.apply(key, to_json(record).dump(), ++revision));
}

BalancedState::BalancedState() {
  put(cluster_key(scope, "default"), Cluster{.name = "default"});
  put(instance_key(scope, "default", "i"), ContainerInstance{.cluster = "default", .id = "i"});
  put_node("n", "192.0.2.7");
  put_group(make_group("web", "00000000000000aa"));
  put_group(make_group("idle", "00000000000000bb"));
  put(balancer_key(scope, "lb"), LoadBalancer{.name = "lb", .id = "00000000000000cc"});
  Listener listener{.balancer = "lb", .id = "00000000000000dd", .port = 8080};
  listener.default_actions.push_back({.type = "forward", .groups = {{.target_group = "web"}}});
  put(listener_key(scope, "lb", listener.id), listener);
}

void BalancedState::put_group(const TargetGroup& group) {
  put(target_group_key(scope, group.name), group);
}

void BalancedState::put_task(const Task& task) { put(task_key(scope, "default", task.id), task); }

void BalancedState::put_node(const std::string& id,
                             const std::string& address,
                             const std::string& subnet) {
  Node node{.id = id, .name = id, .address = address, .cluster = "default", .instance = "i"};
  if (!subnet.empty()) node.subnet = subnet;
  put(node_key(scope, id), node);
}

void BalancedState::put_balancer(const std::string& name,
                                 const std::string& address,
                                 const std::string& holder) {
  put(balancer_key(scope, name),
      LoadBalancer{.name = name, .id = "00000000000000cc", .address = address, .holder = holder});
}

Task running_target(const std::string& id, const TargetGroup& group, std::int32_t host_port) {
  Task task{.cluster = "default", .id = id, .family = "web"};
  task.container_instance = "i";
  task.last_status = TaskStatus::kRunning;
  task.started_at = Timestamp{1'000'000};
  TaskContainer container{.id = "c", .name = "web", .last_status = "RUNNING"};
  if (host_port != 0) {
    container.network_bindings.push_back(
        {.container_port = 80, .host_port = host_port, .protocol = "tcp"});
  } else {
    container.network_interfaces.push_back({.private_ipv4_address = "10.120.0.9"});
  }
  task.containers.push_back(container);
  task.targets = TaskTargets{.load_balancers = {{.target_group_arn = target_group_arn(
                                                     {.account = "1", .region = "r"}, group),
                                                 .container_name = "web",
                                                 .container_port = 80}}};
  return task;
}

TargetSights one_sight(const std::string& group,
                       const std::string& target,
                       TargetObservation observation) {
  TargetSights sights{.has_all = true};
  sights.hosts.emplace_back()[group][target] = std::move(observation);
  return sights;
}

}  // namespace ikada
