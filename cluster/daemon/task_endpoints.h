// What this host's tasks ask its agent: the task metadata endpoint (versions 3 and 4), the
// credentials of their roles, and protection from scale-in.
//
//   GET /v4/ID  /v4/ID/task  /v4/ID/taskWithTags  /v4/ID/stats  /v4/ID/task/stats
//   GET /v2/credentials/ID
//   GET and PUT /api/ID/task-protection/v1/state
//
// Whose request it is follows from the listener (task_doors.h): an id of another task is unknown
// there. Only in network mode host, where all tasks share the host's namespace, the id alone
// decides. Requests that came through a proxy or name another host are refused.
//
// All calls but environment() and callbacks are on the loop's thread.
//
// Source: Amazon ECS Developer Guide, "Task metadata endpoint version 4", "Task IAM role".
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <boost/asio/thread_pool.hpp>

#include "cluster/agent/agent.h"
#include "cluster/agent/container_stats.h"
#include "cluster/agent/endpoint_ids.h"
#include "cluster/agent/loop_gate.h"
#include "cluster/agent/task_metadata.h"
#include "cluster/daemon/task_doors.h"
#include "cluster/http/audit_log.h"
#include "cluster/http/http_server.h"

namespace ikada {

struct TaskEndpointOptions {
  EngineLayout layout;
  std::string runtime_program;
  std::string key_file;
};

class TaskEndpoints {
 public:
  // Everything outlives it.
  static Result<std::unique_ptr<TaskEndpoints>> create(boost::asio::io_context& loop,
                                                       TaskEndpointOptions options,
                                                       Assignments& assignments,
                                                       AuditLog& audit);
  ~TaskEndpoints();
  TaskEndpoints(const TaskEndpoints&) = delete;
  TaskEndpoints& operator=(const TaskEndpoints&) = delete;

  const EndpointIds& ids() const { return ids_; }

  // Whose tasks they are; before the first note.
  void serve(const TaskRunner& runner) { runner_ = &runner; }
  void note_running(const std::string& task, const std::string& container, const std::string& id);
  void note_ended(const std::string& task, const std::string& container);
  void stop();

 private:
  struct Door;
  using Place = std::pair<std::string, std::string>;  // Task and container.
  using Samples = std::map<std::string, ContainerSample>;

  TaskEndpoints(boost::asio::io_context& loop,
                TaskEndpointOptions options,
                EndpointIds ids,
                Assignments& assignments,
                AuditLog& audit);

  void open_door(const Place& place, const std::string& id);
  void opened(const Place& place, Result<SteeredListener> door);
  void answer(const std::shared_ptr<Door>& door,
              const HttpRequest& request,
              const HttpServer::Respond& respond);
  void answer_metadata(const Place& asker,
                       std::string_view what,
                       const HttpServer::Respond& respond);
  void answer_protection(const Place& asker,
                         const HttpRequest& request,
                         const HttpServer::Respond& respond);
  AuditRecord record_of(const std::string& task,
                        const HttpRequest& request,
                        const char* name) const;
  void answer_credentials(const std::string& task,
                          const HttpRequest& request,
                          const HttpServer::Respond& respond);
  Json stats_of(const ContainerFacts& container);

  boost::asio::io_context& loop_;
  TaskEndpointOptions options_;
  EndpointIds ids_;
  Assignments& assignments_;
  AuditLog& audit_;
  const TaskRunner* runner_ = nullptr;
  std::shared_ptr<LoopGate> gate_;
  std::map<Place, std::shared_ptr<Door>> doors_;  // Of the host's own namespace: {"", ""}.
  std::map<std::string, Place> containers_;       // By id.
  std::map<std::string, std::string> roles_;      // Task by the id of its credentials.
  struct Granted {
    Json body;
    UnixNanos expires_at = 0;
  };
  std::map<std::string, Granted> granted_;  // By task.
  std::mutex samples_mutex_;
  Samples samples_;  // The last of each container, by its id in the engine.
  bool is_stopped_ = false;
  boost::asio::thread_pool pool_;
};

}  // namespace ikada
