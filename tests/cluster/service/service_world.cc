#include "tests/cluster/service/service_world.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "cluster/model/task_stop.h"
#include "cluster/service/deployment_history.h"

namespace ikada::service {
namespace {

constexpr int kHosts = 3;
constexpr int kQuietSeconds = 60;

Deployment make_deployment(int number, std::int32_t desired_count, Timestamp now) {
  Deployment deployment;
  deployment.id = fmt::format("ecs-svc/{:019}", number);
  deployment.family = "web";
  deployment.revision = number;
  deployment.desired_count = desired_count;
  deployment.created_at = now;
  return deployment;
}

}  // namespace

ServiceWorld::ServiceWorld(std::int32_t desired_count) {
  service.name = "web";
  service.desired_count = desired_count;
  deploy();
}

ServiceView ServiceWorld::view() const {
  ServiceView view{
      .service = &service, .tagged = tagged, .hosts = hosts, .balance = balance, .now = now};
  for (const Task& each : tasks) {
    view.tasks.push_back(
        {.task = &each,
         .has_health_check = has_health_check,
         .is_on_draining_host = draining.count(each.container_instance.value_or("")) != 0,
         .is_last_on_host = emptied.count(each.container_instance.value_or("")) != 0,
         .targets = targets_of(each)});
  }
  return view;
}

TargetsView ServiceWorld::targets_of(const Task& task) const {
  TargetsView targets;
  if (!has_targets || !task.targets.has_value()) return targets;
  targets.has_groups = true;
  const auto found = seen.find(task.id);
  targets.state = found == seen.end() ? seen_of_others : found->second;
  if (targets.state == TargetsView::State::kUnhealthy) {
    targets.unhealthy.push_back(
        {.port = 8080, .target_group_arn = "arn:tg", .reason = "Request timed out"});
  }
  const std::optional<Timestamp>& since = task.targets->deregistered_at;
  if (since.has_value()) targets.drained_at = *since + drain_time;
  return targets;
}

Decision ServiceWorld::step() {
  Decision decision = reconcile(view());
  for (Task& each : tasks) {
    const auto targets = decision.targets.find(each.id);
    if (targets != decision.targets.end()) each.targets = targets->second;
  }
  for (const Stop& each : decision.stops) {
    Task& task = const_cast<Task&>(*each.task);
    ask_to_stop(task, "ServiceSchedulerInitiated", each.reason, StopOrder::kDrainFirst, now);
  }
  if (decision.changed.has_value()) service = *decision.changed;
  if (const auto followed = follow_history(history, service, view())) history = *followed;
  for (std::int32_t i = 0; i < decision.starts; ++i) add(primary(), TaskStatus::kPending);
  for (const std::string& host : decision.starts_on) {
    add(primary(), TaskStatus::kPending).container_instance = host;
  }
  int healthy = 0;
  int live_count = 0;
  const ServiceView after = view();
  for (const ServiceTask& each : after.tasks) {
    healthy += is_healthy(each, after) ? 1 : 0;
    live_count += is_live(each) ? 1 : 0;
  }
  fewest_healthy = std::min(fewest_healthy, healthy);
  most_live = std::max(most_live, live_count);
  return decision;
}

void ServiceWorld::obey() {
  for (Task& each : tasks) {
    if (each.last_status == TaskStatus::kStopped || is_draining(each)) continue;
    if (each.desired_status == "STOPPED") {
      each.last_status = TaskStatus::kStopped;
      each.stopped_at = now;
    } else if (each.last_status == TaskStatus::kPending && !can_start) {
      fail(each, "TaskFailedToStart");
    } else if (each.last_status == TaskStatus::kPending) {
      each.last_status = TaskStatus::kRunning;
      each.started_at = now;
      if (has_health_check) each.health_status = "HEALTHY";
    }
  }
}

void ServiceWorld::settle(int limit) {
  int quiet = 0;
  for (int i = 0; i < limit && quiet < kQuietSeconds; ++i) {
    const Decision decision = step();
    const bool did_nothing = !decision.changed.has_value() && decision.stops.empty() &&
                             decision.starts == 0 && decision.starts_on.empty() &&
                             decision.targets.empty();
    quiet = did_nothing ? quiet + 1 : 0;
    obey();
    pass(std::chrono::seconds(1));
  }
  CHECK(quiet == kQuietSeconds);
}

void ServiceWorld::deploy() {
  for (Deployment& each : service.deployments) {
    each.status = "ACTIVE";
    each.desired_count = 0;
  }
  service.deployments.insert(service.deployments.begin(),
                             make_deployment(++next, service.desired_count, now));
}

void ServiceWorld::scale(std::int32_t desired_count) {
  service.desired_count = desired_count;
  primary_of(service)->desired_count = desired_count;
}

Task& ServiceWorld::add(const Deployment& deployment, TaskStatus status) {
  Task task{.cluster = "default", .id = fmt::format("{:032x}", ++next), .family = "web"};
  task.revision = deployment.revision;
  task.started_by = deployment.id;
  task.container_instance = fmt::format("host-{}", next % kHosts);
  task.availability_zone = "a";
  task.last_status = status;
  task.created_at = now;
  if (has_targets) {
    task.targets = TaskTargets{.load_balancers = {{.target_group_arn = "arn:tg"}}};
  }
  if (status >= TaskStatus::kRunning) task.started_at = now;
  return tasks.emplace_back(std::move(task));
}

void ServiceWorld::fail(Task& task, const char* code) {
  task.last_status = TaskStatus::kStopped;
  task.desired_status = "STOPPED";
  task.stop_code = code;
  task.stopped_at = now;
}

int ServiceWorld::live(const std::string& deployment) const {
  return static_cast<int>(std::count_if(tasks.begin(), tasks.end(), [&](const Task& each) {
    return each.started_by == deployment && is_live({.task = &each});
  }));
}

}  // namespace ikada::service
