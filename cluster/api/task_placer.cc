#include "cluster/api/task_placer.h"

#include <algorithm>
#include <utility>

#include "cluster/model/ecs_error.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr size_t kMaxFailures = 100;
constexpr UnixNanos kNanosPerMillisecond = 1'000'000;
constexpr std::uint64_t kHighestPort = 65'535;

std::uint32_t amount(std::int64_t value) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(value, 0, scheduler::Resources::kMaxAmount));
}

void add_ports(std::vector<scheduler::HostPort>& ports,
               const std::vector<std::string>& texts,
               scheduler::Protocol protocol) {
  for (const std::string& text : texts) {
    const Result<std::uint64_t> port = parse_unsigned(text, kHighestPort);
    if (!port.has_value()) continue;
    ports.push_back({.protocol = protocol, .port = static_cast<std::uint16_t>(*port)});
  }
}

scheduler::HostStatus host_status(const std::string& status) {
  if (status == "ACTIVE") return scheduler::HostStatus::kActive;
  if (status == "DRAINING") return scheduler::HostStatus::kDraining;
  return scheduler::HostStatus::kInactive;
}

scheduler::Host make_host(const ContainerInstance& instance) {
  scheduler::Host host;
  const Amounts registered = registered_amounts(instance);
  host.id = instance.id;
  host.total.cpu = amount(registered.cpu_units);
  host.total.memory_mib = amount(registered.memory_mib);
  host.total.gpu = amount(registered.gpus);
  add_ports(host.reserved_ports, registered.tcp_ports, scheduler::Protocol::kTcp);
  add_ports(host.reserved_ports, registered.udp_ports, scheduler::Protocol::kUdp);
  for (const Attribute& each : instance.attributes) {
    host.attributes[each.name] = each.value.value_or("");
  }
  host.status = host_status(instance.status);
  host.agent_connected = instance.agent_connected;
  host.agent_version = instance.version_info.agent_version.value_or("");
  host.ec2_instance_id = instance.ec2_instance_id.value_or("");
  host.registered_at =
      instance.registered_at.value_or(Timestamp{}).milliseconds * kNanosPerMillisecond;
  return host;
}

scheduler::TaskShape make_shape(const Reservation& reservation) {
  scheduler::TaskShape shape;
  shape.resources.cpu = amount(reservation.cpu_units);
  shape.resources.memory_mib = amount(reservation.memory_mib);
  shape.resources.gpu = amount(reservation.gpus);
  for (const std::int32_t port : reservation.tcp_ports) {
    shape.ports.push_back(
        {.protocol = scheduler::Protocol::kTcp, .port = static_cast<std::uint16_t>(port)});
  }
  for (const std::int32_t port : reservation.udp_ports) {
    shape.ports.push_back(
        {.protocol = scheduler::Protocol::kUdp, .port = static_cast<std::uint16_t>(port)});
  }
  return shape;
}

// Whether it has come: its tasks are to be told as well, then.
bool refresh_instance(scheduler::ClusterView& hosts,
                      const ClusterState& cluster,
                      const std::string& id) {
  const auto found = cluster.instances.find(id);
  if (found == cluster.instances.end() || found->second.record.revision == 0) {
    hosts.remove_host(id);
    return false;
  }
  const bool is_new = hosts.state().hosts.find(id) == scheduler::kNoHost;
  // Amounts are within the scheduler's limits already, so there is nothing to fail.
  static_cast<void>(hosts.put_host(make_host(found->second.record.value)));
  return is_new;
}

void insert_tasks_on(const ClusterState& cluster,
                     const std::string& instance,
                     std::set<std::string>& tasks) {
  const auto found = cluster.instances.find(instance);
  if (found == cluster.instances.end() || found->second.tasks == 0) return;
  for (const auto& [id, task] : cluster.tasks) {
    if (task.value.container_instance == instance) tasks.insert(id);
  }
}

