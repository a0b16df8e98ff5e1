// ContainerActions: the container that holds the network namespace of a task in mode awsvpc.
//
// Its only file is ikada-runtime, which waits there for the end.
#include <utility>

#include "cluster/agent/container_actions.h"
#include "cluster/agent/task_error.h"

namespace ikada {
namespace {

constexpr const char* kHolderProgram = "/pause";

ContainerSpec plan_holder(const TaskFacts& facts, const std::string& runtime_program) {
  ContainerSpec spec;
  spec.name = task_container_name(facts.task, kNetworkHolder);
  spec.image = kNetworkHolder;
  spec.labels[kContainerNameLabel] = kNetworkHolder;
  spec.labels[kTaskArnLabel] = task_arn(facts.scope, facts.task.cluster, facts.task.id);
  spec.entrypoint = {kHolderProgram, "init-process"};
  spec.mounts.push_back(
      {.source = runtime_program, .destination = kHolderProgram, .read_only = true});
  spec.volatile_rootfs = true;
  spec.read_only_rootfs = true;
  spec.security.drop_capabilities = {"ALL"};
  spec.security.no_new_privileges = true;
  return spec;
}

}  // namespace

Result<ContainerRecord> ContainerActions::create_holder(const TaskFacts& facts) {
  EngineImage nothing;
  nothing.name = kNetworkHolder;
  ContainerSpec spec = plan_holder(facts, runtime_program());
  if (options_.find_task_bridge) {
    Result<TaskBridgeSpec> bridge = options_.find_task_bridge();
    if (!bridge.has_value()) {
      return cannot_initialize("unable to set up the task's network: {}", bridge.error().message);
    }
    spec.network.task_bridge = std::move(*bridge);
  }
  Result<ContainerRecord> started = start_new(engine_.create(spec, nothing));
  if (started.has_value()) return started;
  return cannot_initialize("unable to set up the task's network: {}", started.error().message);
}

std::optional<TaskAddress> ContainerActions::find_address(const TaskFacts& facts) {
  const std::optional<std::string> id = find(facts, kNetworkHolder);
  if (!id.has_value()) return std::nullopt;
  ContainerAddress address = load_network_status(layout(), *id).address;
  if (address.address.empty()) return std::nullopt;
  return TaskAddress{.ipv4 = std::move(address.address), .mac = std::move(address.mac)};
}

// The container's own name stands in its /etc/hosts with the task's address.
Result<void> ContainerActions::resolve_address(const TaskFacts& facts, ContainerPlan& plan) {
  if (network_mode_of(facts.definition) != "awsvpc") return {};
  const std::optional<TaskAddress> address = find_address(facts);
  if (!address.has_value()) return cannot_initialize("the task's network is gone");
  plan.spec.hostname = host_name_of(*address);
  plan.spec.network.extra_hosts.push_back(plan.spec.hostname + ":" + address->ipv4);
  return {};
}

}  // namespace ikada
