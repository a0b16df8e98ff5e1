#include "cluster/node/name_news.h"

#include <algorithm>
#include <utility>

#include "cluster/model/balancer_arn.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kServiceGroup = "service:";
constexpr size_t kMaxLabel = 63;
constexpr size_t kMaxPorts = 100;

// Of the host; empty if no node is that container instance.
std::string host_address(const ScopeState& scope, const std::string& instance) {
  const auto own = scope.nodes.find(instance);  // The usual case.
  if (own != scope.nodes.end() && own->second.value.instance == instance) {
    return own->second.value.address;
  }
  for (const auto& [id, node] : scope.nodes) {
    if (node.value.instance == instance) return node.value.address;
  }
  return "";
}

std::string own_address(const Task& task) {
  for (const TaskContainer& container : task.containers) {
    for (const NetworkInterface& each : container.network_interfaces) {
      if (each.private_ipv4_address.has_value()) return *each.private_ipv4_address;
    }
  }
  return "";
}

const TaskDefinition* definition_of(const ScopeState& scope, const Task& task) {
  const auto family = scope.families.find(task.family);
  if (family == scope.families.end()) return nullptr;
  const auto revision = family->second.revisions.find(task.revision);
  return revision == family->second.revisions.end() ? nullptr : &revision->second.value;
}

// The port of the host that stands for that mapping; nothing while it is not known.
std::optional<std::int32_t> bound_port(const Task& task,
                                       const std::string& container,
                                       const PortMapping& mapping) {
  for (const TaskContainer& each : task.containers) {
    if (each.name != container) continue;
    for (const NetworkBinding& binding : each.network_bindings) {
      const bool is_it = binding.container_port == mapping.container_port &&
                         binding.protocol.value_or("tcp") == mapping.protocol.value_or("tcp");
      if (is_it) return binding.host_port;
    }
  }
  return std::nullopt;
}

std::vector<NamePort> ports_of(const Task& task, const TaskDefinition& definition) {
  std::vector<NamePort> ports;
  const bool is_mapped = network_mode_of(definition) == "bridge";
  for (const ContainerDefinition& container : definition.container_definitions) {
    for (const PortMapping& mapping : container.port_mappings) {
      if (!mapping.container_port.has_value() || ports.size() >= kMaxPorts) continue;
      const std::optional<std::int32_t> port =
          is_mapped ? bound_port(task, container.name, mapping) : mapping.container_port;
      if (!port.has_value()) continue;
      ports.push_back({.name = mapping.name.value_or(""),
                       .protocol = mapping.protocol.value_or("tcp"),
                       .container_port = static_cast<std::uint16_t>(*mapping.container_port),
                       .port = static_cast<std::uint16_t>(*port)});
    }
  }
  return ports;
}

// One with a health check is not known to be well before that has passed.
bool is_well(const Task& task, const TaskDefinition& definition) {
  const bool has_check =
      std::ranges::any_of(definition.container_definitions, [](const ContainerDefinition& each) {
        return each.health_check.has_value() && each.essential;
      });
  return has_check ? task.health_status == "HEALTHY" : task.health_status != "UNHEALTHY";
}

bool is_draining(const ClusterState& cluster, const Task& task) {
  const auto instance = cluster.instances.find(task.container_instance.value_or(""));
  return instance != cluster.instances.end() && instance->second.record.value.status == "DRAINING";
}

std::vector<std::string> names_of(const std::string& cluster, const Task& task) {
  std::vector<std::string> names;
  if (cluster.size() > kMaxLabel) return names;
  if (task.group.starts_with(kServiceGroup)) {
    const std::string service = task.group.substr(kServiceGroup.size());
    if (service.size() <= kMaxLabel) names.push_back(fmt::format("{}.{}", service, cluster));
  }
  names.push_back(fmt::format("{}.{}", task.id, cluster));
  return names;
}

// A manager that is lost, or is to carry no load balancers soon.
bool is_leaving(const ScopeState& scope, const Node& node) {
  if (node.wanted_role == "worker") return true;
  const auto cluster = scope.clusters.find(node.cluster.value_or(""));
  if (cluster == scope.clusters.end()) return false;
  const auto instance = cluster->second.instances.find(node.instance.value_or(""));
  if (instance == cluster->second.instances.end()) return false;
  const ContainerInstance& record = instance->second.record.value;
  return record.status == "DRAINING" || !record.agent_connected;
}

// Every manager carries every load balancer, but one of them has its own address.
void add_balancers(const ScopeState& scope, NameEntries& entries) {
  const std::string zone = fmt::format(".{}", kNameZone);
  for (const auto& [balancer, kept] : scope.balancers) {
    std::string name = balancer_dns_name(scope.scope, kept.value);
    name.resize(name.size() - zone.size());
    if (!kept.value.address.empty()) {
      entries.emplace(fmt::format("balancer/{}", balancer),
                      NameEntry{.names = {name}, .address = kept.value.address});
      continue;
    }
    for (const auto& [id, node] : scope.nodes) {
      if (node.value.role != "manager") continue;
      entries.emplace(fmt::format("balancer/{}/{}", balancer, id),
                      NameEntry{.names = {name},
                                .address = node.value.address,
                                .is_draining = is_leaving(scope, node.value)});
    }
  }
}

}  // namespace

