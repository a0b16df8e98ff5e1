#include <algorithm>

#include "cluster/agent/task_error.h"
#include "cluster/agent/task_plan.h"

namespace ikada {
namespace {

const Volume* find_volume_of(const TaskDefinition& definition, const std::string& name) {
  const auto found = std::find_if(definition.volumes.begin(),
                                  definition.volumes.end(),
                                  [&](const Volume& each) { return each.name == name; });
  return found == definition.volumes.end() ? nullptr : &*found;
}

Result<TaskVolume> plan_docker_volume(const TaskPlanInputs& inputs,
                                      const Volume& volume,
                                      const DockerVolumeConfiguration& docker) {
  const std::string driver = docker.driver.value_or("local");
  if (driver != "local") {
    return cannot_create("volume {}: driver {} is not available", volume.name, driver);
  }
  if (docker.driver_opts.has_value() && !docker.driver_opts->empty()) {
    return cannot_create("volume {}: driverOpts are not supported", volume.name);
  }
  TaskVolume plan;
  if (docker.labels.has_value()) plan.labels = *docker.labels;
  if (docker.scope.value_or("task") == "shared") {
    plan.name = volume.name;
    plan.must_exist = !docker.autoprovision.value_or(false);
  } else {
    plan.name = task_volume_name(inputs.task, volume.name);
    plan.goes_with_task = true;
  }
  return plan;
}

Result<void> check_volume_kind(const Volume& volume) {
  const char* kind = nullptr;
  if (volume.efs.has_value()) kind = "efsVolumeConfiguration";
  if (volume.fsx.has_value()) kind = "fsxWindowsFileServerVolumeConfiguration";
  if (volume.s3_files.has_value()) kind = "s3filesVolumeConfiguration";
  if (volume.configured_at_launch.value_or(false)) kind = "configuredAtLaunch";
  if (kind == nullptr) return {};
  return cannot_create("volume {}: {} is not supported", volume.name, kind);
}

Result<void> plan_mount(const TaskPlanInputs& inputs,
                        const MountPoint& point,
                        ContainerPlan& plan) {
  const std::string name = point.source_volume.value_or("");
  const Volume* volume = find_volume_of(inputs.definition, name);
  if (volume == nullptr) return cannot_create("unknown volume {}", name);
  IK_TRY(check_volume_kind(*volume));
  MountSpec mount{.destination = point.container_path.value_or(""),
                  .read_only = point.read_only.value_or(false)};
  if (volume->host.has_value() && !volume->host->source_path.value_or("").empty()) {
    mount.source = *volume->host->source_path;
    mount.make_source = true;
  } else {
    IK_LET(
        named,
        plan_docker_volume(inputs, *volume, volume->docker.value_or(DockerVolumeConfiguration{})));
    mount.type = MountSpec::Type::kVolume;
    mount.source = named.name;
    plan.volumes.push_back(std::move(named));
  }
  plan.spec.mounts.push_back(std::move(mount));
  return {};
}

}  // namespace

Result<void> plan_task_volumes(const TaskPlanInputs& inputs,
                               const ContainerDefinition& container,
                               ContainerPlan& plan) {
  for (const MountPoint& each : container.mount_points) IK_TRY(plan_mount(inputs, each, plan));
  plan.volumes_from = container.volumes_from;
  return {};
}

}  // namespace ikada
