// The monitors that this process has started: its children, though they outlive it. Those that end
// while it lives are reaped, and nobody else's children.
//
// Any thread may call.
//
// Source: waitpid(2).
#pragma once

#include <sys/types.h>

#include <mutex>
#include <vector>

namespace ikada {

class MonitorReaper {
 public:
  void add(pid_t monitor);
  // The children of this process (proc(5), /proc/PID/task/TID/children): before an execve(2) it has
  // started them, too, and nobody else knows them now.
  void add_inherited();

  // Reaps those that have ended; waits for none.
  void reap();

  size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::vector<pid_t> monitors_;
};

}  // namespace ikada
