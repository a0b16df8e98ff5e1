#include "tests/cluster/control/virtual_time.h"

#include <utility>

namespace ikada::control {
namespace {

constexpr TimePoint kBeginning{std::chrono::hours(1000)};  // As the gossip's simulation.
constexpr UnixNanos kWallBeginning = 1'700'000'000'000'000'000;

class VirtualTimer final : public Loop::Timer {
 public:
  explicit VirtualTimer(std::shared_ptr<VirtualLoop> loop) : loop_(std::move(loop)) {}

  void set(milliseconds after, std::function<void()> then) override {
    turn_ = std::make_shared<int>();
    const auto delay = Duration(
        static_cast<Duration::rep>(static_cast<double>(Duration(after).count()) / loop_->drift()));
    loop_->later(delay, [turn = std::weak_ptr<int>(turn_), then = std::move(then)] {
      if (!turn.expired()) then();
    });
  }

  void cancel() override { turn_.reset(); }

 private:
  std::shared_ptr<VirtualLoop> loop_;
  std::shared_ptr<int> turn_;
};

}  // namespace

VirtualTime::VirtualTime(std::uint64_t seed) : random_(seed), now_(kBeginning) {}

double VirtualTime::seconds_passed() const {
  return std::chrono::duration<double>(now_ - kBeginning).count();
}

void VirtualTime::at(TimePoint when, Work work) {
  events_.push({.when = std::max(when, now_), .order = order_++, .work = std::move(work)});
}

bool VirtualTime::run_next(TimePoint until) {
  if (events_.empty() || events_.top().when > until) {
    now_ = std::max(now_, until);
    return false;
  }
  const Event event = std::move(const_cast<Event&>(events_.top()));
  events_.pop();
  now_ = event.when;
  event.work();
  return true;
}

Duration VirtualTime::between(Duration least, Duration most) {
  const auto range = static_cast<size_t>((most - least).count());
  return least + Duration(static_cast<Duration::rep>(random_.below(range + 1)));
}

std::string VirtualTime::random_hex(size_t bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < 2 * bytes; ++i) text += kDigits[random_.below(kDigits.size())];
  return text;
}

TimePoint VirtualLoop::now() const {
  const auto passed = static_cast<double>((time_.now() - kBeginning).count());
  return kBeginning + Duration(static_cast<Duration::rep>(passed * clock_.drift));
}

std::int64_t VirtualLoop::boot_ms() const {
  return std::chrono::duration_cast<milliseconds>(now().time_since_epoch()).count();
}

UnixNanos VirtualLoop::wall_now() const {
  return kWallBeginning + std::chrono::nanoseconds(now() - kBeginning + clock_.wall_offset).count();
}

std::unique_ptr<Loop::Timer> VirtualLoop::make_timer() {
  return std::make_unique<VirtualTimer>(shared_from_this());
}

void VirtualLoop::post(std::function<void()> work) { later(Duration(1), std::move(work)); }

void VirtualLoop::deliver(std::function<void()> work) {
  if (has_ended_) return;
  if (!is_paused_) return work();
  held_.push_back(std::move(work));
}

void VirtualLoop::later(Duration delay, std::function<void()> work) {
  time_.after(delay, [self = shared_from_this(), work = std::move(work)] { self->deliver(work); });
}

void VirtualLoop::resume() {
  is_paused_ = false;
  for (const auto& each : std::exchange(held_, {})) deliver(each);
}

void VirtualLoop::end() {
  has_ended_ = true;
  held_.clear();
}

}  // namespace ikada::control
