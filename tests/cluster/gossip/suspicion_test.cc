#include "cluster/gossip/suspicion.h"

#include <doctest/doctest.h>

namespace ikada::gossip {

TEST_CASE("each further voice shortens the wait, down to the shortest") {
  const SuspicionTimes times = suspicion_times({}, 8);

  CHECK(times.confirmations == 3);
  CHECK(times.wait(1) == times.max);
  CHECK(times.wait(2) < times.wait(1));
  CHECK(times.wait(3) < times.wait(2));
  CHECK(times.wait(4) == times.min);
  CHECK(times.wait(9) == times.min);
  CHECK(times.min == milliseconds(800));
  CHECK(times.max == milliseconds(4800));
}

TEST_CASE("large clusters wait longer, with the logarithm of their size") {
  CHECK(suspicion_times({}, 10).min == milliseconds(800));
  CHECK(suspicion_times({}, 100).min == milliseconds(1200));
  CHECK(suspicion_times({}, 10000).min == milliseconds(2000));
}

TEST_CASE("where few can confirm, the shortest wait is longer") {
  CHECK(suspicion_times({}, 2).confirmations == 0);
  CHECK(suspicion_times({}, 2).min == milliseconds(1600));
  CHECK(suspicion_times({}, 3).confirmations == 1);
  CHECK(suspicion_times({}, 3).min < suspicion_times({}, 2).min);
  CHECK(suspicion_times({}, 5).min == milliseconds(800));
}

}  // namespace ikada::gossip
