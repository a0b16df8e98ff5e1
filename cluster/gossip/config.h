// The times and numbers of the gossip protocol.
//
// The defaults are for hosts of one site. A host that dies is suspect after about 0.7 s and dead
// to all after about 2 s; serf's LAN profile takes 6 to 8 s. What makes that safe is not patience
// but questions: whoever hears of a suspicion asks the suspect itself every 100 ms until it answers
// or is dead, and dead it is only after several members have failed to reach it.
//
// Source: Das, Gupta, Motivala: SWIM (2002); Dadgar, Phillips, Currey: Lifeguard (2017).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "cluster/gossip/message.h"

namespace ikada::gossip {

using Clock = std::chrono::steady_clock;  // The type only: `now` is always an argument.
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using std::chrono::milliseconds;

struct Config {
  std::string cluster = "default";
  std::optional<PublicKey> authority;  // If set, only members that it has admitted are believed.
  VersionRange versions = {kMinProtocol, kMaxProtocol};

  // A probe: ping, again after each resend time, from the second one on by way of helpers too, and
  // the verdict at its end. All of it is stretched by 1 + the health score.
  Duration probe_interval = milliseconds(600);
  Duration probe_resend = milliseconds(100);
  Duration probe_verdict = milliseconds(400);
  size_t helpers = 3;
  Duration nack_after = milliseconds(75);
  unsigned max_health_score = 8;

  // How long a suspect has to refute: `suspicion_min`, with more than ten members times
  // (1 + log10 N) / 2, once enough members have accused it, up to `suspicion_stretch` times that
  // while only one has.
  Duration suspicion_min = milliseconds(800);
  double suspicion_stretch = 6;
  size_t confirmations = 3;
  // How many members ask a suspect themselves, and how often.
  size_t askers = 32;
  Duration question_interval = milliseconds(100);

  Duration gossip_interval = milliseconds(100);
  size_t gossip_fanout = 3;
  size_t gossip_burst = 4;       // Packets to each of them, if there is so much news.
  size_t retransmit_factor = 4;  // Each news is sent that often, times ceil(log10(N + 1)).
  size_t max_news = 4096;        // Waiting to be sent; the oldest are dropped.

  // Anti-entropy: with somebody at random, and with whoever turns out to have another view although
  // neither has heard news for `settled_after`.
  Duration sync_interval = std::chrono::seconds(60);
  Duration settled_after = milliseconds(500);
  Duration mismatch_sync_interval = milliseconds(1000);
  Duration second_sync_after_join = milliseconds(250);
  Duration dialogue_timeout = std::chrono::seconds(10);
  size_t max_dialogues = 32;

  Duration join_retry = milliseconds(1000);  // At first, then twice as long each time, up to
  Duration join_retry_max = std::chrono::seconds(15);
  Duration reconnect_interval = std::chrono::seconds(2);  // One dead member each time.
  Duration dead_retention = std::chrono::hours(24);
  Duration leave_linger = milliseconds(1000);  // From leaving to `kDone`, so that all hear of it.

  // A call that comes so much later than it was asked for means that this process stood still.
  Duration stall = milliseconds(150);

  size_t max_members = 16384;
};

}  // namespace ikada::gossip
