// What a task's machine asks for, as the runner has it done: each call returns at once and calls
// back on the loop's thread, when it is done or in the end has failed.
//
// engine_actions.h does it with this host's engine.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/agent/container_actions.h"

namespace ikada {

struct HealthRun {
  std::string container_id;
  std::vector<std::string> command;
  std::chrono::milliseconds timeout{0};
};

class TaskActions {
 public:
  using Facts = std::shared_ptr<const TaskFacts>;

  virtual ~TaskActions() = default;

  // The digest of the container's image. Errors are those of ContainerActions.
  virtual void pull(const Facts& facts,
                    const std::string& container,
                    std::function<void(const Result<std::string>&)> then) = 0;

  virtual void start(const Facts& facts,
                     const std::string& container,
                     bool is_restart,
                     std::function<void(const Result<StartedContainer>&)> then) = 0;

  // Nothing for one that has not been started.
  virtual void find(const Facts& facts,
                    const std::string& container,
                    std::function<void(const std::optional<StartedContainer>&)> then) = 0;

  // Not running is no error.
  virtual void signal(const Facts& facts,
                      const std::string& container,
                      bool is_kill,
                      std::function<void(const Result<void>&)> then) = 0;

  // Calls when the container of that id has ended; perhaps that was long ago.
  virtual void await_end(const std::string& id,
                         std::function<void(const EndedContainer&)> then) = 0;

  virtual void check_health(const HealthRun& run, std::function<void(bool passed)> then) = 0;

  // Removes the task's containers and the volumes that go with it. Idempotent.
  virtual void remove_all(const Facts& facts, std::function<void(const Result<void>&)> then) = 0;

  // Brings containers whose monitor was killed to an end that is on record.
  virtual void recover(std::function<void()> then) = 0;

  // Nothing is called back any more, and nothing keeps the loop busy.
  virtual void shut_down() = 0;
};

}  // namespace ikada
