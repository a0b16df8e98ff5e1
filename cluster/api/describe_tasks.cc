#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"

namespace ikada {
namespace {

constexpr size_t kMaxDescribedTasks = 100;

struct DescribeTasksInput {
  std::string cluster;
  std::vector<std::string> tasks;
  std::vector<std::string> include;
};

void describe(JsonFields& fields, DescribeTasksInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("tasks", input.tasks);
  fields.field("include", input.include);
}

}  // namespace

Result<Outcome> describe_tasks(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeTasksInput>(call));
  if (input.tasks.empty()) return invalid_parameter("Tasks cannot be empty.");
  if (input.tasks.size() > kMaxDescribedTasks) {
    return invalid_parameter("Tasks cannot have more than {} elements.", kMaxDescribedTasks);
  }
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  const bool with_tags =
      std::find(input.include.begin(), input.include.end(), "TAGS") != input.include.end();
  Json shown = Json::array();
  Json failures = Json::array();
  for (const std::string& text : input.tasks) {
    const Kept<Task>* kept = find_task(call, cluster, text);
    if (kept == nullptr) {
      failures.push_back(missing(shown_arn(text, task_arn(call.scope, cluster.name, text))));
    } else {
      shown.push_back(show_task(kept->value, call.scope, with_tags));
    }
  }
  return answer({{"tasks", std::move(shown)}, {"failures", std::move(failures)}});
}

}  // namespace ikada
