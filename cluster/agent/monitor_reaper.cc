#include "cluster/agent/monitor_reaper.h"

#include <errno.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

namespace ikada {

void MonitorReaper::add(pid_t monitor) {
  const std::lock_guard lock(mutex_);
  monitors_.push_back(monitor);
}

void MonitorReaper::add_inherited() {
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) add(child);
  }
}

void MonitorReaper::reap() {
  const std::lock_guard lock(mutex_);
  std::erase_if(monitors_, [](pid_t monitor) {
    const pid_t reaped = ::waitpid(monitor, nullptr, WNOHANG);
    return reaped == monitor || (reaped < 0 && errno == ECHILD);
  });
}

size_t MonitorReaper::size() const {
  const std::lock_guard lock(mutex_);
  return monitors_.size();
}

}  // namespace ikada
