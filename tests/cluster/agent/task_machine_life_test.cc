// Whole lives of random tasks on a host that is slow, forgets and fails, with what must always
// hold.
#include <algorithm>
#include <map>
#include <random>

#include <doctest/doctest.h>

#include "cluster/agent/task_machine.h"

namespace ikada {
namespace {

using Kind = TaskCommand::Kind;

constexpr std::int64_t kTooLongMs = 3'600'000;

class RandomLife {
 public:
  explicit RandomLife(std::uint64_t seed)
      : random_(seed),
        definition_(make_definition()),
        machine_(TaskMachine::create(definition_, Task{.id = "t"})) {}

  void run() {
    obey(machine_.begin(now()));
    while (!machine_.is_over()) {
      // Everything ends: an hour is more than all timeouts together.
      REQUIRE(ms_ < kTooLongMs);
      if (chance(200)) restart_driver();
      advance();
    }
    check_end();
  }

 private:
  struct Host {
    bool is_running = false;
    std::int32_t generation = 0;
    bool has_run = false;
    bool is_healthy = false;
    std::optional<std::int32_t> exit_code = {};
    bool ignores_signal = false;
  };
  struct Pending {
    std::int64_t at;
    TaskEvent event;
  };

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool chance(std::uint64_t in) { return below(in) == 0; }
  Moment now() const { return {.steady_ms = ms_, .wall = {ms_}}; }

  TaskDefinition make_definition() {
    TaskDefinition definition;
    const size_t count = 1 + below(6);
    for (size_t i = 0; i < count; ++i) {
      ContainerDefinition container{.name = "c" + std::to_string(i), .image = "i"};
      container.essential = i == 0 || chance(2);
      container.stop_timeout_s = static_cast<std::int32_t>(below(40));
      if (chance(2)) container.start_timeout_s = static_cast<std::int32_t>(1 + below(60));
      if (chance(2)) container.health_check = HealthCheck{.command = {"CMD", "x"}, .interval_s = 5};
      if (chance(3)) {
        container.restart_policy =
            ContainerRestartPolicy{.enabled = true,
                                   .ignored_exit_codes = std::vector<std::int32_t>{0},
                                   .restart_attempt_period_s = 60};
      }
      for (size_t j = 0; j < i; ++j) {
        if (!chance(3)) continue;
        if (!container.depends_on.has_value()) container.depends_on.emplace();
        container.depends_on->push_back(make_dependency(definition.container_definitions[j]));
      }
      definition.container_definitions.push_back(std::move(container));
    }
    return definition;
  }

  ContainerDependency make_dependency(const ContainerDefinition& on) {
    std::vector<const char*> words = {"START"};
    if (on.health_check.has_value()) words.push_back("HEALTHY");
    if (!on.essential) words.insert(words.end(), {"COMPLETE", "SUCCESS"});
    return {.container_name = on.name, .condition = words[below(words.size())]};
  }

  void later(TaskEvent event, std::int64_t within_ms) {
    const auto delay = static_cast<std::int64_t>(below(static_cast<std::uint64_t>(within_ms)));
    pending_.push_back({ms_ + delay, std::move(event)});
  }

  void give(const TaskEvent& event) {
    obey(machine_.step(event, now()));
    check_always();
  }

