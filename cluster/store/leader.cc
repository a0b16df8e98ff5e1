#include "cluster/store/leader.h"

#include <algorithm>
#include <utility>

namespace ikada {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::milliseconds left_until(Clock::time_point time) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(time - Clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

}  // namespace

LeaderElection::LeaderElection(Store& store,
                               LeaderOptions options,
                               std::function<void(bool leads)> on_change)
    : store_(store),
      options_(options),
      on_change_(std::move(on_change)),
      steps_(std::move(options)),
      thread_([this] { take_part(); }) {}

LeaderElection::~LeaderElection() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    if (watch_ != nullptr) watch_->cancel();
  }
  stopping_.notify_all();
  thread_.join();
}

std::optional<LeaderTerm> LeaderElection::term() const {
  const std::lock_guard lock(mutex_);
  return steps_.term(Clock::now());
}

std::string LeaderElection::leader() const {
  const std::lock_guard lock(mutex_);
  return steps_.leader();
}

void LeaderElection::take_part() {
  LeaderInput input = NothingNew{};
  while (true) {
    LeaderAction action;
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_ && std::holds_alternative<NothingNew>(input)) input = ResignAsked{};
      action = steps_.step(input, Clock::now());
    }
    tell_change();
    if (std::holds_alternative<Resigned>(action)) return;
    input = carry_out(action);
  }
}

void LeaderElection::tell_change() {
  const bool leads = term().has_value();
  if (leads == was_leading_) return;
  was_leading_ = leads;
  if (on_change_) on_change_(leads);
}

LeaderInput LeaderElection::carry_out(const LeaderAction& action) {
  if (const auto* grant = std::get_if<GrantLease>(&action)) return store_.grant_lease(grant->ttl);
  if (const auto* take = std::get_if<TakeKey>(&action)) return store_.commit(take->transaction);
  if (std::holds_alternative<LookAtKey>(action)) return store_.get(options_.key);
  if (const auto* keep = std::get_if<KeepLease>(&action)) return store_.keep_lease(keep->id);
  if (const auto* revoke = std::get_if<RevokeLease>(&action))
    return store_.revoke_lease(revoke->id);
  return wait(std::get<WaitUntil>(action).time);
}

LeaderInput LeaderElection::wait(LeaderSteps::TimePoint until) {
  std::unique_lock lock(mutex_);
  if (steps_.term(Clock::now()).has_value()) {
    // The term may end before the time of the next call.
    const auto wake_at = std::min(until, steps_.leads_until());
    stopping_.wait_until(lock, wake_at, [&] { return is_stopping_; });
    return NothingNew{};
  }
  lock.unlock();
  watch_key(until);
  return NothingNew{};
}

// Waits until the key goes away. A store that cannot be watched is looked at again in time.
void LeaderElection::watch_key(LeaderSteps::TimePoint until) {
  const Result<KeyRead> seen = store_.get(options_.key);
  Result<std::unique_ptr<Watch>> watch =
      seen.has_value() && seen->entry.has_value()
          ? store_.watch(options_.key, seen->revision)
          : Result<std::unique_ptr<Watch>>(make_error(ErrorKind::kUnavailable, "no key"));
  std::unique_lock lock(mutex_);
  if (!watch.has_value()) {
    stopping_.wait_until(lock, until, [&] { return is_stopping_; });
    return;
  }
  if (is_stopping_) return;
  watch_ = watch->get();
  lock.unlock();
  while (Clock::now() < until) {
    const Result<KeyEvents> events = (*watch)->next(left_until(until));
    if (!events.has_value()) break;
    const bool is_gone = std::ranges::any_of(events->events, [&](const KeyEvent& event) {
      return event.kind == KeyOperation::Kind::kRemove && event.entry.key == options_.key;
    });
    if (is_gone) break;
  }
  lock.lock();
  watch_ = nullptr;
  // Not in a loop without a pause if the watch fails at once.
  const auto pause = Clock::now() + std::chrono::milliseconds(20);
  stopping_.wait_until(lock, std::min(until, pause), [&] { return is_stopping_; });
}

}  // namespace ikada
