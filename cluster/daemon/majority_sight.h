// Whether a manager has seen a majority of the managers alive for a while, so that what gossip says
// of the others is of now. One that was cut off has called everybody failed; when it is back it
// believes so of some for a moment longer, until they have refuted it.
//
// Source: Das, Gupta, Motivala, "SWIM", 4.2 (a member refutes by a higher incarnation).
#pragma once

#include <chrono>
#include <cstddef>

namespace ikada {

class MajoritySight {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Several rounds of gossip, and of its exchange of everything.
  static constexpr std::chrono::seconds kSettled{3};

  explicit MajoritySight(Time now) : lost_at_(now) {}

  // To be told again and again: of so many managers, itself one of them, so many are alive.
  void note(size_t alive, size_t managers, Time now) {
    if (2 * alive <= managers) lost_at_ = now;
  }
  bool is_settled(Time now) const { return now - lost_at_ >= kSettled; }

 private:
  Time lost_at_;
};

}  // namespace ikada
