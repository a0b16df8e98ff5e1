#include "cluster/api/service_step.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "cluster/api/service_events.h"
#include "cluster/api/service_history.h"
#include "cluster/api/service_request.h"
#include "cluster/api/service_view.h"
#include "cluster/api/task_placer.h"
#include "cluster/model/task_stop.h"
#include "cluster/service/rebalance.h"
#include "cluster/service/reconcile.h"
#include "cluster/service/rollout.h"

namespace ikada {
namespace {

// With its record, its events and its guards a step stays within one transaction.
constexpr size_t kMaxStarts = 40;
constexpr size_t kServiceTaskIdBytes = 16;
constexpr std::chrono::seconds kPlaceAgainAfter{10};

using service::operator+;

class ServicePlan {
 public:
  ServicePlan(const ApiCall& call,
              const State& state,
              const ClusterState& cluster,
              const ServiceState& kept)
      : call_(call), state_(state), cluster_(cluster), kept_(kept) {}

  ServiceStep make() {
    service::ServiceView view = view_of_service(state_.scope(call_.scope), cluster_, kept_, call_);
    if (is_daemon(kept_.record.value)) {
      find_hosts(view);
    } else if (service::may_rebalance(kept_.record.value, call_.now)) {
      find_room(view);
    }
    service::Decision decision = service::reconcile(view);
    step_.look_again = decision.look_again;
    const Service& before = kept_.record.value;
    const Service& service = decision.changed.has_value() ? *decision.changed : before;
    news_.messages = std::move(decision.events);
    news_.repeated = std::move(decision.repeated_events);
    news_.is_steady = decision.is_steady;
    propose_task_changes(decision);
    if (decision.starts > 0 || !decision.starts_on.empty()) start(service, decision);
    propose_events(step_.proposal, call_, kept_, news_);
    if (news_.is_steady) look_again_at(steady_again_at(kept_, call_.now));
    propose_history(
        step_.proposal, call_, kept_.history.value, kept_.history.revision, service, view);
    if (step_.proposal.changes.empty() && !decision.changed.has_value()) return std::move(step_);
    const std::string key = service_key(call_.scope, before.cluster, before.name);
    if (decision.changed.has_value()) {
      step_.proposal.put(key, service, kept_.record.revision);
    } else {
      step_.proposal.guard(key, kept_.record.revision);
    }
    return std::move(step_);
  }

 private:
  // A task that is to stop may have changed as a target in the same step.
  void propose_task_changes(const service::Decision& decision) {
    std::map<std::string, Task> changed;
    for (const auto& [id, targets] : decision.targets) {
      Task& task = changed.emplace(id, cluster_.tasks.find(id)->second.value).first->second;
      task.targets = targets;
      ++task.version;
    }
    for (const service::Stop& each : decision.stops) {
      Task& task = changed.emplace(each.task->id, *each.task).first->second;
      ask_to_stop(
          task, "ServiceSchedulerInitiated", each.reason, StopOrder::kDrainFirst, call_.now);
    }
    for (const auto& [id, task] : changed) {
      step_.proposal.put(
          task_key(call_.scope, task.cluster, id), task, cluster_.tasks.find(id)->second.revision);
    }
  }

  void start(const Service& service, const service::Decision& decision) {
    const Result<void> started = try_start(service, decision);
    if (started.has_value()) return;
    news_.repeated.push_back(fmt::format("{} was unable to place a task. Reason: {}",
                                         service::event_subject(service),
                                         started.error().message));
    look_again_at(call_.now + kPlaceAgainAfter);
  }

  // Where a daemon service is to run: on every ACTIVE instance that it may run on. A host that is
  // not connected gets none, and keeps the one it has.
  void find_hosts(service::ServiceView& view) {
    std::set<std::string> present;
    for (const service::ServiceTask& each : view.tasks) {
      if (is_live(each)) present.insert(each.task->container_instance.value_or(""));
    }
    const Service& service = kept_.record.value;
    const Deployment* primary = primary_of(service);
    if (primary == nullptr) return;
    const Result<Launch> launch = prepare_service_launch(call_, state_, service, *primary);
    const Result<scheduler::Request> request =
        launch.has_value() ? service_placement(*launch, service) : launch.error();
    if (!request.has_value()) {
      view.hosts = present;
      return;
    }
    for (const scheduler::HostVerdict& each :
         call_.placer->verdicts(state_, call_.scope, service.cluster, *request)) {
      const auto instance = cluster_.instances.find(each.host);
      const bool is_active =
          instance != cluster_.instances.end() && instance->second.record.value.status == "ACTIVE";
      const bool may_run = std::all_of(
          each.objections.begin(),
          each.objections.end(),
          [&](const scheduler::Objection& objection) {
            const std::string_view reason = scheduler::failure_reason(objection.obstacle);
            return reason.starts_with("RESOURCE:") ||
                   (reason == "AGENT" && present.count(each.host) != 0);
          });
      if (is_active && may_run) view.hosts.insert(each.host);
    }
  }

