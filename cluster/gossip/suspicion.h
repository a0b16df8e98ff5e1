// How long a suspect has to refute, as Lifeguard has it: long while one voice accuses it, shorter
// with each further one.
//
// Only accusations travel between members, never deaths: each member counts the voices that it has
// heard and checked, and declares the suspect dead by itself. A liar is one voice; alone it cannot
// shorten anybody's wait, in which the accused answers with a higher incarnation.
//
// Source: Lifeguard, section IV.B (LHA Suspicion).
#pragma once

#include <vector>

#include "cluster/gossip/config.h"

namespace ikada::gossip {

struct SuspicionTimes {
  size_t confirmations = 0;  // Voices beside the first that bring the wait to `min`.
  Duration min{};
  Duration max{};

  // From the first voice to the verdict when `voices` have been heard, at least one.
  Duration wait(size_t voices) const;
};

// `living`: how many members live, this one and the suspect included. With fewer than five there
// are not enough others to confirm anything, so the shortest wait is longer instead.
SuspicionTimes suspicion_times(const Config& config, size_t living);

struct Suspicion {
  TimePoint since;  // When the first voice was heard.
  SuspicionTimes times;
  std::vector<Accusation> voices;  // By different accusers, at most times.confirmations + 1.
  bool asks = false;               // Whether this member asks the suspect itself.
  bool has_own_voice = false;
  TimePoint next_question;

  TimePoint deadline() const { return since + times.wait(voices.size()); }
  bool has_voice_of(MemberId accuser) const;
};

}  // namespace ikada::gossip
