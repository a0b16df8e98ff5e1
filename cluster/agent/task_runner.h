// This host's tasks: has their machines' commands carried out, and keeps them on disk.
//
// Its end stops no container. A new one reads the files, finds the containers by their names,
// watches those that run and tells the end of those that do not; nothing is started twice.
//
// All calls and callbacks are made on the loop's thread.
//
// Source: cluster/agent/task_machine.h, task_actions.h, task_memory.h.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/agent/task_actions.h"
#include "cluster/agent/task_machine.h"
#include "cluster/agent/task_memory.h"
#include "cluster/agent/task_report.h"
#include "runtime/base/loop.h"

namespace boost::asio {
class io_context;
}

namespace ikada {

struct TaskRunnerOptions {
  ContainerActionOptions actions;
  std::string state_directory;  // Tasks are in STATE/tasks.
  // How long a stopped task's containers and volumes stay, for their logs; those of a task none of
  // whose containers ran go at once.
  std::chrono::milliseconds retention = std::chrono::hours(3);
  std::function<void(const Error&)> on_error;  // What nobody waits for.
  // Told of each container that was started, also when the runner takes up what ran before; `id` is
  // its id in the engine. Then that it has ended. Either may be null.
  std::function<void(const std::string& task, const std::string& container, const std::string& id)>
      on_running = {};
  std::function<void(const std::string& task, const std::string& container)> on_ended = {};
};

class TaskRunner {
 public:
  using OnReport = std::function<void(const TaskReport&)>;

  // With the host's engine and files.
  static Result<std::unique_ptr<TaskRunner>> open(boost::asio::io_context& loop,
                                                  TaskRunnerOptions options);
  TaskRunner(std::shared_ptr<Loop> loop,
             TaskRunnerOptions options,
             std::unique_ptr<TaskActions> actions,
             std::unique_ptr<TaskMemory> files);
  // The loop does not run any more.
  ~TaskRunner();
  TaskRunner(const TaskRunner&) = delete;
  TaskRunner& operator=(const TaskRunner&) = delete;

  // Takes up the tasks that are kept. A report is told when it is on the disk, and anew after a
  // restart unless it was acknowledged.
  void start(OnReport on_report);

  // A task that is known already is left as it is. The definition is without the task's overrides.
  void run(const Scope& scope, const Task& task, const TaskDefinition& definition);

  // Unknown or over is no error. Code and reason are ECS's defaults where they are absent.
  void stop(const std::string& task,
            const std::optional<std::string>& stop_code,
            const std::optional<std::string>& reason);

  // The report of that sequence was taken; after the retention the task is forgotten.
  void acknowledge(const std::string& task, std::int64_t sequence);

  // Removes the containers of all tasks that have stopped and forgets the tasks, whoever has heard
  // of their end; calls when that is done or, told to on_error, cannot be.
  void forget_stopped(const std::function<void()>& then);

  // Null if unknown.
  const Task* find(const std::string& task) const;
  std::vector<std::string> tasks() const;
  std::shared_ptr<const TaskFacts> facts(const std::string& task) const;
  // By container that has a restart policy; empty if the task is unknown.
  std::map<std::string, std::int32_t> restarts(const std::string& task) const;

  // Ends the watching, so that the loop has nothing left to do.
  void shut_down();

 private:
  struct Entry {
    Entry(Loop& loop, TaskMachine its)
        : machine(std::move(its)), told(machine.task()), timer(loop.make_timer()) {}

    std::shared_ptr<const TaskFacts> facts = {};
    TaskMachine machine;
    Task told;
    std::int64_t sequence = 0;
    std::int64_t acknowledged = 0;
    bool is_leaving = false;
    std::unique_ptr<Loop::Timer> timer;
  };

  Moment moment_now() const;
  void recover_later();
  void take_up(const std::string& id, const std::string& content);
  Result<std::unique_ptr<Entry>> read(const std::string& content);
  Entry* entry_of(const std::string& task);
  void step(const std::string& task, const TaskEvent& event);
  void obey(const std::string& task, const std::vector<TaskCommand>& commands);
  void obey(const std::string& task, Entry& entry, const TaskCommand& command);
  void pull(const std::string& task, Entry& entry, const TaskCommand& command);
  void start_container(const std::string& task, Entry& entry, const TaskCommand& command);
  void find_container_of(const std::string& task, Entry& entry, const TaskCommand& command);
  void signal(const std::string& task, Entry& entry, const TaskCommand& command);
  void tell(const std::string& task, Entry& entry);
  void write(const std::string& task, Entry& entry, bool is_report);
  void set_timer(const std::string& task, Entry& entry);
  void wait_to_leave(const std::string& task, Entry& entry);
  void free_all(Entry& entry);
  void leave(const std::string& task, const std::function<void()>& then);

  void check_health(const std::string& task, Entry& entry, const TaskCommand& command);
  void watch(const std::string& task,
             const std::string& container,
             std::int32_t generation,
             const std::string& id);

  std::shared_ptr<Loop> loop_;
  TaskRunnerOptions options_;
  std::unique_ptr<TaskActions> actions_;
  std::unique_ptr<TaskMemory> files_;
  OnReport on_report_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::unique_ptr<Loop::Timer> recover_timer_;
  bool is_shut_down_ = false;
};

}  // namespace ikada