  // The next thing that happens, whatever it is.
  void advance() {
    if (!asked_to_stop_ && (ms_ > 600'000 || chance(60))) {
      asked_to_stop_ = true;
      give(StopWanted{});
      return;
    }
    std::int64_t next = machine_.next_wake_ms().value_or(kTooLongMs);
    for (const Pending& each : pending_) next = std::min(next, each.at);
    if (next == kTooLongMs) next = ms_ + 30'000;
    ms_ = std::max(ms_, next);
    for (size_t i = 0; i < pending_.size(); ++i) {
      if (pending_[i].at > ms_) continue;
      const TaskEvent event = pending_[i].event;
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
      note(event);
      give(event);
      return;
    }
    give(TimePassed{});
  }

  // What the host knows before the machine hears it.
  void note(const TaskEvent& event) {
    if (const auto* checked = std::get_if<HealthChecked>(&event)) {
      if (checked->passed) hosts_[checked->container].is_healthy = true;
    }
  }

  void end(const std::string& name, std::int32_t code) {
    Host& host = hosts_[name];
    if (!host.is_running) return;
    host.is_running = false;
    host.exit_code = code;
    later(ContainerEnded{name, host.generation, code, chance(10)}, 50);
  }

  void obey(const std::vector<TaskCommand>& commands) {
    for (const TaskCommand& each : commands) obey(each);
  }

  void obey(const TaskCommand& command) {
    const std::string& name = command.container;
    Host& host = hosts_[name];
    switch (command.kind) {
      case Kind::kPull:
        CHECK(machine_.task().desired_status == "RUNNING");
        if (chance(30)) return later(ContainerFailed{name, "CannotPullContainerError: x"}, 5'000);
        return later(ImagePulled{name}, 20'000);
      case Kind::kStart:
        return start(command, host);
      case Kind::kFind:
        if (!host.has_run) return later(ContainerAbsent{name}, 50);
        host.generation = command.generation;
        return start(command, host);
      case Kind::kSignal:
        if (!host.is_running) return;
        host.ignores_signal = chance(3);
        if (!host.ignores_signal) end(name, 143);
        return;
      case Kind::kKill:
        return end(name, 137);
      case Kind::kCheck:
        return later(HealthChecked{name, command.generation, !chance(4)}, 4'000);
    }
  }

  void start(const TaskCommand& command, Host& host) {
    const std::string& name = command.container;
    const bool is_repeated = host.generation == command.generation;
    if (!is_repeated) {
      CHECK(machine_.task().desired_status == "RUNNING");
      CHECK_FALSE(host.is_running);
      if (command.generation == 1) check_dependencies(name);
      if (chance(30)) return later(ContainerFailed{name, "CannotStartContainerError: x"}, 500);
      host = Host{.is_running = true, .generation = command.generation, .has_run = true};
    }
    // As the driver does: the start is told before the end, however late it is.
    std::erase_if(pending_, [&](const Pending& each) {
      const auto* ended = std::get_if<ContainerEnded>(&each.event);
      return ended != nullptr && ended->container == name;
    });
    later(ContainerStarted{name, command.generation, "id", {}}, 1);
    if (is_repeated && !host.is_running) {
      later(ContainerEnded{name, host.generation, host.exit_code.value_or(0)}, 1);
    }
    if (!is_repeated && chance(2)) {
      const auto life = static_cast<std::int64_t>(below(200'000));
      pending_.push_back({ms_ + 60 + life, TimePassed{}});
      end_at_[{name, command.generation}] = ms_ + 60 + life;
    }
  }

  void check_dependencies(const std::string& name) {
    const ContainerDefinition* container = find_container(definition_, name);
    if (!container->depends_on.has_value()) return;
    for (const ContainerDependency& each : *container->depends_on) {
      const Host& on = hosts_[each.container_name];
      CHECK(on.has_run);
      if (each.condition == "COMPLETE") CHECK(on.exit_code.has_value());
      if (each.condition == "SUCCESS") CHECK(on.exit_code == 0);
      if (each.condition == "HEALTHY") CHECK(on.is_healthy);
    }
  }

  // The driver dies: what it was doing is lost, the containers are not.
  void restart_driver() {
    auto again = TaskMachine::restore(definition_, machine_.keep());
    REQUIRE(again.has_value());
    std::erase_if(pending_, [](const Pending& each) {
      return !std::holds_alternative<ContainerEnded>(each.event);
    });
    machine_ = std::move(*again);
    obey(machine_.begin(now()));
  }

  void check_always() {
    for (auto& [key, at] : end_at_) {
      if (at <= ms_ && hosts_[key.first].generation == key.second) {
        end(key.first, chance(2) ? 0 : 1);
        at = kTooLongMs;
      }
    }
    CHECK(machine_.task().last_status >= last_status_);
    last_status_ = machine_.task().last_status;
    if (machine_.task().desired_status == "STOPPED") was_stopped_ = true;
    if (was_stopped_) CHECK(machine_.task().desired_status == "STOPPED");
  }

  void check_end() {
    const Task& task = machine_.task();
    CHECK(task.desired_status == "STOPPED");
    CHECK(task.stop_code.has_value());
    CHECK(task.stopped_reason.has_value());
    CHECK(task.stopped_at.has_value());
    CHECK(task.stopping_at.has_value());
    CHECK(task.stopping_at <= task.stopped_at);
    for (const TaskContainer& each : task.containers) {
      CHECK(each.last_status == "STOPPED");
      const Host& host = hosts_[each.name];
      CHECK_FALSE(host.is_running);
      CHECK(each.exit_code.has_value() ==
            (host.has_run && !each.reason.value_or("").starts_with("Cannot")));
    }
  }

  std::mt19937_64 random_;
  std::int64_t ms_ = 0;
  TaskDefinition definition_;
  TaskMachine machine_;
  std::map<std::string, Host> hosts_;
  std::vector<Pending> pending_;
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> end_at_;
  TaskStatus last_status_ = TaskStatus::kProvisioning;
  bool asked_to_stop_ = false;
  bool was_stopped_ = false;
};

}  // namespace

TEST_CASE("every random task ends, and starts nothing too early or too late") {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    RandomLife life(seed);
    life.run();
  }
}

}  // namespace ikada
