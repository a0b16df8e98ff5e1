#include "cluster/engine/usage.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("parse_net_dev adds up every interface but lo") {
  const NetworkBytes bytes = parse_net_dev(
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n"
      "    lo:     100       1    0    0    0     0          0         0      100       1    0 0\n"
      "  eth0:    1000      10    0    0    0     0          0         0     2000      20    0 0\n"
      "  eth1:5 1 0 0 0 0 0 0 7 1 0 0\n");

  CHECK(bytes.received == 1005);
  CHECK(bytes.sent == 2007);
}

TEST_CASE("cpu_percent is in percent of one CPU") {
  Usage before;
  Usage after;
  after.taken = before.taken + std::chrono::seconds(2);
  before.cpu_us = 1'000'000;
  after.cpu_us = 4'000'000;

  CHECK(cpu_percent(before, after) == doctest::Approx(150.0));
  CHECK(cpu_percent(after, before) == 0);
}

}  // namespace ikada
