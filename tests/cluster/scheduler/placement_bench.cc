// How fast tasks find their hosts: 1 000 000 tasks on 10 000 hosts, on one core. Run by
// tests/bench/run placement. Times are this thread's CPU time, so that others do not count.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <string>
#include <vector>

#include "cluster/scheduler/cluster_view.h"

namespace ikada::scheduler {
namespace {

constexpr size_t kHosts = 10'000;
constexpr size_t kTasks = 1'000'000;
constexpr size_t kTasksPerService = 1'000;
constexpr size_t kServices = kTasks / kTasksPerService;
constexpr std::uint32_t kTaskCpu = 256;
constexpr std::uint32_t kTaskMemory = 512;
constexpr std::uint32_t kTasksPerHost = kTasks / kHosts;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Of the allocator, large pieces too.
size_t bytes_in_use() {
  const auto info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

void require(bool is_fine, const char* what) {
  if (is_fine) return;
  std::fprintf(stderr, "placement_bench: %s\n", what);
  std::exit(1);
}

// All of them together have room for exactly kTasks.
void add_hosts(ClusterView& view) {
  for (size_t i = 0; i < kHosts; ++i) {
    Host host;
    host.id = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/host-" +
              std::to_string(100'000 + i);
    host.total = {.cpu = kTasksPerHost * kTaskCpu,
                  .memory_mib = kTasksPerHost * kTaskMemory,
                  .gpu = 0,
                  .eni = Resources::kMaxAmount};
    host.reserved_ports = {{.protocol = Protocol::kTcp, .port = 22}};
    host.attributes = {{"ecs.availability-zone", std::string(1, "abc"[i % 3])},
                       {"ecs.instance-type", i % 5 == 0 ? "large" : "small"},
                       {"ecs.os-type", "linux"}};
    require(view.put_host(host).has_value(), "put_host");
  }
}

Request request_of(size_t service, const std::vector<Strategy>& strategies) {
  Request request;
  request.shape.resources = {.cpu = kTaskCpu, .memory_mib = kTaskMemory, .gpu = 0, .eni = 1};
  request.group = "service:service-" + std::to_string(service);
  request.required_attributes = {{.name = "ecs.os-type", .value = "linux"}};
  request.member_of = {Query::parse("attribute:ecs.instance-type in [small, large]").value()};
  request.strategies = strategies;
  return request;
}

TaskId id_of(size_t task, Prng& prng) { return {.high = prng.next(), .low = task}; }

// The times of many single decisions, sorted, in microseconds.
struct Times {
  std::vector<double> values;

  void print(const char* what) {
    std::sort(values.begin(), values.end());
    const auto at = [this](size_t percent) { return values[(values.size() - 1) * percent / 100]; };
    std::printf("  %-52s %9.2f %9.2f %9.2f\n", what, at(50), at(99), values.back());
  }
};

template <typename Action>
double microseconds(const Action& action) {
  const double start = cpu_seconds();
  action();
  return (cpu_seconds() - start) * 1e6;
}

// Fills the cluster, `batch` tasks of a service at a time. Returns the ids.
std::vector<TaskId> fill(ClusterView& view,
                         const std::vector<Strategy>& strategies,
                         size_t batch,
                         const char* what) {
  Prng ids(1);
  Prng prng(2);
  std::vector<TaskId> tasks(kTasks);
  for (size_t i = 0; i < kTasks; ++i) tasks[i] = id_of(i, ids);
  const size_t before = bytes_in_use();
  size_t placed = 0;
  const double start = cpu_seconds();
  for (size_t service = 0; service < kServices; ++service) {
    const Request request = request_of(service, strategies);
    for (size_t i = 0; i < kTasksPerService; i += batch) {
      const std::span<const TaskId> some =
          std::span(tasks).subspan(service * kTasksPerService + i, batch);
      placed += view.place(request, some, prng).value().size();
    }
  }
  const double seconds = cpu_seconds() - start;
  require(placed == kTasks, "the tasks do not fit");
  std::printf("  %-40s %5zu %9.2f %9.2f %9.0f\n",
              what,
              batch,
              seconds,
              seconds * 1e6 / static_cast<double>(kTasks),
              static_cast<double>(bytes_in_use() - before) / static_cast<double>(kTasks));
  std::fflush(stdout);
  return tasks;
}

// Single decisions on the cluster that fill() has made full.
void decide(ClusterView& view,
            std::vector<TaskId>& tasks,
            const std::vector<Strategy>& strategies,
            const char* name) {
  Prng prng(3);
  Prng ids(4);
  size_t next = kTasks;
  const auto run = [&](size_t services, bool make_room, const char* what) {
    Times times;
    for (size_t turn = 0; turn < 3'000; ++turn) {
      TaskId& victim = tasks[prng.below(kTasks)];
      if (make_room) require(view.remove_task(victim), "remove_task");
      const Request request = request_of(turn % services, strategies);
      const TaskId task = id_of(next++, ids);
      size_t placed = 0;
      times.values.push_back(microseconds([&] {
        placed = view.place(request, {&task, 1}, prng).value().size();
      }));
      require(placed == (make_room ? 1 : 0), "the decision is wrong");
      if (make_room) victim = task;
    }
    times.print((std::string(name) + ", " + what).c_str());
  };
  run(1, false, "no room, one service");
  run(kServices, false, "no room, another service each time");
  run(1, true, "room for one, one service");
  run(kServices, true, "room for one, another service each time");
  // Half empty: every second task goes.
  for (size_t i = 0; i < kTasks; i += 2) view.remove_task(tasks[i]);
  Times times;
  for (size_t turn = 0; turn < 3'000; ++turn) {
    const Request request = request_of(turn % kServices, strategies);
    const TaskId task = id_of(next++, ids);
    times.values.push_back(microseconds([&] {
      require(view.place(request, {&task, 1}, prng)->size() == 1, "no host");
    }));
  }
  times.print((std::string(name) + ", half empty, another service each time").c_str());
}

int run() {
  const Strategy zones = {.kind = StrategyKind::kSpreadAttribute,
                          .attribute = "ecs.availability-zone"};
  const Strategy hosts = {.kind = StrategyKind::kSpreadHosts};
  const Strategy memory = {.kind = StrategyKind::kBinpackMemory};
  const std::vector<std::pair<const char*, std::vector<Strategy>>> kinds = {
      {"spread over zones, then hosts", {zones, hosts}},
      {"spread over hosts", {hosts}},
      {"binpack memory", {memory}},
      {"random", {}},
      {"spread over zones, then binpack memory", {zones, memory}}};
  std::printf("\n%zu tasks of %zu services on %zu hosts\n", kTasks, kServices, kHosts);
  std::printf("  %-40s %5s %9s %9s %9s\n", "", "batch", "CPU s", "us/task", "B/task");
  for (const auto& [name, strategies] : kinds) {
    for (const size_t batch : {size_t{100}, size_t{1}}) {
      ClusterView view;
      add_hosts(view);
      fill(view, strategies, batch, name);
    }
  }
  std::printf("\none decision on those hosts, microseconds of CPU\n");
  std::printf("  %-52s %9s %9s %9s\n", "", "median", "p99", "max");
  for (const auto& [name, strategies] : {kinds[1], kinds[2]}) {
    ClusterView view;
    add_hosts(view);
    std::vector<TaskId> tasks = fill(view, strategies, 100, "(filled)");
    decide(view, tasks, strategies, name);
  }
  return 0;
}

}  // namespace
}  // namespace ikada::scheduler

int main() { return ikada::scheduler::run(); }