std::optional<NameEntry> name_entry(const ScopeState& scope,
                                    const std::string& cluster,
                                    const Task& task) {
  const bool is_there =
      task.last_status == TaskStatus::kRunning && task.desired_status == "RUNNING";
  const TaskDefinition* const definition = is_there ? definition_of(scope, task) : nullptr;
  const auto found = scope.clusters.find(cluster);
  if (definition == nullptr || found == scope.clusters.end()) return std::nullopt;
  if (!is_well(task, *definition)) return std::nullopt;
  const std::string mode = network_mode_of(*definition);
  NameEntry entry{.names = names_of(cluster, task),
                  .is_draining = is_draining(found->second, task),
                  .ports = ports_of(task, *definition)};
  if (mode == "awsvpc") entry.address = own_address(task);
  if (mode == "bridge" || mode == "host") {
    entry.address = host_address(scope, task.container_instance.value_or(""));
  }
  if (entry.address.empty() || entry.names.empty()) return std::nullopt;
  return entry;
}

NameEntries name_entries(const ScopeState& scope) {
  NameEntries entries;
  for (const auto& [name, cluster] : scope.clusters) {
    for (const auto& [id, task] : cluster.tasks) {
      std::optional<NameEntry> entry = name_entry(scope, name, task.value);
      if (entry.has_value()) entries.emplace(id, std::move(*entry));
    }
  }
  add_balancers(scope, entries);
  return entries;
}

NameChanges take_name_changes(const ScopeState& scope, std::string_view key, NameEntries& before) {
  NameChanges changes;
  const auto compare = [&](const std::string& id, std::optional<NameEntry> now) {
    const auto known = before.find(id);
    const bool is_same =
        known == before.end() ? !now.has_value() : now.has_value() && known->second == *now;
    if (is_same) return;
    if (now.has_value()) before[id] = *now;
    if (!now.has_value()) before.erase(known);
    changes.emplace(id, std::move(now));
  };
  const std::optional<RecordKey> parsed = parse_record_key(key);
  if (!key.empty() && !parsed.has_value()) return changes;
  if (!key.empty() && parsed->kind == RecordKind::kTask) {
    const auto cluster = scope.clusters.find(parsed->first);
    std::optional<NameEntry> now;
    if (cluster != scope.clusters.end()) {
      const auto task = cluster->second.tasks.find(parsed->second);
      if (task != cluster->second.tasks.end()) {
        now = name_entry(scope, parsed->first, task->second.value);
      }
    }
    compare(parsed->second, std::move(now));
    return changes;
  }
  const bool is_of_hosts = key.empty() || parsed->kind == RecordKind::kNode ||
                           parsed->kind == RecordKind::kInstance ||
                           parsed->kind == RecordKind::kBalancer;
  if (!is_of_hosts) return changes;
  NameEntries after = name_entries(scope);
  std::vector<std::string> gone;
  for (const auto& [id, entry] : before) {
    if (after.count(id) == 0) gone.push_back(id);
  }
  for (const std::string& id : gone) compare(id, std::nullopt);
  for (auto& [id, entry] : after) compare(id, std::move(entry));
  return changes;
}

News all_names_news(const NameEntries& entries) {
  Json json = Json::object();
  for (const auto& [id, entry] : entries) json[id] = to_json(entry);
  return {.verb = "names", .body = {{"all", true}, {"entries", std::move(json)}}};
}

News name_changes_news(const NameChanges& changes) {
  Json json = Json::object();
  for (const auto& [id, entry] : changes) {
    json[id] = entry.has_value() ? to_json(*entry) : Json();
  }
  return {.verb = "names", .body = {{"entries", std::move(json)}}};
}

Result<bool> take_name_news(const News& news, NameTable& table) {
  if (news.verb != "names") return false;
  bool is_all = false;
  JsonReader reader(news.body, "names");
  reader.read("all", is_all);
  IK_TRY(reader.done());
  const Json* const entries = reader.find("entries");
  if (entries == nullptr || !entries->is_object()) {
    return make_error(ErrorKind::kInvalid, "names.entries: not an object");
  }
  NameChanges changes;
  for (const auto& [id, json] : entries->items()) {
    if (json.is_null()) {
      changes.emplace(id, std::nullopt);
      continue;
    }
    IK_LET(entry, parse_name_entry(json));
    changes.emplace(id, std::move(entry));
  }
  if (is_all) table.clear();
  for (auto& [id, entry] : changes) table.set(id, std::move(entry));
  return true;
}

}  // namespace ikada
