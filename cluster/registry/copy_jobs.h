// Work that may take longer than anybody waits for one answer: who asks again joins what is under
// way. Any thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "runtime/base/result.h"

namespace ikada {

class CopyJobs {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // How the job of that name ended, told to all who ask in the next seconds; nothing while it goes
  // on. `begin` is called if there is none, and sees to it that end() is.
  std::optional<Result<void>> look(const std::string& name,
                                   TimePoint now,
                                   const std::function<void()>& begin);
  void end(const std::string& name, TimePoint now, Result<void> result);

 private:
  struct Job {
    std::optional<Result<void>> result = {};
    TimePoint ended_at = {};
  };

  std::mutex mutex_;
  std::map<std::string, Job> jobs_;  // Guarded by it.
};

}  // namespace ikada
