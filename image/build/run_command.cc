#include "image/build/run_command.h"

namespace ikada {

bool BuildCancellation::cancelled() const {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

void BuildCancellation::cancel() { stop(true); }
void BuildCancellation::give_up() { stop(false); }

bool BuildCancellation::take_back() {
  const std::lock_guard lock(mutex_);
  if (for_good_) return false;
  cancelled_ = false;
  return true;
}

void BuildCancellation::stop(bool for_good) {
  const std::lock_guard lock(mutex_);
  for_good_ = for_good_ || for_good;
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
