#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/model/ecs_error.h"
#include "cluster/model/task_definition_check.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

// Who needs whom, by name.
using Graph = std::map<std::string, std::vector<std::string>>;

enum class Mark { kNew, kOpen, kDone };

// Depth first; a container that is met again while it is open needs itself. A task definition has
// ten containers, so this is never deep.
bool leads_to_itself(const Graph& graph,
                     const std::string& name,
                     std::map<std::string, Mark>& marks) {
  Mark& mark = marks[name];
  if (mark != Mark::kNew) return mark == Mark::kOpen;
  mark = Mark::kOpen;
  const auto found = graph.find(name);
  if (found != graph.end()) {
    for (const std::string& next : found->second) {
      if (leads_to_itself(graph, next, marks)) return true;
    }
  }
  marks[name] = Mark::kDone;
  return false;
}

bool has_cycle(const Graph& graph) {
  std::map<std::string, Mark> marks;
  return std::any_of(graph.begin(), graph.end(), [&](const auto& entry) {
    return leads_to_itself(graph, entry.first, marks);
  });
}

Result<void> check_dependency(const ContainerDependency& dependency,
                              const TaskDefinition& definition) {
  const std::string& condition = dependency.condition;
  const ContainerDefinition* other = find_container(definition, dependency.container_name);
  if (other == nullptr) {
    return client_exception("Cannot depend on container + '{}' because it does not exist",
                            dependency.container_name);
  }
  if (condition == "START") return {};
  if (condition == "SUCCESS" || condition == "COMPLETE") {
    if (!other->essential) return {};
    return client_exception(
        "A dependency container with SUCCESS or COMPLETE condition cannot be an "
        "essential container");
  }
  if (condition != "HEALTHY") {
    return client_exception("Invalid dependency condition '{}'.", condition);
  }
  if (other->health_check.has_value()) return {};
  return client_exception(
      "A dependency container with HEALTHY condition must have a health check: "
      "'{}'.",
      other->name);
}

Result<void> check_dependencies(const TaskDefinition& definition) {
  Graph needs;
  for (const ContainerDefinition& container : definition.container_definitions) {
    for (const ContainerDependency& each :
         container.depends_on.value_or(std::vector<ContainerDependency>{})) {
      IK_TRY(check_dependency(each, definition));
      needs[container.name].push_back(each.container_name);
    }
  }
  if (!has_cycle(needs)) return {};
  return client_exception("Container dependencies should not have a cycle");
}

// "db" or "db:alias".
Result<void> check_links(const TaskDefinition& definition) {
  Graph links;
  for (const ContainerDefinition& container : definition.container_definitions) {
    for (const std::string& link : container.links.value_or(std::vector<std::string>{})) {
      const Cut parts = cut(link, ':');
      const bool is_good = find_container(definition, parts.before) != nullptr &&
                           parts.found == !parts.after.empty();
      if (!is_good) {
        return client_exception("Invalid link '{}' in container '{}'.", link, container.name);
      }
      links[container.name].emplace_back(parts.before);
    }
  }
  if (!has_cycle(links)) return {};
  return client_exception("Container links should not have a cycle");
}

Result<void> check_volumes_from(const TaskDefinition& definition) {
  Graph sources;
  for (const ContainerDefinition& container : definition.container_definitions) {
    for (const VolumeFrom& from : container.volumes_from) {
      if (find_container(definition, from.source_container) == nullptr) {
        return client_exception("Unknown container '{}' in volumesFrom.", from.source_container);
      }
      sources[container.name].push_back(from.source_container);
    }
  }
  if (!has_cycle(sources)) return {};
  return client_exception("Container volumesFrom should not have a cycle");
}

}  // namespace

Result<void> check_container_references(const TaskDefinition& definition) {
  IK_TRY(check_dependencies(definition));
  IK_TRY(check_links(definition));
  return check_volumes_from(definition);
}

}  // namespace ikada
