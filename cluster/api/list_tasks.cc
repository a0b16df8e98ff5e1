#include "cluster/api/actions.h"
#include "cluster/api/page.h"
#include "cluster/api/resolve.h"

namespace ikada {
namespace {

struct ListTasksInput {
  std::string cluster;
  std::optional<std::string> container_instance;
  std::optional<std::string> family;
  std::optional<std::string> started_by;
  std::optional<std::string> service_name;
  std::optional<std::string> launch_type;
  std::string desired_status = "RUNNING";
  PageInput page;
};

void describe(JsonFields& fields, ListTasksInput& input) {
  fields.field("cluster", input.cluster);
  fields.field("containerInstance", input.container_instance);
  fields.field("family", input.family);
  fields.field("startedBy", input.started_by);
  fields.field("serviceName", input.service_name);
  fields.field("launchType", input.launch_type);
  fields.field("desiredStatus", input.desired_status);
  fields.field("nextToken", input.page.next_token);
  fields.field("maxResults", input.page.max_results);
}

bool is_listed(const Task& task, const ListTasksInput& input) {
  if (task.desired_status != input.desired_status) return false;
  if (input.container_instance.has_value() && task.container_instance != input.container_instance) {
    return false;
  }
  if (input.family.has_value() && task.family != *input.family) return false;
  if (input.started_by.has_value() && task.started_by != input.started_by) return false;
  if (input.launch_type.has_value() && task.launch_type != *input.launch_type) return false;
  return !input.service_name.has_value() || task.group == "service:" + *input.service_name;
}

}  // namespace

Result<Outcome> list_tasks(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListTasksInput>(call));
  const std::string& desired = input.desired_status;
  if (desired != "RUNNING" && desired != "PENDING" && desired != "STOPPED") {
    return invalid_parameter("Invalid desiredStatus '{}'.", desired);
  }
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  if (input.container_instance.has_value()) {
    // Only the form of the name is changed: the tasks of an instance that is gone stay listed.
    const auto id =
        id_of(*input.container_instance, "container-instance", call.scope, cluster.name);
    if (!id.has_value()) return invalid_parameter("Invalid container instance.");
    input.container_instance = id;
  }
  if (input.service_name.has_value()) {
    const ServiceState* service = find_named_service(call, cluster, *input.service_name);
    if (service == nullptr) return ecs_error("ServiceNotFoundException", "Service not found.");
    input.service_name = service->record.value.name;
  }
  std::vector<ListItem> items;
  for (const auto& [id, kept] : cluster.state->tasks) {
    if (!is_listed(kept.value, input)) continue;
    items.push_back({.key = id, .shown = task_arn(call.scope, cluster.name, id)});
  }
  IK_LET(page, page_of(std::move(items), input.page, "taskArns"));
  return answer(std::move(page));
}

}  // namespace ikada
