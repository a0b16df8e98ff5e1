#include "tests/cluster/control/control_simulation.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/model/task_stop.h"
#include "cluster/state/record_key.h"

namespace ikada::control {
namespace {

constexpr std::int64_t kCpuUnits = 2048;
constexpr std::int64_t kMemoryMib = 2048;
constexpr std::int64_t kWebSize = 256;  // Of its CPU units and MiB.

// Making keys takes longer than a run.
const ClusterKeys& cluster_keys() {
  static const ClusterKeys keys = *create_cluster_keys(1'700'000'000);
  return keys;
}

}  // namespace

ControlOutcome run_control(std::uint64_t seed, const ControlOptions& options) {
  ControlSimulation simulation(seed, options);
  ControlOutcome outcome{.wrong = simulation.run()};
  outcome.events = simulation.events();
  outcome.tasks = simulation.tasks();
  outcome.seconds_to_settle = simulation.seconds_to_settle();
  return outcome;
}

ControlSimulation::ControlSimulation(std::uint64_t seed, const ControlOptions& options)
    : options_(options),
      time_(seed),
      manager_count_(time_.chance(0.4) ? 1 : 3),
      host_count_(2 + time_.below(3)),
      gossip_(seed),
      network_(time_, gossip_, manager_count_ + host_count_),
      store_([this] { return time_.now(); }),
      invariants_(store_),
      proxies_(time_, manager_count_),
      manager_setting_{.time = time_,
                       .network = network_,
                       .gossip = gossip_,
                       .store = store_,
                       .store_health = store_health_,
                       .keys = cluster_keys(),
                       .proxies = proxies_,
                       .mistakes = options.mistakes,
                       .on_commit =
                           [this](size_t manager, const Transaction& it, const Commit& made) {
                             invariants_.take_commit(node_id(manager), it, made);
                           },
                       .sync_gossip = [this] { sync_gossip(); },
                       .trace = [this](const std::string& line) { trace(line); }},
      host_setting_{.time = time_,
                    .network = network_,
                    .managers = manager_count_,
                    .mistakes = options.mistakes,
                    .trace = [this](const std::string& line) { trace(line); }} {
  spdlog::set_level(spdlog::level::off);
  invariants_.set_on_stopped([this](const Task& task) { check_stopped(task); });
  invariants_.set_on_told([this](const Task& task) { check_told(task); });
  if (options_.has_trace) {
    invariants_.set_on_change([this](const std::string& change) { trace("store: " + change); });
  }
}

ControlSimulation::~ControlSimulation() = default;

void ControlSimulation::trace(const std::string& line) {
  if (options_.has_trace) fmt::print("{:9.4f} {}\n", seconds_passed(), line);
}

void ControlSimulation::begin() {
  Transaction nodes;
  const size_t places = manager_count_ + host_count_;
  for (size_t place = 0; place < places; ++place) {
    Node node;
    node.id = node_id(place);
    node.name = fmt::format("n{}", place);
    node.role = place < manager_count_ ? "manager" : "worker";
    nodes.expect(node_key(kHome, node.id), 0).put(node_key(kHome, node.id), to_json(node).dump());
  }
  static_cast<void>(store_.commit(nodes));
  gossip_.add_acquainted(places);
  for (size_t place = 0; place < manager_count_; ++place) {
    managers_.push_back(std::make_unique<VirtualManager>(manager_setting_, place));
    managers_.back()->clock().drift = 0.95 + 0.1 * static_cast<double>(time_.below(100)) / 100;
    managers_.back()->start();
  }
  for (size_t place = manager_count_; place < places; ++place) {
    hosts_.push_back(std::make_unique<VirtualHost>(host_setting_, place, kCpuUnits, kMemoryMib));
    VirtualHost& host = *hosts_.back();
    host.clock().drift = 0.95 + 0.1 * static_cast<double>(time_.below(100)) / 100;
    host.engine().set_on_start([this, place](const VirtualEngine::Container& container) {
      check_start(place, container);
    });
    host.engine().set_on_signal(
        [this](const VirtualEngine::Container& container) { check_signal(container); });
    host.start();
  }
}

bool ControlSimulation::run_until(const std::function<bool()>& is_reached, Duration limit) {
  const TimePoint end = time_.now() + limit;
  while (!is_reached()) {
    if (!time_.run_next(end)) return false;
    invariants_.look();
    if (!invariants_.broken().empty()) return false;
  }
  return true;
}

bool ControlSimulation::run_for(Duration duration) {
  run_until([] { return false; }, duration);
  return invariants_.broken().empty();
}

void ControlSimulation::sync_gossip() {
  if (gossip_.now() < time_.now()) gossip_.run_for(time_.now() - gossip_.now());
}

const ClusterState* ControlSimulation::cluster() const {
  return invariants_.state().scope(kHome).find_cluster("default");
}

size_t ControlSimulation::tasks() const {
  return cluster() == nullptr ? 0 : cluster()->tasks.size();
}

VirtualHost* ControlSimulation::host_at(const std::string& instance) {
  for (const auto& host : hosts_) {
    if (node_id(host->place()) == instance) return host.get();
  }
  return nullptr;
}

std::string ControlSimulation::run() {
  begin();
  const auto is_up = [this] {
    const bool is_led = std::any_of(
        managers_.begin(), managers_.end(), [](const auto& each) { return each->leads(); });
    return is_led && cluster() != nullptr && cluster()->instances.size() == hosts_.size();
  };
  if (!run_until(is_up, seconds(60))) return "the cluster did not come up: " + invariants_.broken();
  register_definitions();
  make_balancer();
  create_services();
  const TimePoint end =
      time_.now() + (options_.trouble.count() > 0 ? Duration(options_.trouble)
                                                  : time_.between(seconds(3), seconds(12)));
  TimePoint next_call = time_.now();
  TimePoint next_fault = time_.now() + time_.between(seconds(0), seconds(5));
  while (time_.now() < end) {
    const TimePoint next = std::min({next_call, next_fault, end});
    if (!run_for(next - time_.now())) return invariants_.broken();
    if (time_.now() >= next_call) {
      call_something();
      next_call = time_.now() + time_.between(milliseconds(50), milliseconds(1500));
    }
    if (time_.now() >= next_fault) {
      break_something();
      next_fault = time_.now() + time_.between(milliseconds(300), milliseconds(4000));
    }
  }
  make_whole();
  const TimePoint whole = time_.now();
  std::string left = settle();
  seconds_to_settle_ = std::chrono::duration<double>(time_.now() - whole).count();
  if (!left.empty()) return left;
  // Nothing begins anew but what ends by itself.
  if (!run_for(seconds(2))) return invariants_.broken();
  left = fill();
  return left.empty() ? settle() : left;
}

std::string ControlSimulation::settle() {
  const TimePoint end = time_.now() + kGapLimit;
  std::string left;
  while (time_.now() < end) {
    if (!run_for(milliseconds(500))) return invariants_.broken();
    left = gap();
    if (left.empty()) return "";
  }
  return fmt::format("{} s after everything was whole again: {}", kGapLimit.count(), left);
}

void ControlSimulation::make_whole() {
  trace("the world is whole");
  is_whole_ = true;
  sync_gossip();
  proxies_.make_whole();
  network_.heal();
  network_.set_loss(0);
  store_health_ = {};
  for (size_t i = 0; i < managers_.size(); ++i) {
    VirtualManager& manager = *managers_[i];
    manager.way_to_store() = {};
    if (!manager.runs()) restart_manager(i);
    if (manager.is_paused()) {
      manager.resume();
      gossip_.resume(i);
    }
  }
  for (const auto& host : hosts_) {
    host->engine().health() = {};
    if (gone_.contains(host->place())) continue;
    if (!host->runs()) restart_host(host->place());
    if (host->is_paused()) {
      host->resume();
      gossip_.resume(host->place());
    }
  }
}

// The record is as it was before the event; the host is told of a task after it is stored.
void ControlSimulation::check_start(size_t place, const VirtualEngine::Container& container) {
  trace(fmt::format("host {} runs {} of task {}", place, container.image, container.task));
  if (ended_.contains(container.task)) {
    invariants_.fail(fmt::format("task {} runs again after its end", container.task));
  }
  if (!host_at(node_id(place))->disk().files.contains(container.task)) {
    invariants_.fail(fmt::format("task {} runs and could be forgotten", container.task));
  }
  invariants_.look();
  if (cluster() == nullptr) return;
  const auto found = cluster()->tasks.find(container.task);
  if (found == cluster()->tasks.end()) {
    return invariants_.fail(fmt::format("task {} runs and was never made", container.task));
  }
  if (found->second.value.container_instance != node_id(place)) {
    invariants_.fail(fmt::format("task {} runs on host {}, not on its own", container.task, place));
  }
}

void ControlSimulation::check_stopped(const Task& task) {
  ended_.insert(task.id);
  const VirtualHost* const host = host_at(task.container_instance.value_or(""));
  if (host == nullptr || !host->engine().runs(task.id)) return;
  if (removed_.contains(host->place()) || deregistered_.contains(host->place())) return;
  invariants_.fail(fmt::format("task {} is STOPPED by its host's word and runs there", task.id));
}

// A target is told to stop only after its drain, unless its own host or a client has ended it.
void ControlSimulation::check_signal(const VirtualEngine::Container& container) {
  invariants_.look();
  if (cluster() == nullptr) return;
  const auto found = cluster()->tasks.find(container.task);
  if (found == cluster()->tasks.end()) return;
  const Task& task = found->second.value;
  if (!is_target(task) && !is_draining(task)) return;
  invariants_.fail(fmt::format("task {} is {} and stopped", task.id, to_text(task.last_status)));
}

// By what the proxies do, not by what is known of them.
void ControlSimulation::check_told(const Task& task) {
  if (forced_.contains(task.id)) return;
  if (!task.targets->deregistered_at.has_value()) {
    return invariants_.fail(fmt::format("task {} is a target and to stop at once", task.id));
  }
  const Timestamp at = *task.targets->drained_at;
  const std::int64_t waited_ms = at.milliseconds - task.targets->deregistered_at->milliseconds;
  if (waited_ms >= kDelayMs || !proxies_.uses(task.id)) return;
  invariants_.fail(
      fmt::format("task {} was drained for {} ms and still has requests", task.id, waited_ms));
}

std::string ControlSimulation::gap_of_task(const Task& task) {
  VirtualHost* const host = host_at(task.container_instance.value_or(""));
  if (host == nullptr) return fmt::format("task {} is on no host", task.id);
  const bool runs = host->engine().runs(task.id);
  const std::string state =
      fmt::format("{} (wanted {})", to_text(task.last_status), task.desired_status);
  if (task.last_status == TaskStatus::kStopped) {
    if (!runs || removed_.contains(host->place())) return "";
    return fmt::format("task {} is STOPPED and runs on host {}", task.id, host->place());
  }
  if (gone_.contains(host->place()) || removed_.contains(host->place())) {
    return fmt::format("task {} is {} on a host that is gone", task.id, state);
  }
  if (task.desired_status == "STOPPED" || task.last_status != TaskStatus::kRunning) {
    return fmt::format("task {} is {}", task.id, state);
  }
  if (!runs) return fmt::format("task {} is {} and runs nowhere", task.id, state);
  return "";
}

std::string ControlSimulation::gap_of_host(const VirtualHost& host) {
  const size_t place = host.place();
  if (removed_.contains(place)) return "";
  const auto instance = cluster()->instances.find(node_id(place));
  const bool has_record =
      instance != cluster()->instances.end() && instance->second.record.revision != 0;
  const bool is_gone = gone_.contains(place);
  if (has_record && instance->second.record.value.agent_connected == is_gone) {
    return fmt::format(
        "host {} is {} and its instance says otherwise", place, is_gone ? "gone" : "here");
  }
  if (!has_record && !deregistered_.contains(place)) {
    return fmt::format("host {} has no instance", place);
  }
  for (const std::string& task : host.engine().running_tasks()) {
    const auto found = cluster()->tasks.find(task);
    if (found == cluster()->tasks.end()) {
      return fmt::format("host {} runs task {}, which has no record", place, task);
    }
  }
  return "";
}

size_t ControlSimulation::free_places() const {
  std::int64_t places = 0;
  for (const auto& [id, it] : cluster()->instances) {
    const ContainerInstance& instance = it.record.value;
    const bool takes_tasks =
        it.record.revision != 0 && instance.status == "ACTIVE" && instance.agent_connected;
    if (!takes_tasks) continue;
    const Amounts total = registered_amounts(instance);
    places += std::min(total.cpu_units - it.reserved.cpu_units,
                       total.memory_mib - it.reserved.memory_mib) /
              kWebSize;
  }
  return static_cast<size_t>(places);
}

std::string ControlSimulation::gap_of_services() {
  for (const auto& [name, kept] : cluster()->services) {
    if (kept.record.revision == 0) continue;
    const Service& service = kept.record.value;
    std::int32_t running = 0;
    for (const auto& [id, task] : cluster()->tasks) {
      const bool counts = task.value.group == group_of_service(name) &&
                          task.value.last_status == TaskStatus::kRunning &&
                          task.value.desired_status == "RUNNING";
      if (counts) ++running;
    }
    const bool may_lack = running < service.desired_count && free_places() == 0;
    if (running == service.desired_count || may_lack) continue;
    return fmt::format("service {} has {} of {} tasks", name, running, service.desired_count);
  }
  return "";
}

// What is not yet as it has to be when nothing fails any more.
std::string ControlSimulation::gap() {
  const auto leaders = std::count_if(
      managers_.begin(), managers_.end(), [](const auto& each) { return each->leads(); });
  if (leaders != 1) return fmt::format("{} managers lead", leaders);
  if (open_calls_ > 0) return "clients are not done";
  for (const size_t place : removed_) {
    if (invariants_.state().scope(kHome).nodes.contains(node_id(place))) {
      return fmt::format("node {} is not removed", place);
    }
  }
  for (const auto& [id, kept] : cluster()->tasks) {
    std::string wrong = gap_of_task(kept.value);
    if (!wrong.empty()) return wrong;
  }
  for (const auto& host : hosts_) {
    std::string wrong = gap_of_host(*host);
    if (!wrong.empty()) return wrong;
  }
  std::string wrong = gap_of_services();
  if (!wrong.empty()) return wrong;
  for (const std::string& task : invariants_.promised()) {
    if (!cluster()->tasks.contains(task)) {
      return fmt::format("task {} was promised and has no record", task);
    }
  }
  return "";
}

}  // namespace ikada::control
