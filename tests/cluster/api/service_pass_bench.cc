// How long one pass over all services of a cluster takes: 200 of them with 10 tasks each on 64
// instances, when nothing is to be done, without load balancers and with a target group each, and
// when a host with its tasks was lost. All services have told as many events as are kept. Prints
// the median and the 99th percentile of many passes. Run by tests/bench/run scale.
#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include <doctest/doctest.h>

#include "cluster/api/service_step.h"
#include "cluster/loadbalancing/group_targets.h"
#include "cluster/model/balancer_arn.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kServices = 200;
constexpr int kTasksEach = 10;
constexpr int kInstances = 64;
constexpr int kPasses = 300;
constexpr int kMostSteps = 10'000;
constexpr const char* kId = "00000000000000aa";

struct PassBench : ActionBench {
  explicit PassBench(bool is_balanced) {
    call("CreateCluster", "{}");
    if (is_balanced) put(balancer_key(scope, "lb"), LoadBalancer{.name = "lb", .id = kId});
    for (int number = 0; number < kInstances; ++number) {
      call("RegisterContainerInstance",
           "{'totalResources': [{'name': 'CPU', 'type': 'INTEGER', 'integerValue': 65536}, "
           "{'name': 'MEMORY', 'type': 'INTEGER', 'integerValue': 131072}]}");
    }
    call("RegisterTaskDefinition",
         "{'family': 'web', 'networkMode': 'bridge', 'containerDefinitions': [{'name': 'app', "
         "'image': 'busybox', 'memory': 64, 'portMappings': [{'containerPort': 80}]}]}");
    for (int number = 0; number < kServices; ++number) {
      call("CreateService",
           fmt::format("{{'serviceName': 's{}', 'taskDefinition': 'web', 'desiredCount': {}{}}}",
                       number,
                       kTasksEach,
                       is_balanced ? balancer_of(number) : ""));
    }
  }

  template <typename T>
  void put(const std::string& key, const T& record) {
    REQUIRE(state.apply(key, to_text(record), state.revision() + 1));
    state.set_revision(state.revision() + 1);
  }

  // A group with a listener, and what makes a service's tasks its targets.
  std::string balancer_of(int number) {
    const TargetGroup group{.name = fmt::format("g{}", number), .id = kId};
    Listener listener{.balancer = "lb", .id = fmt::format("{:016}", number), .port = number + 1};
    listener.default_actions.push_back(
        {.type = "forward", .groups = {{.target_group = group.name}}});
    put(target_group_key(scope, group.name), group);
    put(listener_key(scope, "lb", listener.id), listener);
    return fmt::format(
        ", 'loadBalancers': [{{'targetGroupArn': '{}', 'containerName': 'app', 'containerPort': "
        "80}}]",
        target_group_arn(scope, group));
  }

  // Two hosts have balancers and find all targets healthy.
  void see_targets() {
    TargetObservations all;
    for (const auto& [id, kept] : cluster().tasks) {
      if (!kept.value.targets.has_value()) continue;
      const std::string arn = kept.value.targets->load_balancers.front().target_group_arn;
      const TargetGroup& group = find_target_group(state.scope(scope), arn)->value;
      all[planned_group_name(group)][planned_target_id(kept.value, 80)].state =
          TargetState::kHealthy;
    }
    seen = put_together({.hosts = {all, all}, .has_all = true});
  }

  void tell_much() {
    const std::string text(100, 'x');
    for (int number = 0; number < kServices; ++number) {
      const std::string name = fmt::format("s{}", number);
      ServiceEvents events = find_service(cluster(), name)->events.value;
      events.events.resize(kMaxServiceEvents, {.id = text, .created_at = now, .message = text});
      put(service_events_key(scope, "default", name), events);
    }
  }

  ApiCall own_call() {
    ApiCall call = ActionBench::own_call();
    call.seen = &seen;
    return call;
  }

  const ClusterState& cluster() const { return *state.scope(scope).find_cluster("default"); }

