#include "cluster/agent/task_machine.h"

#include <algorithm>
#include <utility>

#include "cluster/agent/task_error.h"

namespace ikada {
namespace {

// A process in uninterruptible sleep takes its SIGKILL late; nobody is hurt by a second one.
constexpr std::int64_t kKillAgainMs = 10'000;

constexpr const char* kEssentialExited = "Essential container in task exited";
constexpr const char* kOutOfMemory = "OutOfMemoryError: Container killed due to memory usage";

using Kind = TaskCommand::Kind;
using Phase = ContainerPhase;

}  // namespace

struct TaskMachine::Run {
  TaskMachine& machine;
  const Moment& now;
  std::vector<TaskCommand> commands = {};

  Task& task() { return machine.task_; }
  size_t count() const { return machine.rules_.size(); }
  const ContainerRules& rules(size_t i) const { return machine.rules_[i]; }
  ContainerProgress& progress(size_t i) { return machine.progress_[i]; }
  TaskContainer& shown(size_t i) { return machine.task_.containers[i]; }
  bool is_wanted() const { return machine.task_.desired_status == "RUNNING"; }

  std::optional<size_t> find(const std::string& name) const {
    for (size_t i = 0; i < count(); ++i) {
      if (rules(i).name == name) return i;
    }
    return std::nullopt;
  }

  void command(Kind kind, size_t i) {
    commands.push_back({kind, rules(i).name, progress(i).generation});
  }

  void begin();
  void take(const ImagePulled& event);
  void take(const ContainerStarted& event);
  void take(const ContainerFailed& event);
  void take(const ContainerAbsent& event);
  void take(const ContainerEnded& event);
  void take(const HealthChecked& event);
  void take(const StopWanted& event);
  void take(const ResourcesFailed& event);
  void take(const TimePassed&) {}

  void settle();

 private:
  void start(size_t i);
  void end(size_t i);
  void want_stop(const char* stop_code, const std::string& reason);
  bool may_restart(size_t i, std::int32_t exit_code);

