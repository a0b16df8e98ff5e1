// A large cluster. IKADA_GOSSIP_MEMBERS=10000 makes it larger (6 GB of memory, some minutes).
#include <stdlib.h>

#include <algorithm>

#include <doctest/doctest.h>

#include "runtime/base/number.h"
#include "tests/cluster/gossip/simulation.h"

namespace ikada::gossip {
namespace {

using std::chrono::seconds;

size_t members_wanted() {
  const char* const text = ::getenv("IKADA_GOSSIP_MEMBERS");
  return text == nullptr ? 1000 : static_cast<size_t>(parse_unsigned(text, 50000).value());
}

double seconds_since(TimePoint start, TimePoint now) {
  return std::chrono::duration<double>(now - start).count();
}

}  // namespace

TEST_CASE("a thousand members notice deaths and newcomers, and make nobody else dead") {
  const size_t count = members_wanted();
  Simulation cluster(1);
  cluster.network().loss = 0.01;
  cluster.add_acquainted(count);
  cluster.run_for(seconds(2));
  const std::uint64_t before = cluster.bytes_sent();
  cluster.run_for(seconds(5));
  const double rate =
      static_cast<double>(cluster.bytes_sent() - before) / 5 / static_cast<double>(count);

  const TimePoint death = cluster.now();
  for (const size_t victim : {7U, 77U, 777U}) cluster.kill(victim);
  CHECK(cluster.run_until(
      [&] {
        return cluster.is_dead_to_all(7) && cluster.is_dead_to_all(77) &&
               cluster.is_dead_to_all(777);
      },
      seconds(20)));
  const double dead_after = seconds_since(death, cluster.now());

  const TimePoint birth = cluster.now();
  const size_t newcomer = cluster.add();
  cluster.join(newcomer, 1);
  CHECK(cluster.run_until([&] { return cluster.agrees(); }, seconds(20)));
  fmt::print(
      "{} members: three deaths known to all after {:.2f} s, a newcomer after {:.2f} s, "
      "{:.0f} B/s each, {} steps\n",
      count,
      dead_after,
      seconds_since(birth, cluster.now()),
      rate,
      cluster.steps());

  for (const Observation& each : cluster.observations()) {
    if (each.kind == MemberChange::Kind::kFailed) CHECK_FALSE(cluster.runs(each.subject));
  }
}

}  // namespace ikada::gossip
