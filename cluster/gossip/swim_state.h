// What a member remembers between steps about things it has begun; only the sources of Swim use it.
#pragma once

#include "cluster/gossip/swim.h"

namespace ikada::gossip {

// A member is asked whether it is there.
struct Swim::Probe {
  MemberId target = 0;
  std::uint32_t sequence = 0;         // Known to the target alone: the ack needs no proof.
  std::uint32_t helped_sequence = 0;  // Known to the helpers too: it does.
  TimePoint next_resend;
  TimePoint verdict;
  unsigned sent = 0;
  std::vector<MemberId> helpers;  // That were asked.
  size_t nacks = 0;
  bool is_answered = false;
};

// We ask a member for another one.
struct Swim::Errand {
  std::uint32_t sequence = 0;
  MemberId source = 0;
  Endpoint requester;
  TimePoint nack_at;
  TimePoint expires;
  bool is_nacked = false;
};

// An anti-entropy exchange; ours if the stream's number is even.
struct Swim::Dialogue {
  StreamId stream = 0;
  TimePoint deadline;
  bool is_join = false;    // Ours: we asked a seed. Theirs: the peer knows only itself.
  bool has_begun = false;  // The first frame was heard.
  std::vector<MemberId> wanted;
  bool is_ours() const { return stream % 2 == 0; }
};

}  // namespace ikada::gossip