  enum class Answer { kYes, kNotYet, kNever };
  Answer ask(const DependencyRule& dependency, std::string& why, size_t target);
  void start_what_may();
  bool has_living_dependent(size_t i);
  void stop_what_may();
  void kill_what_must();
  void check_health();
  void show();
  void show_health();
  void show_network();
};

void TaskMachine::Run::start(size_t i) {
  progress(i).phase = Phase::kStarting;
  ++progress(i).generation;
  command(Kind::kStart, i);
}

void TaskMachine::Run::want_stop(const char* stop_code, const std::string& reason) {
  Task& it = task();
  if (it.desired_status == "STOPPED") return;
  it.desired_status = "STOPPED";
  if (!it.stop_code.has_value()) it.stop_code = stop_code;
  if (!it.stopped_reason.has_value()) it.stopped_reason = reason;
}

void TaskMachine::Run::end(size_t i) {
  progress(i).phase = Phase::kStopped;
  progress(i).health.is_checking = false;
  shown(i).last_status = "STOPPED";
  if (rules(i).is_essential && progress(i).has_run && !task().execution_stopped_at.has_value()) {
    task().execution_stopped_at = now.wall;
  }
}

void TaskMachine::Run::begin() {
  if (!machine.broken_.empty()) {
    take(ResourcesFailed{machine.broken_});
    return;
  }
  if (!task().created_at.has_value()) task().created_at = now.wall;
  for (size_t i = 0; i < count(); ++i) {
    ContainerProgress& each = progress(i);
    each.health.is_checking = false;
    if (each.phase == Phase::kPulling && is_wanted()) {
      if (!task().pull_started_at.has_value()) task().pull_started_at = now.wall;
      command(Kind::kPull, i);
    }
    if (each.phase == Phase::kStarting) command(is_wanted() ? Kind::kStart : Kind::kFind, i);
    if (each.phase == Phase::kStopping) command(Kind::kSignal, i);
  }
}

void TaskMachine::Run::take(const ImagePulled& event) {
  const std::optional<size_t> i = find(event.container);
  if (!i.has_value() || progress(*i).phase != Phase::kPulling) return;
  progress(*i).phase = Phase::kReady;
  if (!event.digest.empty()) shown(*i).image_digest = event.digest;
  const bool is_last = std::none_of(machine.progress_.begin(),
                                    machine.progress_.end(),
                                    [](const auto& each) { return each.phase == Phase::kPulling; });
  if (is_last) task().pull_stopped_at = now.wall;
}

void TaskMachine::Run::take(const ContainerStarted& event) {
  const std::optional<size_t> i = find(event.container);
  if (!i.has_value()) return;
  ContainerProgress& it = progress(*i);
  if (it.phase != Phase::kStarting || event.generation != it.generation) return;
  it.phase = Phase::kRunning;
  it.has_run = true;
  it.started_ms = now.steady_ms;
  if (rules(*i).health.has_value()) it.health.start(*rules(*i).health, now.steady_ms);
  shown(*i).last_status = "RUNNING";
  shown(*i).runtime_id = event.runtime_id;
  shown(*i).network_bindings = event.bindings;
  if (event.address.has_value()) attach_address(task(), *event.address);
}

void TaskMachine::Run::take(const ContainerFailed& event) {
  const std::optional<size_t> i = find(event.container);
  if (!i.has_value()) return;
  const Phase phase = progress(*i).phase;
  if (phase != Phase::kPulling && phase != Phase::kStarting) return;
  if (phase == Phase::kPulling) task().pull_stopped_at = now.wall;
  shown(*i).reason = event.reason;
  end(*i);
  if (!rules(*i).is_essential) return;
  // One that could not be started again has run before.
  const bool is_new = !progress(*i).has_run;
  want_stop(is_new ? "TaskFailedToStart" : "EssentialContainerExited", event.reason);
}

void TaskMachine::Run::take(const ContainerAbsent& event) {
  const std::optional<size_t> i = find(event.container);
  if (i.has_value() && progress(*i).phase == Phase::kStarting) end(*i);
}

bool TaskMachine::Run::may_restart(size_t i, std::int32_t exit_code) {
  const std::optional<RestartRule>& rule = rules(i).restart;
  if (!rule.has_value() || !is_wanted()) return false;
  const auto& ignored = rule->ignored_exit_codes;
  if (std::find(ignored.begin(), ignored.end(), exit_code) != ignored.end()) return false;
  return now.steady_ms - progress(i).started_ms >= rule->attempt_period_ms;
}

void TaskMachine::Run::take(const ContainerEnded& event) {
  const std::optional<size_t> i = find(event.container);
  if (!i.has_value()) return;
  ContainerProgress& it = progress(*i);
  const bool is_ours = it.phase == Phase::kRunning || it.phase == Phase::kStopping;
  if (!is_ours || event.generation != it.generation) return;
  if (it.phase == Phase::kRunning && may_restart(*i, event.exit_code)) {
    start(*i);
    return;
  }
  shown(*i).exit_code = event.exit_code;
  if (event.is_out_of_memory) shown(*i).reason = kOutOfMemory;
  end(*i);
  if (rules(*i).is_essential) want_stop("EssentialContainerExited", kEssentialExited);
}

void TaskMachine::Run::take(const HealthChecked& event) {
  const std::optional<size_t> i = find(event.container);
  if (!i.has_value() || !rules(*i).health.has_value()) return;
  ContainerProgress& it = progress(*i);
  if (it.phase != Phase::kRunning || event.generation != it.generation) return;
  it.health.take(event.passed, *rules(*i).health, it.started_ms, now.steady_ms);
}

void TaskMachine::Run::take(const StopWanted& event) {
  if (machine.is_over()) return;
  if (!task().stop_code.has_value()) task().stop_code = event.stop_code;
  if (!task().stopped_reason.has_value()) task().stopped_reason = event.reason;
  want_stop("UserInitiated", "Task stopped by user");
}

void TaskMachine::Run::take(const ResourcesFailed& event) {
  want_stop("TaskFailedToStart", event.reason);
  if (!event.container.empty()) take(ContainerAbsent{event.container});
}

TaskMachine::Run::Answer TaskMachine::Run::ask(const DependencyRule& dependency,
                                               std::string& why,
                                               size_t target) {
  const ContainerProgress& it = progress(dependency.container);
  const bool has_ended = it.phase == Phase::kStopped;
  const auto refuse = [&](const char* what) {
    why = fmt::format("dependency graph: container ordering dependency [{}] for target [{}] {}",
                      rules(dependency.container).name,
                      rules(target).name,
                      what);
    return Answer::kNever;
  };
  if (has_ended && !it.has_run) return refuse("did not start.");
  switch (dependency.condition) {
    case DependencyCondition::kStart:
      return it.has_run ? Answer::kYes : Answer::kNotYet;
    case DependencyCondition::kComplete:
      if (has_ended) return Answer::kYes;
      break;
    case DependencyCondition::kSuccess:
      if (has_ended && shown(dependency.container).exit_code != 0) {
        return refuse("did not exit successfully.");
      }
      if (has_ended) return Answer::kYes;
      break;
    case DependencyCondition::kHealthy:
      if (has_ended) return refuse("did not become healthy.");
      if (it.phase == Phase::kRunning && it.health.status == HealthStatus::kHealthy) {
        return Answer::kYes;
      }
      break;
  }
  const auto& timeout = rules(dependency.container).start_timeout_ms;
  const bool is_late =
      it.has_run && timeout.has_value() && now.steady_ms >= it.started_ms + *timeout;
  return is_late ? refuse("has timed out.") : Answer::kNotYet;
}

void TaskMachine::Run::start_what_may() {
  for (size_t i = 0; i < count() && is_wanted(); ++i) {
    const Phase phase = progress(i).phase;
    if (phase != Phase::kReady && phase != Phase::kPulling) continue;
    bool may_start = phase == Phase::kReady;
    for (const DependencyRule& each : rules(i).dependencies) {
      std::string why;
      const Answer answer = ask(each, why, i);
      if (answer == Answer::kYes) continue;
      may_start = false;
      if (answer == Answer::kNever) want_stop("TaskFailedToStart", why);
    }
    if (may_start && is_wanted()) start(i);
  }
}

bool TaskMachine::Run::has_living_dependent(size_t i) {
  const auto& dependents = rules(i).dependents;
  return std::any_of(
      dependents.begin(), dependents.end(), [&](size_t each) { return progress(each).is_alive(); });
}

// In the reverse of the order of starting: who depends on another ends before it.
void TaskMachine::Run::stop_what_may() {
  for (size_t i = 0; i < count(); ++i) {
    const Phase phase = progress(i).phase;
    if (phase == Phase::kPulling || phase == Phase::kReady) end(i);
  }
  for (size_t i = 0; i < count(); ++i) {
    if (progress(i).phase != Phase::kRunning || has_living_dependent(i)) continue;
    progress(i).phase = Phase::kStopping;
    progress(i).kill_ms = now.steady_ms + rules(i).stop_timeout_ms;
    command(Kind::kSignal, i);
  }
}

void TaskMachine::Run::kill_what_must() {
  for (size_t i = 0; i < count(); ++i) {
    ContainerProgress& it = progress(i);
    if (it.phase != Phase::kStopping || now.steady_ms < it.kill_ms) continue;
    it.kill_ms = now.steady_ms + kKillAgainMs;
    command(Kind::kKill, i);
  }
}

void TaskMachine::Run::check_health() {
  for (size_t i = 0; i < count(); ++i) {
    ContainerProgress& it = progress(i);
    const bool is_due = it.phase == Phase::kRunning && rules(i).health.has_value() && is_wanted() &&
                        it.health.is_due(now.steady_ms);
    if (!is_due) continue;
    it.health.is_checking = true;
    command(Kind::kCheck, i);
  }
}

void TaskMachine::Run::settle() {
  start_what_may();
  if (!is_wanted()) stop_what_may();
  kill_what_must();
  check_health();
  show();
}

void TaskMachine::Run::show_health() {
  bool is_any_unhealthy = false;
  bool is_any_unknown = false;
  bool has_check = false;
  for (size_t i = 0; i < count(); ++i) {
    if (!rules(i).health.has_value()) continue;
    const HealthStatus status = progress(i).health.status;
    shown(i).health_status = to_text(status);
    if (status == HealthStatus::kUnhealthy) is_any_unhealthy = true;
    if (!rules(i).is_essential) continue;
    has_check = true;
    if (status == HealthStatus::kUnknown) is_any_unknown = true;
  }
  if (is_any_unhealthy) {
    task().health_status = "UNHEALTHY";
  } else {
    task().health_status = has_check && !is_any_unknown ? "HEALTHY" : "UNKNOWN";
  }
}

// Which of the network's statuses the task is in, by the container that holds it.
void TaskMachine::Run::show_network() {
  const std::optional<size_t> holder = find(kNetworkHolder);
  if (!holder.has_value()) return;
  Task& it = task();
  const ContainerProgress& held = progress(*holder);
  if (held.phase == Phase::kRunning)
    it.last_status = std::max(it.last_status, TaskStatus::kPending);
  bool is_last = held.is_alive();
  for (size_t i = 0; i < count(); ++i) {
    if (i != *holder && progress(i).phase != Phase::kStopped) is_last = false;
  }
  if (is_last && !is_wanted()) {
    it.last_status = std::max(it.last_status, TaskStatus::kDeprovisioning);
  }
}

void TaskMachine::Run::show() {
  const auto all = [&](auto holds) {
    return std::all_of(machine.progress_.begin(), machine.progress_.end(), holds);
  };
  Task& it = task();
  show_health();
  show_network();
  if (!is_wanted() && !it.stopping_at.has_value()) it.stopping_at = now.wall;
  if (all([](const ContainerProgress& each) { return each.phase == Phase::kStopped; })) {
    // The last one that was not essential has gone: so has the task.
    if (is_wanted()) want_stop("EssentialContainerExited", kEssentialExited);
    if (!it.stopping_at.has_value()) it.stopping_at = now.wall;
    it.last_status = TaskStatus::kStopped;
    it.stopped_at = now.wall;
    detach_address(it);
    return;
  }
  if (!is_wanted()) {
    it.last_status = std::max(it.last_status, TaskStatus::kStopping);
    return;
  }
  const bool is_up = all([](const ContainerProgress& each) {
    return each.phase == Phase::kRunning || each.phase == Phase::kStopped;
  });
  if (is_up && it.last_status < TaskStatus::kRunning) {
    it.last_status = TaskStatus::kRunning;
    it.started_at = now.wall;
  }
}

std::vector<TaskCommand> TaskMachine::begin(const Moment& now) {
  Run run{*this, now};
  if (is_over()) return {};
  run.begin();
  run.settle();
  return std::move(run.commands);
}

std::vector<TaskCommand> TaskMachine::step(const TaskEvent& event, const Moment& now) {
  Run run{*this, now};
  if (is_over()) return {};
  std::visit([&](const auto& each) { run.take(each); }, event);
  run.settle();
  return std::move(run.commands);
}

std::optional<std::int64_t> TaskMachine::next_wake_ms() const {
  std::optional<std::int64_t> wake;
  const auto at = [&](std::int64_t time) { wake = std::min(wake.value_or(time), time); };
  for (size_t i = 0; i < rules_.size(); ++i) {
    const ContainerProgress& it = progress_[i];
    if (it.phase == Phase::kStopping) at(it.kill_ms);
    if (it.phase == Phase::kRunning && rules_[i].health.has_value() && !it.health.is_checking &&
        task_.desired_status == "RUNNING") {
      at(it.health.next_check_ms);
    }
    if (it.phase != Phase::kReady && it.phase != Phase::kPulling) continue;
    for (const DependencyRule& each : rules_[i].dependencies) {
      const ContainerProgress& other = progress_[each.container];
      const auto& timeout = rules_[each.container].start_timeout_ms;
      const bool is_timed = each.condition != DependencyCondition::kStart && timeout.has_value() &&
                            other.phase == Phase::kRunning;
      if (is_timed) at(other.started_ms + *timeout);
    }
  }
  return wake;
}

}  // namespace ikada
