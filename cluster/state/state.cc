#include "cluster/state/state.h"

#include <algorithm>

#include "runtime/base/number.h"

namespace ikada {
namespace {

void count(std::int32_t& running, std::int32_t& pending, const Task& task, std::int32_t by) {
  if (is_running(task)) running += by;
  if (is_pending(task)) pending += by;
}

void take_ports(std::vector<std::string>& used, const std::vector<std::int32_t>& ports, bool add) {
  for (const std::int32_t port : ports) {
    const std::string text = std::to_string(port);
    if (add) {
      used.push_back(text);
      continue;
    }
    const auto found = std::find(used.begin(), used.end(), text);
    if (found != used.end()) used.erase(found);
  }
}

// A STOPPED task takes nothing of its instance.
bool holds_resources(const Task& task) {
  return task.container_instance.has_value() && task.last_status != TaskStatus::kStopped;
}

// Adds what the task means to its cluster and its instance, or takes it away again.
void account(ClusterState& cluster, const Task& task, bool add) {
  const std::int32_t sign = add ? 1 : -1;
  count(cluster.running_tasks, cluster.pending_tasks, task, sign);
  if (!holds_resources(task)) return;
  InstanceState& instance = cluster.instances[*task.container_instance];
  instance.tasks += sign;
  count(instance.running_tasks, instance.pending_tasks, task, sign);
  instance.reserved.cpu_units += sign * task.reservation.cpu_units;
  instance.reserved.memory_mib += sign * task.reservation.memory_mib;
  instance.reserved.gpus += sign * task.reservation.gpus;
  take_ports(instance.reserved.tcp_ports, task.reservation.tcp_ports, add);
  take_ports(instance.reserved.udp_ports, task.reservation.udp_ports, add);
}

// Puts the record in, or takes it out.
template <typename T>
Result<void> set(Kept<T>& kept,
                 std::optional<std::string_view> value,
                 std::int64_t revision,
                 std::string_view key) {
  if (!value.has_value()) {
    kept = {};
    return {};
  }
  IK_LET(json, parse_json(*value).context("record {}", key));
  IK_LET(record, from_json<T>(json, fmt::format("record {}", key)));
  kept.value = std::move(record);
  kept.revision = revision;
  return {};
}

template <typename Map, typename T = typename Map::mapped_type>
Result<void> set_in(Map& map,
                    const typename Map::key_type& name,
                    std::optional<std::string_view> value,
                    std::int64_t revision,
                    std::string_view key) {
  if (!value.has_value()) {
    map.erase(name);
    return {};
  }
  T kept;
  IK_TRY(set(kept, value, revision, key));
  map.insert_or_assign(name, std::move(kept));
  return {};
}

// Nobody names the instance any more.
void forget_if_gone(ClusterState& cluster, const std::string& id) {
  const auto found = cluster.instances.find(id);
  if (found == cluster.instances.end() || found->second.record.revision != 0) return;
  if (found->second.tasks == 0) cluster.instances.erase(found);
}

// Nobody names the service any more.
void forget_service_if_gone(ClusterState& cluster, const std::string& name) {
  const auto found = cluster.services.find(name);
  if (found == cluster.services.end()) return;
  const ServiceState& service = found->second;
  const bool has_records =
      service.record.revision != 0 || service.events.revision != 0 || service.history.revision != 0;
  if (!has_records && service.tasks.empty()) {
    cluster.services.erase(found);
  }
}

// Where the task stands among its service's, or would.
auto place_of(std::vector<TaskOfService>& tasks, const Kept<Task>& task) {
  return std::lower_bound(
      tasks.begin(), tasks.end(), task, [](const TaskOfService& each, const Kept<Task>& one) {
        return each.kept->value.id < one.value.id;
      });
}

void join_service(ClusterState& cluster, const Kept<Task>& task) {
  const std::optional<std::string> name = service_of_group(task.value.group);
  if (!name.has_value()) return;
  TaskOfService joining{.kept = &task};
  if (holds_resources(task.value)) {
    joining.instance = &cluster.instances.find(*task.value.container_instance)->second;
  }
  std::vector<TaskOfService>& tasks = cluster.services[*name].tasks;
  tasks.insert(place_of(tasks, task), joining);
}

void leave_service(ClusterState& cluster, const Kept<Task>& task) {
  const std::optional<std::string> name = service_of_group(task.value.group);
  if (!name.has_value()) return;
  std::vector<TaskOfService>& tasks = cluster.services[*name].tasks;
  tasks.erase(std::find_if(place_of(tasks, task), tasks.end(), [&](const TaskOfService& each) {
    return each.kept == &task;
  }));
  forget_service_if_gone(cluster, *name);
}

template <typename T>
Result<void> set_of_service(ClusterState& cluster,
                            Kept<T> ServiceState::*part,
                            const std::string& name,
                            std::optional<std::string_view> value,
                            std::int64_t revision,
                            std::string_view key) {
  Result<void> done = set(cluster.services[name].*part, value, revision, key);
  forget_service_if_gone(cluster, name);
  return done;
}

Result<void> set_events(ClusterState& cluster,
                        const std::string& name,
                        std::optional<std::string_view> value,
                        std::int64_t revision,
                        std::string_view key) {
  Kept<ServiceEvents>& events = cluster.services[name].events;
  Result<void> done = set(events, value, revision, key);
  if (done && value.has_value()) events.value.text = *value;
  forget_service_if_gone(cluster, name);
  return done;
}

// Its record, one of its images or a tag. Nobody names a repository any more that has none of them.
Result<void> set_of_repository(ScopeState& scope,
                               const RecordKey& name,
                               std::optional<std::string_view> value,
                               std::int64_t revision,
                               std::string_view key) {
  RepositoryState& repository = scope.repositories[name.first];
  Result<void> done;
  if (name.kind == RecordKind::kRepository) {
    done = set(repository.record, value, revision, key);
  } else if (name.kind == RecordKind::kImage) {
    done = set_in(repository.images, name.second, value, revision, key);
  } else {
    done = set_in(repository.tags, name.second, value, revision, key);
  }
  const bool is_gone =
      repository.record.revision == 0 && repository.images.empty() && repository.tags.empty();
  if (is_gone) scope.repositories.erase(name.first);
  return done;
}

void add_to(ByName<std::int32_t>& counts, std::string_view name, std::int32_t by) {
  const auto found = counts.try_emplace(std::string(name)).first;
  found->second += by;
  if (found->second == 0) counts.erase(found);
}

void count_open(ClusterState& cluster, const InstanceState& instance, std::int32_t by) {
  if (is_open(instance)) add_to(cluster.open_instances, instance.zone, by);
}

Result<void> set_instance(ClusterState& cluster,
                          const std::string& id,
                          std::optional<std::string_view> value,
                          std::int64_t revision,
                          std::string_view key) {
  InstanceState& instance = cluster.instances[id];
  count_open(cluster, instance, -1);
  Result<void> done = set(instance.record, value, revision, key);
  instance.zone = zone_of(instance.record.value);
  count_open(cluster, instance, 1);
  forget_if_gone(cluster, id);
  return done;
}

void count_groups(ScopeState& scope, const std::vector<ListenerAction>& actions, std::int32_t by) {
  for (const ListenerAction& action : actions) {
    for (const WeightedGroup& each : action.groups) {
      add_to(scope.groups_in_use, each.target_group, by);
    }
  }
}

// The groups that the balancer's listeners forward to, if it is there.
void count_groups_of(ScopeState& scope, const std::string& balancer, std::int32_t by) {
  const auto listeners = scope.listeners.find(balancer);
  if (listeners == scope.listeners.end() || !scope.balancers.contains(balancer)) return;
  for (const auto& [id, kept] : listeners->second) {
    count_groups(scope, kept.value.default_actions, by);
    for (const ListenerRule& rule : kept.value.rules) count_groups(scope, rule.actions, by);
  }
}

// The balancer, or one of its listeners.
Result<void> set_balancer(ScopeState& scope,
                          const RecordKey& name,
                          std::optional<std::string_view> value,
                          std::int64_t revision,
                          std::string_view key) {
  count_groups_of(scope, name.first, -1);
  Result<void> done = name.kind == RecordKind::kBalancer
                          ? set_in(scope.balancers, name.first, value, revision, key)
                          : set_in(scope.listeners[name.first], name.second, value, revision, key);
  count_groups_of(scope, name.first, 1);
  return done;
}

Result<void> set_task(ClusterState& cluster,
                      const std::string& id,
                      std::optional<std::string_view> value,
                      std::int64_t revision,
                      std::string_view key) {
  Kept<Task> kept;
  IK_TRY(set(kept, value, revision, key));
  std::optional<std::string> host;
  const auto old = cluster.tasks.find(id);
  if (old != cluster.tasks.end()) {
    account(cluster, old->second.value, false);
    leave_service(cluster, old->second);
    host = old->second.value.container_instance;
    if (!value.has_value()) cluster.tasks.erase(old);
  }
  if (value.has_value()) {
    Kept<Task>& task = cluster.tasks[id];
    task = std::move(kept);
    account(cluster, task.value, true);
    join_service(cluster, task);
  }
  if (host.has_value()) forget_if_gone(cluster, *host);
  return {};
}

}  // namespace

bool is_running(const Task& task) {
  return task.last_status >= TaskStatus::kActivating && task.last_status < TaskStatus::kStopped;
}

bool is_pending(const Task& task) { return task.last_status < TaskStatus::kActivating; }

bool is_open(const InstanceState& instance) {
  const ContainerInstance& record = instance.record.value;
  return instance.record.revision != 0 && record.status == "ACTIVE" && record.agent_connected;
}

const ServiceState* find_service(const ClusterState& cluster, std::string_view name) {
  const auto found = cluster.services.find(name);
  if (found == cluster.services.end() || found->second.record.revision == 0) return nullptr;
  return &found->second;
}

const ClusterState* ScopeState::find_cluster(std::string_view name) const {
  const auto found = clusters.find(name);
  if (found == clusters.end() || found->second.record.revision == 0) return nullptr;
  return &found->second;
}

const RepositoryState* ScopeState::find_repository(std::string_view name) const {
  const auto found = repositories.find(repository_record_name(name));
  if (found == repositories.end() || found->second.record.revision == 0) return nullptr;
  return &found->second;
}

const Kept<TaskDefinition>* ScopeState::find_definition(const TaskDefinitionName& name) const {
  const auto family = families.find(name.family);
  if (family == families.end()) return nullptr;
  const auto& revisions = family->second.revisions;
  if (name.revision.has_value()) {
    const auto found = revisions.find(*name.revision);
    return found == revisions.end() ? nullptr : &found->second;
  }
  const auto newest = std::find_if(revisions.rbegin(), revisions.rend(), [](const auto& entry) {
    return entry.second.value.status == "ACTIVE";
  });
  return newest == revisions.rend() ? nullptr : &newest->second;
}

Result<void> State::apply(std::string_view key,
                          std::optional<std::string_view> value,
                          std::int64_t revision) {
  const std::optional<RecordKey> name = parse_record_key(key);
  if (!name.has_value()) return {};
  ScopeState& scope = scopes_[fmt::format("{}/{}", name->scope.account, name->scope.region)];
  scope.scope = name->scope;
  switch (name->kind) {
    case RecordKind::kCluster:
      return set(scope.clusters[name->first].record, value, revision, key);
    case RecordKind::kInstance:
      return set_instance(scope.clusters[name->first], name->second, value, revision, key);
    case RecordKind::kFamily:
      return set(scope.families[name->first].record, value, revision, key);
    case RecordKind::kDefinition: {
      IK_LET(number, parse_unsigned(name->second, INT32_MAX).context("record {}", key));
      return set_in(scope.families[name->first].revisions,
                    static_cast<std::int32_t>(number),
                    value,
                    revision,
                    key);
    }
    case RecordKind::kTask:
      return set_task(scope.clusters[name->first], name->second, value, revision, key);
    case RecordKind::kToken:
      return set_in(scope.clusters[name->first].tokens, name->second, value, revision, key);
    case RecordKind::kService:
      return set_of_service(
          scope.clusters[name->first], &ServiceState::record, name->second, value, revision, key);
    case RecordKind::kServiceEvents:
      return set_events(scope.clusters[name->first], name->second, value, revision, key);
    case RecordKind::kServiceHistory:
      return set_of_service(
          scope.clusters[name->first], &ServiceState::history, name->second, value, revision, key);
    case RecordKind::kSetting:
      return set_in(scope.settings[name->first], name->second, value, revision, key);
    case RecordKind::kNode:
      return set_in(scope.nodes, name->first, value, revision, key);
    case RecordKind::kGrant:
      return set_in(scope.grants, name->first, value, revision, key);
    case RecordKind::kNetwork:
      return set(scope.network, value, revision, key);
    case RecordKind::kBalancer:
    case RecordKind::kListener:
      return set_balancer(scope, *name, value, revision, key);
    case RecordKind::kTargetGroup:
      return set_in(scope.target_groups, name->first, value, revision, key);
    case RecordKind::kListenerPort:
      return set_in(scope.listener_ports, name->first, value, revision, key);
    case RecordKind::kSecret:
      return set_in(scope.secrets, name->first, value, revision, key);
    case RecordKind::kCertificate:
      return set_in(scope.certificates, name->first, value, revision, key);
    case RecordKind::kLogGroup:
      return set_in(scope.log_groups, name->first, value, revision, key);
    case RecordKind::kRepository:
    case RecordKind::kImage:
    case RecordKind::kImageTag:
      return set_of_repository(scope, *name, value, revision, key);
  }
  return {};
}

const ScopeState& State::scope(const Scope& scope) const {
  static const ScopeState empty;
  std::string name = scope.account;
  name.append("/").append(scope.region);
  const auto found = scopes_.find(name);
  return found == scopes_.end() ? empty : found->second;
}

}  // namespace ikada
