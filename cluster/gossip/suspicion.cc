#include "cluster/gossip/suspicion.h"

#include <algorithm>
#include <cmath>

namespace ikada::gossip {
namespace {

Duration scaled(Duration duration, double factor) {
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double, Duration::period>(duration) * factor);
}

}  // namespace

Duration SuspicionTimes::wait(size_t voices) const {
  const size_t confirmed = voices > 0 ? voices - 1 : 0;
  if (confirmed >= confirmations) return min;
  const double part = std::log(static_cast<double>(confirmed) + 1) /
                      std::log(static_cast<double>(confirmations) + 1);
  return std::max(min, max - scaled(max - min, part));
}

SuspicionTimes suspicion_times(const Config& config, size_t living) {
  const size_t others = living > 2 ? living - 2 : 0;
  SuspicionTimes times;
  times.confirmations = std::min(config.confirmations, others);
  const size_t missing = config.confirmations - times.confirmations;
  const double size =
      std::max(1.0, (1 + std::log10(static_cast<double>(std::max<size_t>(living, 1)))) / 2);
  // Each confirmation that nobody can give is made up for by a third of the time.
  times.min = scaled(config.suspicion_min, size * (1.0 + static_cast<double>(missing) / 3.0));
  times.max = scaled(times.min, config.suspicion_stretch);
  return times;
}

bool Suspicion::has_voice_of(MemberId accuser) const {
  return std::any_of(voices.begin(), voices.end(), [&](const Accusation& each) {
    return each.accuser == accuser;
  });
}

}  // namespace ikada::gossip
