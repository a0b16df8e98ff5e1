#include "cluster/api/actions.h"
#include "cluster/api/task_protection.h"

namespace ikada {
namespace {

constexpr size_t kMostAskedAtOnce = 100;

struct GetTaskProtectionInput {
  std::string cluster;
  std::vector<std::string> tasks;
};

void describe(JsonFields& fields, GetTaskProtectionInput& input) {
  fields.required("cluster", input.cluster);
  fields.field("tasks", input.tasks);
}

}  // namespace

Result<Outcome> get_task_protection(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<GetTaskProtectionInput>(call));
  IK_TRY(check_task_count(input.tasks, kMostAskedAtOnce));
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  ProtectableTasks found = find_protectable(call, cluster, input.tasks);
  Json shown = Json::array();
  for (const Kept<Task>* kept : found.tasks) shown.push_back(show_protection(kept->value, call));
  return answer({{"protectedTasks", std::move(shown)}, {"failures", std::move(found.failures)}});
}

}  // namespace ikada
