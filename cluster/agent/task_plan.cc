#include "cluster/agent/task_plan.h"

#include <algorithm>

#include "cluster/agent/task_error.h"

namespace ikada {
namespace {

// Names of files are 255 bytes at most; a family alone may have as many.
constexpr size_t kMaxNamePart = 96;

void plan_labels(const TaskPlanInputs& inputs,
                 const ContainerDefinition& container,
                 ContainerSpec& spec) {
  const Task& task = inputs.task;
  if (container.docker_labels.has_value()) spec.labels = *container.docker_labels;
  spec.labels["com.amazonaws.ecs.cluster"] = task.cluster;
  spec.labels[kContainerNameLabel] = container.name;
  spec.labels[kTaskArnLabel] = task_arn(inputs.scope, task.cluster, task.id);
  spec.labels["com.amazonaws.ecs.task-definition-family"] = task.family;
  spec.labels["com.amazonaws.ecs.task-definition-version"] = std::to_string(task.revision);
}

Result<void> plan_process(const ContainerDefinition& container, ContainerSpec& spec) {
  if (container.entry_point.has_value() && !container.entry_point->empty()) {
    spec.entrypoint = *container.entry_point;
  }
  if (container.command.has_value()) spec.command = *container.command;
  spec.user = container.user.value_or("");
  spec.working_dir = container.working_directory.value_or("");
  spec.read_only_rootfs = container.readonly_root_filesystem.value_or(false);
  spec.terminal = container.pseudo_terminal.value_or(false);
  spec.open_stdin = container.interactive.value_or(false);
  spec.stop_timeout_s = container.stop_timeout_s.value_or(kDefaultStopTimeoutS);
  // A restarted container mounts what it wrote a second time, which the kernel refuses then.
  spec.volatile_rootfs = !container.restart_policy.has_value();
  if (container.firelens_configuration.has_value()) {
    return cannot_create("firelensConfiguration is not supported");
  }
  if (container.credential_specs.has_value() && !container.credential_specs->empty()) {
    return cannot_create("credentialSpecs are not supported on Linux");
  }
  if (container.resource_requirements.has_value() && !container.resource_requirements->empty()) {
    return cannot_create("resource {} is not available on this host",
                         container.resource_requirements->front().type);
  }
  return {};
}

Result<void> plan_task_namespaces(const TaskDefinition& definition, ContainerSpec& spec) {
  const std::string pid = definition.pid_mode.value_or("");
  if (pid == "host") spec.pid_mode = pid;
  if (pid == "task") {
    return cannot_create("pidMode task is not supported: containers have their own process table");
  }
  const std::string ipc = definition.ipc_mode.value_or("");
  if (ipc == "host") spec.ipc_mode = ipc;
  if (ipc == "task") return cannot_create("ipcMode task is not supported");
  // "none" asks for a private namespace, which each container has.
  return {};
}

}  // namespace

Result<void> check_task_plan(const TaskDefinition& definition) {
  if (definition.proxy_configuration.has_value()) {
    return cannot_initialize("proxyConfiguration is not supported");
  }
  if (definition.inference_accelerators.has_value() &&
      !definition.inference_accelerators->empty()) {
    return cannot_initialize("inference accelerators are not available on this host");
  }
  return {};
}

std::string task_container_name(const Task& task, const std::string& container) {
  std::string name = container.substr(0, kMaxNamePart);
  // The network's holder has them: "internalecspause", as on ECS's hosts.
  std::erase(name, '~');
  return fmt::format(
      "ecs-{}-{}-{}-{}", task.family.substr(0, kMaxNamePart), task.revision, name, task.id);
}

std::string task_volume_name(const Task& task, const std::string& volume) {
  return fmt::format("ecs-{}-{}-{}-{}",
                     task.family.substr(0, kMaxNamePart),
                     task.revision,
                     volume.substr(0, kMaxNamePart),
                     task.id);
}

Result<ContainerPlan> plan_container(const TaskPlanInputs& inputs,
                                     const ContainerDefinition& container,
                                     const FetchedEnvironment& fetched) {
  ContainerPlan plan;
  ContainerSpec& spec = plan.spec;
  spec.name = task_container_name(inputs.task, container.name);
  spec.image = container.image;
  plan_labels(inputs, container, spec);
  IK_TRY(plan_process(container, spec));
  IK_LET(environment, plan_task_environment(container, fetched));
  spec.env = std::move(environment);
  IK_TRY(plan_task_namespaces(inputs.definition, spec));
  IK_TRY(plan_task_log(inputs, container, plan));
  IK_TRY(plan_task_limits(inputs, container, spec));
  IK_TRY(plan_task_linux(inputs, container, spec));
  IK_TRY(plan_task_network(inputs, container, plan));
  IK_TRY(plan_task_volumes(inputs, container, plan));
  return plan;
}

}  // namespace ikada
