// Where an agent's tasks come from and where its reports go: a manager in this process or, over a
// stream, another's.
//
// All calls and callbacks are made on the loop's thread. A manager that cannot be reached fails
// enlist() and report() with kUnavailable; the agent tries again, and its tasks go on meanwhile.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/agent/task_report.h"
#include "cluster/model/container_instance.h"
#include "cluster/model/task.h"

namespace ikada {

struct Assignment {
  Scope scope = {};
  Task task = {};
  TaskDefinition definition = {};  // Without the task's overrides.
};

class Assignments {
 public:
  struct Listener {
    // All tasks of the instance that are not STOPPED: at the beginning, and when changes were
    // missed.
    std::function<void(const std::vector<Assignment>&)> on_all;
    // One that is new, or whose desired status may have changed; also one that the manager has
    // given up and calls STOPPED.
    std::function<void(const Assignment&)> on_one;
  };
  using Enlisted = std::function<void(const Result<std::string>&)>;
  using Taken = std::function<void(const Result<void>&)>;
  using Told = std::function<void(const Result<Json>&)>;

  virtual ~Assignments() = default;

  // Registers the host, or tells anew what it has if it is known by its id. `then` gets the id.
  virtual void enlist(const ContainerInstance& host, Enlisted then) = 0;

  virtual void follow(const std::string& instance, Listener listener) = 0;

  // kNotFound: there is no such task any more.
  virtual void report(const TaskReport& report, Taken then) = 0;

  // What only a manager has for a task of this instance: "credentials", an object as the
  // credentials endpoint answers it; "secrets", the values by valueFrom. kNotFound if the task has
  // none, or one of them is not there.
  virtual void ask(const std::string& what, const std::string& task, Told then);

  // Has a task of this instance protected from scale-in as `request` says (UpdateTaskProtection,
  // without cluster and task), or only asks whether it is, with null. What the API answers.
  virtual void protect(const std::string& task, const Json& request, Told then);
};

inline void Assignments::ask(const std::string& what, const std::string& /*task*/, Told then) {
  const Told told = std::move(then);
  told(make_error(ErrorKind::kUnavailable, "nobody to ask for {}", what));
}

inline void Assignments::protect(const std::string& /*task*/, const Json& /*request*/, Told then) {
  const Told told = std::move(then);
  told(make_error(ErrorKind::kUnavailable, "nobody to ask for protection"));
}

}  // namespace ikada
