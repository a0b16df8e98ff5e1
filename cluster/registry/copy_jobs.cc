#include "cluster/registry/copy_jobs.h"

#include <utility>

namespace ikada {
namespace {

// For those who ask again. Who comes later begins anew.
constexpr std::chrono::seconds kResultAge{3};

}  // namespace

std::optional<Result<void>> CopyJobs::look(const std::string& name,
                                           TimePoint now,
                                           const std::function<void()>& begin) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(jobs_, [&](const auto& each) {
      return each.second.result.has_value() && each.second.ended_at + kResultAge <= now;
    });
    const auto [job, is_new] = jobs_.try_emplace(name);
    if (!is_new) return job->second.result;
  }
  begin();
  return std::nullopt;
}

void CopyJobs::end(const std::string& name, TimePoint now, Result<void> result) {
  const std::lock_guard lock(mutex_);
  jobs_[name] = {.result = std::move(result), .ended_at = now};
}

}  // namespace ikada
