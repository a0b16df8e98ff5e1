#include "image/build/run_command.h"

namespace ikada {

bool BuildCancellation::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

void BuildCancellation::cancel() {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return;
  cancelled_ = true;
  for (const auto& [number, action] : actions_) action();
}

BuildCancellation::Registration BuildCancellation::on_cancel(std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  if (cancelled_) action();
  const std::uint64_t number = next_++;
  actions_.emplace(number, std::move(action));
  return {*this, number};
}

BuildCancellation::Registration::~Registration() {
  const std::lock_guard lock(owner_.mutex_);
  owner_.actions_.erase(number_);
}

}  // namespace ikada
