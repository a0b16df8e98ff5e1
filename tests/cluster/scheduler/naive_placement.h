// Placement as the documentation tells it, without any index: the reference that the real one is
// compared with.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/scheduler/host.h"
#include "cluster/scheduler/request.h"
#include "cluster/scheduler/task_id.h"
#include "runtime/base/prng.h"

namespace ikada::scheduler {

class NaiveCluster {
 public:
  void put_host(const Host& host);
  void remove_host(const std::string& id);
  void add_task(const TaskId& id,
                const std::string& host,
                const TaskShape& shape,
                const std::string& group);
  void remove_task(const TaskId& id);

  // The host's id, and the task is there.
  std::optional<std::string> place(const Request& request, const TaskId& id, Prng& prng);

  // Whether every host has enough for its tasks, and no port twice.
  bool is_sound() const;

 private:
  struct Task {
    TaskId id;
    std::string host;
    TaskShape shape;
    std::string group;
  };

  std::vector<const Task*> tasks_on(const std::string& host) const;
  Resources used_on(const std::string& host) const;
  bool admits(const Host& host, const Request& request) const;
  std::vector<std::uint64_t> scores(const Host& host, const Request& request) const;
  std::vector<size_t> order_of(size_t slot, const Request& request) const;

  std::vector<std::optional<Host>> hosts_;  // In the order of slots.
  std::vector<size_t> free_;
  std::vector<Task> tasks_;
};

}  // namespace ikada::scheduler