  // How many services have something to do; each is looked at once.
  size_t pass(std::vector<ServiceStep>& steps) {
    const ApiCall call = own_call();
    size_t busy = 0;
    for (const auto& [name, service] : cluster().services) {
      steps.push_back(plan_service_step(call, state, "default", name));
      if (!steps.back().proposal.changes.empty()) ++busy;
    }
    return busy;
  }

  // Tasks become `status`; without an instance all that are to run.
  void set_tasks(const std::string& instance, TaskStatus status) {
    std::vector<std::pair<std::string, std::string>> changed;
    for (const auto& [id, kept] : cluster().tasks) {
      Task task = kept.value;
      if (task.last_status == TaskStatus::kStopped || task.last_status == status) continue;
      if (!instance.empty() && task.container_instance != instance) continue;
      task.last_status = status;
      if (status == TaskStatus::kStopped) task.desired_status = "STOPPED";
      if (status == TaskStatus::kRunning) task.started_at = now;
      ++task.version;
      changed.emplace_back(task_key(scope, "default", id), to_json(task).dump());
    }
    for (const auto& [key, value] : changed) {
      REQUIRE(state.apply(key, value, state.revision() + 1));
      placer.note_change(key);
    }
    state.set_revision(state.revision() + 1);
  }

  // Until no service has anything to do.
  void settle() {
    for (int count = 0; count < kMostSteps; ++count) {
      now = {now.milliseconds + 60'000};
      bool has_changed = false;
      for (int number = 0; number < kServices; ++number) {
        ServiceStep step =
            plan_service_step(own_call(), state, "default", fmt::format("s{}", number));
        if (step.proposal.changes.empty()) continue;
        has_changed = make(step.proposal);
        if (step.proposal.settled) step.proposal.settled(has_changed);
      }
      if (!has_changed) return tell_much();
      set_tasks("", TaskStatus::kRunning);
      see_targets();
    }
    FAIL("the services do not come to rest");
  }

  SeenTargets seen = {};
};

void show(const char* title, std::vector<double>& times_ms) {
  std::ranges::sort(times_ms);
  const auto at = [&](double part) {
    return times_ms[static_cast<size_t>(part * static_cast<double>(times_ms.size() - 1))];
  };
  ::printf("  %-52s%8.2f%8.2f\n", title, at(0.5), at(0.99));
}

double measure(PassBench& bench, size_t busy) {
  std::vector<ServiceStep> steps;
  steps.reserve(kServices);
  const Clock::time_point start = Clock::now();
  const size_t found = bench.pass(steps);
  const double took = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  CHECK(found == busy);
  for (ServiceStep& step : steps) {
    if (step.proposal.settled) step.proposal.settled(false);
  }
  return took;
}

}  // namespace

TEST_CASE("one pass over all services") {
  PassBench bench(false);
  bench.settle();
  REQUIRE(bench.cluster().running_tasks == kServices * kTasksEach);
  PassBench balanced(true);
  balanced.settle();
  REQUIRE(balanced.cluster().running_tasks == kServices * kTasksEach);
  ::printf("\none pass over %d services of %d tasks each, ms%20s%8s\n",
           kServices,
           kTasksEach,
           "median",
           "p99");

  std::vector<double> idle;
  for (int count = 0; count < kPasses; ++count) idle.push_back(measure(bench, 0));
  show("nothing is to be done", idle);
  std::vector<double> healthy;
  for (int count = 0; count < kPasses; ++count) healthy.push_back(measure(balanced, 0));
  show("nothing is to be done, all are healthy targets", healthy);

  const std::string lost = bench.cluster().instances.begin()->first;
  bench.set_tasks(lost, TaskStatus::kStopped);
  std::vector<ServiceStep> steps;
  const size_t busy = bench.pass(steps);
  for (ServiceStep& step : steps) {
    if (step.proposal.settled) step.proposal.settled(false);
  }
  CHECK(busy > 0);
  std::vector<double> replacing;
  for (int count = 0; count < kPasses; ++count) replacing.push_back(measure(bench, busy));
  show("an instance with its tasks was lost", replacing);
}

}  // namespace ikada
