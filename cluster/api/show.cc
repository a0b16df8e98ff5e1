#include "cluster/api/show.h"

#include <algorithm>
#include <iterator>

namespace ikada {
namespace {

std::int32_t count_services(const ClusterState& cluster, std::string_view status) {
  std::int32_t count = 0;
  for (const auto& [name, service] : cluster.services) {
    const Kept<Service>& record = service.record;
    if (record.revision != 0 && record.value.status == status) ++count;
  }
  return count;
}

Json statistics_of(const ClusterState& cluster) {
  const auto pair = [](const char* name, std::int32_t value) {
    return Json{{"name", name}, {"value", std::to_string(value)}};
  };
  // All instances and tasks of ikada are of the launch type EC2.
  return Json::array({pair("runningEC2TasksCount", cluster.running_tasks),
                      pair("runningFargateTasksCount", 0),
                      pair("pendingEC2TasksCount", cluster.pending_tasks),
                      pair("pendingFargateTasksCount", 0),
                      pair("activeEC2ServiceCount", count_services(cluster, "ACTIVE")),
                      pair("activeFargateServiceCount", 0),
                      pair("drainingEC2ServiceCount", count_services(cluster, "DRAINING")),
                      pair("drainingFargateServiceCount", 0)});
}

std::int32_t count_instances(const ClusterState& cluster) {
  std::int32_t count = 0;
  for (const auto& [id, instance] : cluster.instances) {
    if (instance.record.revision != 0) ++count;
  }
  return count;
}

// What is left of a registered resource. Ports are shown as those in use,
// GPUs by as many names as are free.
Resource remaining(const Resource& registered, const Amounts& reserved) {
  Resource left = registered;
  const auto subtract = [&](std::int64_t amount) {
    left.integer_value = static_cast<std::int32_t>(left.integer_value.value_or(0) - amount);
  };
  if (left.name == "CPU") subtract(reserved.cpu_units);
  if (left.name == "MEMORY") subtract(reserved.memory_mib);
  if (left.name == "GPU" && left.string_set_value.has_value()) {
    std::vector<std::string>& ids = *left.string_set_value;
    ids.resize(static_cast<size_t>(std::max<std::int64_t>(0, std::ssize(ids) - reserved.gpus)));
  }
  const bool is_tcp = left.name == "PORTS";
  if (is_tcp || left.name == "PORTS_UDP") {
    std::vector<std::string> used = left.string_set_value.value_or(std::vector<std::string>{});
    const auto& more = is_tcp ? reserved.tcp_ports : reserved.udp_ports;
    used.insert(used.end(), more.begin(), more.end());
    left.string_set_value = std::move(used);
  }
  return left;
}

}  // namespace

Json show_cluster(const State& state,
                  const Scope& scope,
                  std::string_view name,
                  const ClusterParts& parts) {
  const ClusterState* cluster = state.scope(scope).find_cluster(name);
  if (cluster == nullptr) return nullptr;
  Json json = to_json(cluster->record.value);
  json["clusterArn"] = cluster_arn(scope, name);
  json["registeredContainerInstancesCount"] = count_instances(*cluster);
  json["runningTasksCount"] = cluster->running_tasks;
  json["pendingTasksCount"] = cluster->pending_tasks;
  json["activeServicesCount"] = count_services(*cluster, "ACTIVE");
  json["statistics"] = parts.statistics ? statistics_of(*cluster) : Json::array();
  if (!parts.tags) json["tags"] = Json::array();
  if (!parts.settings) json["settings"] = Json::array();
  if (!parts.configurations) json.erase("configuration");
  return json;
}

Json show_instance(const State& state,
                   const Scope& scope,
                   std::string_view cluster,
                   std::string_view id,
                   bool with_tags) {
  const ClusterState* cluster_state = state.scope(scope).find_cluster(cluster);
  if (cluster_state == nullptr) return nullptr;
  const auto found = cluster_state->instances.find(id);
  if (found == cluster_state->instances.end() || found->second.record.revision == 0) return nullptr;
  const InstanceState& instance = found->second;
  const ContainerInstance& record = instance.record.value;
  Json json = to_json(record);
  for (const char* own : {"cluster", "id", "isVirtual"}) json.erase(own);
  json["containerInstanceArn"] = container_instance_arn(scope, cluster, id);
  json["runningTasksCount"] = instance.running_tasks;
  json["pendingTasksCount"] = instance.pending_tasks;
  json["attachments"] = Json::array();
  Json& registered = json["registeredResources"] = Json::array();
  Json& left = json["remainingResources"] = Json::array();
  for (const Resource& each : record.registered_resources) {
    registered.push_back(show_resource(each));
    left.push_back(show_resource(remaining(each, instance.reserved)));
  }
  if (!with_tags) json["tags"] = Json::array();
  return json;
}

}  // namespace ikada
