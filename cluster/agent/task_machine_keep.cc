// TaskMachine: from the disk and to it.
//
//   {"task": the model's Task, "containers": [{"phase": 3, "generation": 1, "has_run": true,
//    "started_ms": …, "kill_ms": …, "health": {…}}]}
#include <algorithm>
#include <utility>

#include "cluster/agent/task_error.h"
#include "cluster/agent/task_machine.h"

namespace ikada {

void describe(JsonFields& fields, ContainerProgress& progress) {
  auto phase = static_cast<std::int32_t>(progress.phase);
  fields.field("phase", phase);
  const bool is_known = phase >= 0 && phase <= static_cast<std::int32_t>(ContainerPhase::kStopped);
  progress.phase = is_known ? static_cast<ContainerPhase>(phase) : ContainerPhase::kPulling;
  fields.field("generation", progress.generation);
  fields.field("has_run", progress.has_run);
  fields.field("started_ms", progress.started_ms);
  fields.field("kill_ms", progress.kill_ms);
  fields.field("health", progress.health);
}

TaskMachine TaskMachine::create(const TaskDefinition& definition, Task task) {
  TaskMachine machine;
  machine.task_ = std::move(task);
  Result<std::vector<ContainerRules>> rules = plan_task_rules(definition);
  if (rules.has_value()) {
    machine.rules_ = std::move(*rules);
  } else {
    machine.broken_ = task_error_text(rules.error(), kResources);
  }
  machine.progress_.resize(machine.rules_.size());
  // A task that was made before its definition had these containers has no place for them.
  std::vector<TaskContainer> containers;
  for (const ContainerRules& each : machine.rules_) {
    TaskContainer container{.name = each.name};
    for (const TaskContainer& known : machine.task_.containers) {
      if (known.name == each.name) container = known;
    }
    containers.push_back(std::move(container));
  }
  if (machine.broken_.empty()) machine.task_.containers = std::move(containers);
  return machine;
}

Result<TaskMachine> TaskMachine::restore(const TaskDefinition& definition, const Json& kept) {
  struct Kept {
    Task task;
    std::vector<ContainerProgress> containers;
  } read;
  JsonReader reader(kept, "task");
  JsonFields fields(reader);
  fields.required("task", read.task);
  fields.field("containers", read.containers);
  IK_TRY(reader.done());
  TaskMachine machine = create(definition, std::move(read.task));
  if (machine.progress_.size() != read.containers.size()) {
    return make_error(ErrorKind::kInvalid,
                      "task: {} containers are kept, its definition has {}",
                      read.containers.size(),
                      machine.progress_.size());
  }
  machine.progress_ = std::move(read.containers);
  return machine;
}

std::map<std::string, std::int32_t> TaskMachine::restarts() const {
  std::map<std::string, std::int32_t> restarts;
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (!rules_[i].restart.has_value()) continue;
    restarts[rules_[i].name] = std::max(0, progress_[i].generation - 1);
  }
  return restarts;
}

Json TaskMachine::keep() const {
  Json containers = Json::array();
  for (const ContainerProgress& each : progress_) containers.push_back(to_json(each));
  return {{"task", to_json(task_)}, {"containers", std::move(containers)}};
}

}  // namespace ikada
