// When something is to be renewed, by a wall clock that may be set right meanwhile.
#pragma once

#include <cstdint>

namespace ikada {

struct RenewalTime {
  std::int64_t planned_at_s = 0;  // In seconds since the epoch, as is the other.
  std::int64_t due_at_s = 0;

  // Also at a time before it was planned: the clock was ahead then.
  bool is_due(std::int64_t now_s) const { return now_s >= due_at_s || now_s < planned_at_s; }
};

}  // namespace ikada
