#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/show.h"

namespace ikada {
namespace {

constexpr size_t kMaxDescribed = 100;

struct DescribeContainerInstancesInput {
  std::string cluster;
  std::vector<std::string> container_instances;
  std::vector<std::string> include;
};

void describe(JsonFields& fields, DescribeContainerInstancesInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("containerInstances", input.container_instances);
  fields.field("include", input.include);
}

bool includes(const std::vector<std::string>& include, std::string_view part) {
  return std::find(include.begin(), include.end(), part) != include.end();
}

// Every instance of ikada that has an agent is well as long as the agent is connected.
Json health_of(const Json& instance) {
  return {{"overallStatus", instance.value("agentConnected", false) ? "OK" : "INSUFFICIENT_DATA"},
          {"details", Json::array()}};
}

}  // namespace

Result<Outcome> describe_container_instances(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeContainerInstancesInput>(call));
  if (input.container_instances.empty()) {
    return invalid_parameter("Container instance cannot be empty.");
  }
  if (input.container_instances.size() > kMaxDescribed) {
    return invalid_parameter("Container instances cannot have more than {} elements.",
                             kMaxDescribed);
  }
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  Json shown = Json::array();
  Json failures = Json::array();
  for (const std::string& text : input.container_instances) {
    const NamedInstance instance = find_instance(call, cluster, text);
    if (instance.state == nullptr) {
      failures.push_back(
          missing(shown_arn(text, container_instance_arn(call.scope, cluster.name, text))));
      continue;
    }
    Json json = show_instance(
        state, call.scope, cluster.name, instance.id, includes(input.include, "TAGS"));
    if (includes(input.include, "CONTAINER_INSTANCE_HEALTH"))
      json["healthStatus"] = health_of(json);
    shown.push_back(std::move(json));
  }
  return answer({{"containerInstances", std::move(shown)}, {"failures", std::move(failures)}});
}

}  // namespace ikada
