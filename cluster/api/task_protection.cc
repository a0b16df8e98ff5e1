#include "cluster/api/task_protection.h"

#include <algorithm>

namespace ikada {
namespace {

struct ProtectedTask {
  std::string task_arn = {};
  bool protection_enabled = false;
  std::optional<Timestamp> expiration_date = {};
};

void describe(JsonFields& fields, ProtectedTask& task) {
  fields.field("taskArn", task.task_arn);
  fields.field("protectionEnabled", task.protection_enabled);
  fields.field("expirationDate", task.expiration_date);
}

bool can_be_protected(const NamedCluster& cluster, const Task& task) {
  const auto name = service_of_group(task.group);
  if (!name.has_value() || task.desired_status == "STOPPED") return false;
  const auto found = cluster.state->services.find(*name);
  return found != cluster.state->services.end() && !is_daemon(found->second.record.value);
}

}  // namespace

Result<void> check_task_count(const std::vector<std::string>& tasks, size_t most) {
  if (tasks.empty()) return invalid_parameter("Tasks cannot be empty.");
  if (tasks.size() > most) {
    return invalid_parameter("Tasks cannot have more than {} elements.", most);
  }
  return {};
}

ProtectableTasks find_protectable(const ApiCall& call,
                                  const NamedCluster& cluster,
                                  const std::vector<std::string>& names) {
  ProtectableTasks found;
  for (const std::string& name : names) {
    const Kept<Task>* kept = find_task(call, cluster, name);
    const std::string arn = shown_arn(name, task_arn(call.scope, cluster.name, name));
    if (kept == nullptr) {
      found.failures.push_back(missing(arn));
    } else if (!can_be_protected(cluster, kept->value)) {
      found.failures.push_back({{"arn", arn}, {"reason", "TASK_NOT_VALID"}});
    } else if (std::find(found.tasks.begin(), found.tasks.end(), kept) == found.tasks.end()) {
      found.tasks.push_back(kept);
    }
  }
  return found;
}

Json show_protection(const Task& task, const ApiCall& call) {
  ProtectedTask shown{.task_arn = task_arn(call.scope, task.cluster, task.id)};
  shown.protection_enabled = task.protected_until.value_or(Timestamp{}) > call.now;
  if (shown.protection_enabled) shown.expiration_date = task.protected_until;
  return to_json(shown);
}

}  // namespace ikada
