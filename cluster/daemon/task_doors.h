// Where a task's containers reach the agent: 169.254.170.2:80 inside their own network namespace,
// so that the listener a request came in by says whose it is. `ikada-runtime task-endpoint` enters
// the namespace; the daemon only gets the descriptors.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "net/steered_listener.h"

namespace ikada {

// In the network namespace of `pid`; 0: in our own. Waits for the program.
Result<SteeredListener> open_task_door(const std::string& runtime_program, pid_t pid);

// So many requests a second, and so many at once after a pause, as ECS's agent allows.
class RequestRate {
 public:
  using Clock = std::chrono::steady_clock;

  RequestRate(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  // False: one too many.
  bool take(Clock::time_point now);

 private:
  double per_second_;
  double burst_;
  double left_ = burst_;
  Clock::time_point last_{};
};

}  // namespace ikada