void refresh_task(scheduler::ClusterView& hosts,
                  const ClusterState& cluster,
                  const std::string& id) {
  const Result<scheduler::TaskId> parsed = scheduler::TaskId::parse(id);
  if (!parsed.has_value()) return;
  const auto found = cluster.tasks.find(id);
  const bool is_there = found != cluster.tasks.end() &&
                        found->second.value.container_instance.has_value() &&
                        found->second.value.last_status != TaskStatus::kStopped;
  if (!is_there) {
    hosts.remove_task(*parsed);
    return;
  }
  const Task& task = found->second.value;
  // A task of an instance that is gone takes nothing.
  static_cast<void>(
      hosts.add_task(*parsed, *task.container_instance, make_shape(task.reservation), task.group));
}

Result<std::vector<scheduler::TaskId>> parse_ids(std::span<const std::string> tasks) {
  std::vector<scheduler::TaskId> ids;
  ids.reserve(tasks.size());
  for (const std::string& task : tasks) {
    IK_LET(id, scheduler::TaskId::parse(task));
    ids.push_back(id);
  }
  return ids;
}

Json show_failure(const scheduler::Failure& failure,
                  const Scope& scope,
                  const std::string& cluster) {
  Json json = {{"arn", container_instance_arn(scope, cluster, failure.host)},
               {"reason", failure.reason}};
  if (!failure.detail.empty()) json["detail"] = failure.detail;
  return json;
}

// The scheduler's own checks are of what a client has sent.
template <typename T>
Result<T> as_parameter(Result<T> result) {
  if (!result.has_value() && result.error().code.empty()) {
    return invalid_parameter("{}", result.error().message);
  }
  return result;
}

}  // namespace

void TaskPlacer::note_change(std::string_view key) {
  if (key.empty()) {
    for (auto& [cluster, view] : views_) {
      auto anew = std::make_unique<View>();
      anew->held = std::move(view->held);
      view = std::move(anew);
    }
    return;
  }
  const std::optional<RecordKey> name = parse_record_key(key);
  if (!name.has_value()) return;
  const auto found = views_.find(cluster_key(name->scope, name->first));
  if (found == views_.end()) return;
  if (name->kind == RecordKind::kInstance) found->second->changed_instances.insert(name->second);
  if (name->kind != RecordKind::kTask) return;
  found->second->changed_tasks.insert(name->second);
  found->second->held.erase(name->second);
}

TaskPlacer::View& TaskPlacer::view_of(const State& state,
                                      const Scope& scope,
                                      const std::string& cluster) {
  static const ClusterState nothing;
  const ClusterState* found = state.scope(scope).find_cluster(cluster);
  const ClusterState& known = found == nullptr ? nothing : *found;
  std::unique_ptr<View>& view = views_[cluster_key(scope, cluster)];
  if (view == nullptr) view = std::make_unique<View>();
  const bool is_new = std::exchange(view->is_new, false);
  if (is_new) {
    for (const auto& [id, instance] : known.instances) view->changed_instances.insert(id);
    for (const auto& [id, task] : known.tasks) view->changed_tasks.insert(id);
  }
  bool has_new_instances = false;
  for (const std::string& id : view->changed_instances) {
    if (!refresh_instance(view->hosts, known, id)) continue;
    has_new_instances = true;
    // An instance that went and is back has the tasks that have not ended.
    if (!is_new) insert_tasks_on(known, id, view->changed_tasks);
  }
  for (const std::string& id : view->changed_tasks) refresh_task(view->hosts, known, id);
  view->changed_instances.clear();
  view->changed_tasks.clear();
  if (is_new) {
    std::erase_if(view->held, [&](const auto& each) { return known.tasks.contains(each.first); });
  }
  if (!has_new_instances) return *view;
  for (const auto& [task, held] : view->held) {
    const Result<scheduler::TaskId> id = scheduler::TaskId::parse(task);
    if (!id.has_value()) continue;
    static_cast<void>(view->hosts.add_task(*id, held.instance, held.shape, held.group));
  }
  return *view;
}

Result<std::vector<std::string>> TaskPlacer::place(const State& state,
                                                   const Scope& scope,
                                                   const std::string& cluster,
                                                   const scheduler::Request& request,
                                                   std::span<const std::string> tasks) {
  View& view = view_of(state, scope, cluster);
  IK_LET(ids, parse_ids(tasks));
  IK_LET(slots, as_parameter(view.hosts.place(request, ids, prng_)));
  std::vector<std::string> instances;
  instances.reserve(slots.size());
  for (const scheduler::HostSlot slot : slots) {
    const std::string& task = tasks[instances.size()];
    instances.push_back(view.hosts.host_id(slot));
    view.held[task] = {
        .instance = instances.back(), .shape = request.shape, .group = request.group};
  }
  return instances;
}

