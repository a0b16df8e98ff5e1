// Time that passes only from event to event, chance that follows from a seed, and the loops of
// processes that live in it. The same seed gives the same run.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "cluster/gossip/prng.h"
#include "runtime/base/loop.h"

namespace ikada::control {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = TimePoint::duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

class VirtualTime {
 public:
  using Work = std::function<void()>;

  explicit VirtualTime(std::uint64_t seed);

  TimePoint now() const { return now_; }
  double seconds_passed() const;
  std::uint64_t events() const { return order_; }

  void at(TimePoint when, Work work);
  void after(Duration delay, Work work) { at(now_ + delay, std::move(work)); }
  // The next event, if it is not later; else only the time passes.
  bool run_next(TimePoint until);

  bool chance(double probability) { return random_.fraction() < probability; }
  size_t below(size_t limit) { return random_.below(limit); }
  Duration between(Duration least, Duration most);
  std::string random_hex(size_t bytes);

 private:
  struct Event {
    TimePoint when;
    std::uint64_t order;
    Work work;
    bool operator>(const Event& other) const {
      return std::pair(when, order) > std::pair(other.when, other.order);
    }
  };

  gossip::Prng random_;
  TimePoint now_;
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
};

// What a host's clocks do.
struct HostClock {
  double drift = 1;  // How fast the steady one goes.
  Duration wall_offset{0};
};

// One process. While it is paused everything that comes for it waits; once it has ended nothing
// comes any more.
class VirtualLoop final : public Loop, public std::enable_shared_from_this<VirtualLoop> {
 public:
  VirtualLoop(VirtualTime& time, const HostClock& clock) : time_(time), clock_(clock) {}

  TimePoint now() const override;
  std::int64_t boot_ms() const override;
  UnixNanos wall_now() const override;
  std::unique_ptr<Timer> make_timer() override;
  void post(std::function<void()> work) override;

  void deliver(std::function<void()> work);
  // By the world's time.
  void later(Duration delay, std::function<void()> work);

  void pause() { is_paused_ = true; }
  void resume();
  void end();
  bool is_paused() const { return is_paused_; }
  bool has_ended() const { return has_ended_; }
  double drift() const { return clock_.drift; }

 private:
  VirtualTime& time_;
  const HostClock& clock_;
  bool is_paused_ = false;
  bool has_ended_ = false;
  std::vector<std::function<void()>> held_;
};

}  // namespace ikada::control
