#include "cluster/api/instance_filter.h"

#include <string_view>
#include <vector>

#include "cluster/model/ecs_error.h"

namespace ikada {
namespace {

constexpr std::int64_t kMillisPerSecond = 1000;

std::vector<std::string_view> groups_on(const ClusterState& cluster, const std::string& instance) {
  std::vector<std::string_view> groups;
  for (const auto& [id, kept] : cluster.tasks) {
    const Task& task = kept.value;
    if (task.last_status == TaskStatus::kStopped || task.container_instance != instance) continue;
    groups.push_back(task.group);
  }
  return groups;
}

}  // namespace

Result<InstanceFilter> InstanceFilter::parse(const std::string& text) {
  InstanceFilter filter;
  if (text.empty()) return filter;
  Result<scheduler::Query> query = scheduler::Query::parse(text);
  if (!query.has_value()) return invalid_parameter("{}", query.error().message);
  filter.query_ = std::move(*query);
  return filter;
}

bool InstanceFilter::selects(const InstanceState& instance, const ClusterState& cluster) const {
  if (!query_.has_value()) return true;
  const ContainerInstance& record = instance.record.value;
  scheduler::Attributes attributes;
  for (const Attribute& each : record.attributes) attributes[each.name] = each.value.value_or("");
  std::vector<std::string_view> groups;
  if (query_->asks_groups()) groups = groups_on(cluster, record.id);
  const std::string agent_version = record.version_info.agent_version.value_or("");
  const std::string instance_id = record.ec2_instance_id.value_or("");
  return query_->matches(
      {.agent_connected = record.agent_connected,
       .agent_version = agent_version,
       .ec2_instance_id = instance_id,
       .registered_at_s =
           record.registered_at.value_or(Timestamp{}).milliseconds / kMillisPerSecond,
       .running_tasks = static_cast<std::uint32_t>(instance.running_tasks),
       .attributes = &attributes,
       .groups = groups});
}

}  // namespace ikada
