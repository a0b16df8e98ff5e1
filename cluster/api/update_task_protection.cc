#include "cluster/api/actions.h"
#include "cluster/api/task_protection.h"

namespace ikada {
namespace {

constexpr size_t kMostProtectedAtOnce = 10;
constexpr std::int32_t kDefaultProtectedMinutes = 120;
constexpr std::int32_t kMostProtectedMinutes = 2880;

struct UpdateTaskProtectionInput {
  std::string cluster;
  std::vector<std::string> tasks;
  bool protection_enabled = false;
  std::optional<std::int32_t> expires_in_minutes;
};

void describe(JsonFields& fields, UpdateTaskProtectionInput& input) {
  fields.required("cluster", input.cluster);
  fields.required("tasks", input.tasks);
  fields.required("protectionEnabled", input.protection_enabled);
  fields.field("expiresInMinutes", input.expires_in_minutes);
}

}  // namespace

// Each call says anew how long. What is refused for one task does not keep the others from it.
Result<Outcome> update_task_protection(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<UpdateTaskProtectionInput>(call));
  IK_TRY(check_task_count(input.tasks, kMostProtectedAtOnce));
  const std::int32_t minutes = input.expires_in_minutes.value_or(kDefaultProtectedMinutes);
  if (minutes < 1 || minutes > kMostProtectedMinutes) {
    return invalid_parameter("expiresInMinutes must be between 1 and {}.", kMostProtectedMinutes);
  }
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  ProtectableTasks found = find_protectable(call, cluster, input.tasks);
  Proposal proposal;
  Json shown = Json::array();
  for (const Kept<Task>* kept : found.tasks) {
    Task task = kept->value;
    task.protected_until.reset();
    if (input.protection_enabled) {
      task.protected_until = Timestamp{call.now.milliseconds + std::int64_t{minutes} * 60'000};
    }
    shown.push_back(show_protection(task, call));
    proposal.put(task_key(call.scope, cluster.name, task.id), task, kept->revision);
  }
  Json all = {{"protectedTasks", std::move(shown)}, {"failures", std::move(found.failures)}};
  if (proposal.changes.empty()) return answer(std::move(all));
  proposal.then = [all = std::move(all)](const State&) { return all; };
  return propose(std::move(proposal));
}

}  // namespace ikada
