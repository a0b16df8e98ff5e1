// The life of one task as a step function: what happened comes in, what is to be done goes out.
//
// It knows no clock, engine or file. The driver carries the commands out in any order and at any
// speed, tells how each ended, and calls step() with TimePassed no later than next_wake_ms().
// Events of an earlier start of a container (an older generation) and of what is over are ignored,
// so that the driver need not withdraw anything.
//
// task() is what the API shows, and the container that holds the network where there is one. It
// moves by whole steps only: PENDING, RUNNING, STOPPING, STOPPED, with a network of its own
// PROVISIONING before and DEPROVISIONING before the last. DEACTIVATING belongs to load balancers,
// which stand in front of this machine.
//
// Source: Amazon ECS Developer Guide, "Task lifecycle", "Stopped tasks error codes"; API Reference,
// ContainerDependency, ContainerRestartPolicy.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cluster/agent/container_health.h"
#include "cluster/agent/task_network.h"
#include "cluster/agent/task_rules.h"
#include "cluster/model/task.h"

namespace ikada {

// Now, by both clocks: deadlines follow the steady one, what is shown the other.
struct Moment {
  std::int64_t steady_ms = 0;
  Timestamp wall = {};
};

struct ImagePulled {
  std::string container;
  std::string digest = {};
};
struct ContainerStarted {
  std::string container;
  std::int32_t generation = 1;
  std::string runtime_id = {};
  std::vector<NetworkBinding> bindings = {};
  std::optional<TaskAddress> address = {};  // Of the one that holds the task's network.
};
// It could not be pulled, created or started; the reason begins with ECS's name for that.
struct ContainerFailed {
  std::string container;
  std::string reason;
};
// It was never started, and now it need not be.
struct ContainerAbsent {
  std::string container;
};
struct ContainerEnded {
  std::string container;
  std::int32_t generation = 1;
  std::int32_t exit_code = 0;
  bool is_out_of_memory = false;
};
struct HealthChecked {
  std::string container;
  std::int32_t generation = 1;
  bool passed = false;
};
struct StopWanted {
  std::optional<std::string> stop_code = {};
  std::optional<std::string> reason = {};
};
// Something that the whole task needs is not there; a container that was to be started for it was
// not.
struct ResourcesFailed {
  std::string reason;
  std::string container = {};
};
struct TimePassed {};

using TaskEvent = std::variant<ImagePulled,
                               ContainerStarted,
                               ContainerFailed,
                               ContainerAbsent,
                               ContainerEnded,
                               HealthChecked,
                               StopWanted,
                               ResourcesFailed,
                               TimePassed>;

struct TaskCommand {
  enum class Kind {
    kPull,
    kStart,   // Create and start; from the second generation on: start again.
    kFind,    // Tell whether it was started before the driver's restart: ContainerStarted or
              // ContainerAbsent.
    kSignal,  // The stop signal.
    kKill,    // SIGKILL.
    kCheck,   // Run the health check once.
  };
  Kind kind = Kind::kPull;
  std::string container = {};
  std::int32_t generation = 0;

  bool operator==(const TaskCommand&) const = default;
};

enum class ContainerPhase { kPulling, kReady, kStarting, kRunning, kStopping, kStopped };

struct ContainerProgress {
  ContainerPhase phase = ContainerPhase::kPulling;
  std::int32_t generation = 0;  // How often a start was asked for.
  bool has_run = false;
  std::int64_t started_ms = 0;  // The last time, on the steady clock.
  std::int64_t kill_ms = 0;     // When a stopping one is killed.
  ContainerHealth health = {};

  bool is_alive() const {
    return phase == ContainerPhase::kStarting || phase == ContainerPhase::kRunning ||
           phase == ContainerPhase::kStopping;
  }
};
void describe(JsonFields& fields, ContainerProgress& progress);

class TaskMachine {
 public:
  // `definition` has the task's overrides in place. A task that is new, or as task_json() kept it.
  static TaskMachine create(const TaskDefinition& definition, Task task);
  static Result<TaskMachine> restore(const TaskDefinition& definition, const Json& kept);
  Json keep() const;

  // Asks again for everything that is under way: for a new task, and after the driver's restart,
  // when it has told what happened to the containers meanwhile.
  std::vector<TaskCommand> begin(const Moment& now);

  std::vector<TaskCommand> step(const TaskEvent& event, const Moment& now);

  // Nothing if only an event can change anything.
  std::optional<std::int64_t> next_wake_ms() const;

  const Task& task() const { return task_; }
  bool is_over() const { return task_.last_status == TaskStatus::kStopped; }
  const std::vector<ContainerRules>& rules() const { return rules_; }
  const ContainerProgress& progress(size_t container) const { return progress_[container]; }
  // By container: how often its restart policy has started it again.
  std::map<std::string, std::int32_t> restarts() const;

 private:
  struct Run;  // One step.

  Task task_;
  std::vector<ContainerRules> rules_;
  std::vector<ContainerProgress> progress_;
  std::string broken_;  // Why rules could not be made; then the task only ends.
};

}  // namespace ikada
