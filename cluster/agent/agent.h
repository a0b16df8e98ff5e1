// The agent of this host: makes it match its assignments, and reports back.
//
// Tasks go on whether or not a manager is there, from the moment of start(). A report is held until
// it has been acknowledged, also over a restart of the agent; only the newest of a task is sent, so
// what a manager hears of a task is in order.
//
// The host's id as a container instance is kept in STATE/instance.json: {"cluster": "default",
// "id": "…"}.
//
// All calls and callbacks are made on the loop's thread.
//
// Source: Amazon ECS Developer Guide, "Amazon ECS Linux container agent".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "cluster/agent/assignments.h"
#include "cluster/agent/host_facts.h"
#include "cluster/agent/task_runner.h"

namespace ikada {

struct AgentOptions {
  TaskRunnerOptions runner;  // Its actions' abilities are filled in from the host.
  InstanceWish instance = {};
  bool must_limit = true;  // False: a limit whose cgroup controller is missing is left out.
  std::function<void(const std::string&)> on_event;  // One line for the log.
};

class Agent {
 public:
  // What it stands on; create() has the host's own.
  struct Ground {
    std::shared_ptr<Loop> loop;
    std::unique_ptr<TaskRunner> runner;
    HostFacts facts;
    // Keeps the host's id as an instance, for the next create().
    std::function<Result<void>(const std::string& id)> keep_id;
  };

  // `assignments` outlives the agent.
  static Result<std::unique_ptr<Agent>> create(boost::asio::io_context& loop,
                                               AgentOptions options,
                                               Assignments& assignments);
  Agent(Ground ground, AgentOptions options, Assignments& assignments);

  void start();
  void shut_down();

  const TaskRunner& runner() const { return *ground_.runner; }

  bool has_running_tasks() const;
  // On the host's own account, whatever the cluster wants.
  void stop_tasks(const std::string& reason);
  // Removes the containers of stopped tasks; see TaskRunner.
  void forget_stopped_tasks(const std::function<void()>& then) {
    ground_.runner->forget_stopped(then);
  }

 private:
  struct Outgoing {
    TaskReport report;
    bool is_under_way = false;
  };

  void enlist();
  void enlisted(const Result<std::string>& id);
  void assign_all(const std::vector<Assignment>& all);
  void assign(const Assignment& assignment);
  void take(const TaskReport& report);
  void send(const std::string& task);
  void sent(const std::string& task, std::int64_t sequence, const Result<void>& taken);
  void try_again();

  Ground ground_;
  AgentOptions options_;
  Assignments& assignments_;
  std::map<std::string, Outgoing> outbox_;  // By task.
  bool is_enlisted_ = false;
  bool is_shut_down_ = false;
  bool is_waiting_ = false;
  std::chrono::milliseconds pause_;
  std::unique_ptr<Loop::Timer> timer_;
};

}  // namespace ikada
