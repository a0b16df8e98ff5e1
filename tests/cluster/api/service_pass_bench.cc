// How long one pass over all services of a cluster takes: 200 of them with 10 tasks each on 64
// instances, when nothing is to be done, and when a host with its tasks was lost. Prints the median
// and the 99th percentile of many passes. Run by tests/bench/run scale.
#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include <doctest/doctest.h>

#include "cluster/api/service_step.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kServices = 200;
constexpr int kTasksEach = 10;
constexpr int kInstances = 64;
constexpr int kPasses = 300;
constexpr int kMostSteps = 10'000;

struct PassBench : ActionBench {
  PassBench() {
    call("CreateCluster", "{}");
    for (int number = 0; number < kInstances; ++number) {
      call("RegisterContainerInstance",
           "{'totalResources': [{'name': 'CPU', 'type': 'INTEGER', 'integerValue': 65536}, "
           "{'name': 'MEMORY', 'type': 'INTEGER', 'integerValue': 131072}]}");
    }
    call("RegisterTaskDefinition",
         "{'family': 'web', 'networkMode': 'none', 'containerDefinitions': [{'name': 'app', "
         "'image': 'busybox', 'memory': 64}]}");
    for (int number = 0; number < kServices; ++number) {
      call("CreateService",
           fmt::format("{{'serviceName': 's{}', 'taskDefinition': 'web', 'desiredCount': {}}}",
                       number,
                       kTasksEach));
    }
  }

  ApiCall own_call() {
    static const Json nothing = Json::object();
    return {.body = nothing,
            .scope = scope,
            .caller_arn = "arn:aws:iam::1:root",
            .now = now,
            .options = options,
            .random_hex = [&](size_t bytes) { return fmt::format("{:0{}x}", ++ids, bytes * 2); },
            .placer = &placer};
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
      if (!has_changed) return;
      set_tasks("", TaskStatus::kRunning);
    }
    FAIL("the services do not come to rest");
  }
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
  PassBench bench;
  bench.settle();
  REQUIRE(bench.cluster().running_tasks == kServices * kTasksEach);
  ::printf("\none pass over %d services of %d tasks each, ms%20s%8s\n",
           kServices,
           kTasksEach,
           "median",
           "p99");

  std::vector<double> idle;
  for (int count = 0; count < kPasses; ++count) idle.push_back(measure(bench, 0));
  show("nothing is to be done", idle);

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