Result<Json> TaskPlacer::start(const State& state,
                               const Scope& scope,
                               const std::string& cluster,
                               const scheduler::Request& request,
                               const std::string& task,
                               const std::string& instance) {
  View& view = view_of(state, scope, cluster);
  IK_LET(id, scheduler::TaskId::parse(task));
  IK_LET(obstacle, as_parameter(view.hosts.start(request, id, instance)));
  if (obstacle == scheduler::Obstacle::kNone) {
    view.held[task] = {.instance = instance, .shape = request.shape, .group = request.group};
    return Json();
  }
  const scheduler::ClusterState& known = view.hosts.state();
  return show_failure(
      scheduler::failure(known, known.hosts.find(instance), request, obstacle), scope, cluster);
}

Json TaskPlacer::failures(const State& state,
                          const Scope& scope,
                          const std::string& cluster,
                          const scheduler::Request& request) {
  Json json = Json::array();
  const View& view = view_of(state, scope, cluster);
  for (const auto& each : scheduler::failures(view.hosts.state(), request, kMaxFailures)) {
    json.push_back(show_failure(each, scope, cluster));
  }
  return json;
}

std::vector<scheduler::HostVerdict> TaskPlacer::verdicts(const State& state,
                                                         const Scope& scope,
                                                         const std::string& cluster,
                                                         const scheduler::Request& request) {
  return scheduler::explain(view_of(state, scope, cluster).hosts.state(), request);
}

Json TaskPlacer::explain(const State& state,
                         const Scope& scope,
                         const std::string& cluster,
                         const scheduler::Request& request) {
  Json json = Json::array();
  for (const scheduler::HostVerdict& each : verdicts(state, scope, cluster, request)) {
    Json objections = Json::array();
    for (const scheduler::Objection& objection : each.objections) {
      Json shown = {{"reason", scheduler::failure_reason(objection.obstacle)}};
      if (!objection.detail.empty()) shown["detail"] = objection.detail;
      objections.push_back(std::move(shown));
    }
    json.push_back({{"containerInstanceArn", container_instance_arn(scope, cluster, each.host)},
                    {"objections", std::move(objections)}});
  }
  return json;
}

void TaskPlacer::take_back(const Scope& scope,
                           const std::string& cluster,
                           std::span<const std::string> tasks) {
  const auto found = views_.find(cluster_key(scope, cluster));
  if (found == views_.end()) return;
  // Looked at anew, should one of them be there after all.
  for (const std::string& task : tasks) {
    found->second->changed_tasks.insert(task);
    found->second->held.erase(task);
  }
}

Result<scheduler::Request> placement_request(const Launch& launch,
                                             const std::vector<PlacementConstraint>& constraints,
                                             const std::vector<PlacementStrategy>& strategies) {
  scheduler::Request request;
  request.shape = make_shape(launch.pattern.reservation);
  request.group = launch.pattern.group;
  for (const Attribute& each : launch.definition.requires_attributes) {
    request.required_attributes.push_back({.name = each.name, .value = each.value});
  }
  for (const auto* list : {&launch.definition.placement_constraints, &constraints}) {
    for (const PlacementConstraint& each : *list) {
      const Result<void> added =
          scheduler::add_constraint(request, each.type, each.expression.value_or(""));
      if (!added.has_value()) return invalid_parameter("{}", added.error().message);
    }
  }
  for (const PlacementStrategy& each : strategies) {
    const auto strategy = scheduler::parse_strategy(each.type, each.field);
    if (!strategy.has_value()) return invalid_parameter("{}", strategy.error().message);
    request.strategies.push_back(*strategy);
  }
  const Result<void> checked = scheduler::check_request(request);
  if (!checked.has_value()) return invalid_parameter("{}", checked.error().message);
  return request;
}

}  // namespace ikada