  // How the service's tasks sit, found without a look at instances that have none of them.
  service::ZoneLoads zone_loads() const {
    std::vector<const InstanceState*> places;  // One of each task.
    places.reserve(kept_.tasks.size());
    for (const TaskOfService& each : kept_.tasks) {
      const bool is_there = each.instance != nullptr && is_open(*each.instance) &&
                            each.kept->value.desired_status == "RUNNING";
      if (is_there) places.push_back(each.instance);
    }
    std::ranges::sort(places, std::less<>());
    service::ZoneLoads zones;
    for (const auto& [zone, count] : cluster_.open_instances) zones[zone].hosts = count;
    for (auto place = places.begin(); place != places.end();) {
      const auto next = std::upper_bound(place, places.end(), *place, std::less<>());
      zones[(*place)->zone].tasks.push_back(static_cast<std::int32_t>(next - place));
      place = next;
    }
    return zones;
  }

  // Which hosts the service's tasks may be spread over, and on which there is room for one more.
  void find_room(service::ServiceView& view) {
    const Service& service = kept_.record.value;
    const bool is_uneven = service::is_uneven(zone_loads());
    if (!is_uneven && !service.rebalancing.has_value()) return;
    if (!service::is_steady(service, view)) return;
    for (const auto& [id, instance] : cluster_.instances) {
      if (is_open(instance)) view.balance[id].zone = instance.zone;
    }
    if (!is_uneven) return;
    const Result<Launch> launch =
        prepare_service_launch(call_, state_, service, *primary_of(service));
    const Result<scheduler::Request> request =
        launch.has_value() ? service_placement(*launch, service) : launch.error();
    if (!request.has_value()) return view.balance.clear();
    for (const scheduler::HostVerdict& each :
         call_.placer->verdicts(state_, call_.scope, service.cluster, *request)) {
      const auto host = view.balance.find(each.host);
      if (host == view.balance.end()) continue;
      host->second.has_room = each.objections.empty();
      const bool is_allowed = std::all_of(
          each.objections.begin(), each.objections.end(), [](const scheduler::Objection& one) {
            return scheduler::failure_reason(one.obstacle).starts_with("RESOURCE:");
          });
      if (!is_allowed) view.balance.erase(host);
    }
  }

  // The instances for the ids, which become as many as there are.
  Result<std::vector<std::string>> place(const Service& service,
                                         const service::Decision& decision,
                                         const scheduler::Request& request,
                                         std::vector<std::string>& ids) {
    if (decision.starts_on.empty()) {
      return call_.placer->place(state_, call_.scope, service.cluster, request, ids);
    }
    std::vector<std::string> placed;
    std::vector<std::string> instances;
    Json failures = Json::array();
    for (const std::string& host : decision.starts_on) {
      if (placed.size() == ids.size()) break;
      const std::string& id = ids[placed.size()];
      Result<Json> failure =
          call_.placer->start(state_, call_.scope, service.cluster, request, id, host);
      if (!failure.has_value()) {
        call_.placer->take_back(call_.scope, service.cluster, placed);
        return std::move(failure.error());
      }
      if (failure->is_null()) {
        placed.push_back(id);
        instances.push_back(host);
      } else {
        failures.push_back(std::move(*failure));
      }
    }
    if (!failures.empty()) tell_unplaced(service, failures);
    ids = std::move(placed);
    return instances;
  }

  void tell_unplaced(const Service& service, const Json& failures) {
    news_.repeated.push_back(unplaced_event(service, failures));
    look_again_at(call_.now + kPlaceAgainAfter);
  }

  void look_again_at(Timestamp at) {
    step_.look_again = std::min(step_.look_again.value_or(at), at);
  }

  Result<void> try_start(const Service& service, const service::Decision& decision) {
    IK_LET(launch, prepare_service_launch(call_, state_, service, *primary_of(service)));
    IK_LET(request, service_placement(launch, service));
    const size_t wanted = decision.starts_on.empty() ? static_cast<size_t>(decision.starts)
                                                     : decision.starts_on.size();
    std::vector<std::string> ids;
    for (size_t i = 0; i < std::min(wanted, kMaxStarts); ++i) {
      ids.push_back(call_.random_hex(kServiceTaskIdBytes));
    }
    if (wanted > kMaxStarts) step_.look_again = call_.now;
    IK_LET(instances, place(service, decision, request, ids));
    if (instances.size() < ids.size() && decision.starts_on.empty()) {
      tell_unplaced(service, call_.placer->failures(state_, call_.scope, service.cluster, request));
    }
    ids.resize(instances.size());
    if (ids.empty()) return {};
    guard_launch(step_.proposal, call_, launch, instances);
    for (size_t i = 0; i < ids.size(); ++i) {
      const InstanceState& instance = cluster_.instances.find(instances[i])->second;
      step_.proposal.put(task_key(call_.scope, service.cluster, ids[i]),
                         make_launched_task(call_, launch, ids[i], instance.record.value),
                         0);
    }
    step_.proposal.settled =
        [placer = call_.placer, scope = call_.scope, cluster = service.cluster, ids](bool made) {
          if (!made) placer->take_back(scope, cluster, ids);
        };
    news_.messages.push_back(started_event(service, ids, decision.replaced_unhealthy));
    return {};
  }

  const ApiCall& call_;
  const State& state_;
  const ClusterState& cluster_;
  const ServiceState& kept_;
  ServiceStep step_;
  News news_;
};

}  // namespace

ServiceStep plan_service_step(const ApiCall& call,
                              const State& state,
                              const std::string& cluster,
                              const std::string& name) {
  const ClusterState* in = state.scope(call.scope).find_cluster(cluster);
  const ServiceState* kept = in == nullptr ? nullptr : find_service(*in, name);
  if (kept == nullptr) return {};
  return ServicePlan(call, state, *in, *kept).make();
}

}  // namespace ikada
