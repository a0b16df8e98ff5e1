// Clusters in trouble, and the figures that the protocol is judged by.
#include <algorithm>

#include <doctest/doctest.h>

#include "tests/cluster/gossip/simulation.h"

namespace ikada::gossip {
namespace {

using std::chrono::seconds;
using Kind = MemberChange::Kind;

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
}

// How often somebody who runs was declared dead, except for `expected`.
size_t false_alarms(const Simulation& cluster, size_t expected = SIZE_MAX) {
  return static_cast<size_t>(std::count_if(
      cluster.observations().begin(), cluster.observations().end(), [&](const Observation& each) {
        return each.kind == Kind::kFailed && each.subject != expected && cluster.runs(each.subject);
      }));
}

struct Detection {
  std::vector<double> first;
  std::vector<double> all;
};

// `trials` clusters of `members`, in each of which one is killed.
Detection detect(size_t members, size_t trials, double loss) {
  Detection times;
  for (size_t trial = 0; trial < trials; ++trial) {
    Simulation cluster(1000 * members + trial);
    cluster.network().loss = loss;
    cluster.add_acquainted(members);
    cluster.run_for(seconds(2) + milliseconds(37 * trial));
    cluster.forget_observations();
    const size_t victim = trial % members;
    const TimePoint start = cluster.now();
    cluster.kill(victim);
    REQUIRE(cluster.run_until([&] { return cluster.is_dead_to_all(victim); }, seconds(30)));
    times.all.push_back(to_seconds(cluster.now() - start));
    for (const Observation& each : cluster.observations()) {
      if (each.kind != Kind::kFailed || each.subject != victim) continue;
      times.first.push_back(to_seconds(each.when - start));
      break;
    }
  }
  return times;
}

}  // namespace

TEST_CASE("death is known to all in a third of the time that serf takes") {
  // serf's LAN profile, measured: 6.1 s for all others of 5, 7.95 s of 32.
  for (const auto& [members, limit] : {std::pair<size_t, double>{5, 2.0}, {32, 2.6}}) {
    const Detection times = detect(members, 60, 0);
    fmt::print("detection, {} members: first p50 {:.2f} s, all p50 {:.2f} p99 {:.2f} s\n",
               members,
               quantile(times.first, 0.5),
               quantile(times.all, 0.5),
               quantile(times.all, 0.99));

    CHECK(quantile(times.all, 0.5) <= limit);
    CHECK(quantile(times.all, 0.99) <= limit * 1.6);
  }
}

TEST_CASE("death is known to all although a third of the packets is lost") {
  const Detection times = detect(32, 20, 0.3);
  fmt::print("detection, 32 members, 30 % loss: all p50 {:.2f} p99 {:.2f} s\n",
             quantile(times.all, 0.5),
             quantile(times.all, 0.99));

  CHECK(quantile(times.all, 0.5) <= 4);
  CHECK(quantile(times.all, 0.99) <= 10);
}

TEST_CASE("lost packets alone make nobody dead") {
  for (const double loss : {0.0, 0.1, 0.3}) {
    Simulation cluster(42);
    cluster.network().loss = loss;
    cluster.add_acquainted(32);
    cluster.run_for(seconds(2));
    const std::uint64_t before = cluster.bytes_sent();

    cluster.run_for(seconds(120));

    const auto suspected = std::count_if(
        cluster.observations().begin(), cluster.observations().end(), [](const auto& each) {
          return each.kind == Kind::kSuspected;
        });
    const double rate = static_cast<double>(cluster.bytes_sent() - before) / 120 / 32;
    fmt::print("loss {:.0f} %: {} false alarms in 32 x 120 s, {} suspicions, {:.0f} B/s each\n",
               loss * 100,
               false_alarms(cluster),
               suspected,
               rate);
    CHECK(false_alarms(cluster) == 0);
    CHECK(rate <= (loss == 0 ? 430 : 10000));  // serf's 32 members send 430 B/s each.
  }
}

TEST_CASE("members that come all at once, or where packets are lost, soon agree") {
  for (const double loss : {0.0, 0.3}) {
    std::vector<double> times;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      Simulation cluster(seed);
      cluster.network().loss = loss;
      cluster.add(32);
      for (size_t i = 1; i < 32; ++i) cluster.join(i, 0);
      const TimePoint start = cluster.now();
      REQUIRE(cluster.run_until([&] { return cluster.agrees(); }, seconds(30)));
      times.push_back(to_seconds(cluster.now() - start));
    }
    fmt::print("join of 32, {:.0f} % loss: p50 {:.2f}, worst {:.2f} s\n",
               loss * 100,
               quantile(times, 0.5),
               quantile(times, 1));
    CHECK(quantile(times, 0.5) <= (loss == 0 ? 0.5 : 3));
    CHECK(quantile(times, 1) <= (loss == 0 ? 2 : 10));
  }
}

TEST_CASE("doubled and overtaken packets change nothing") {
  Simulation cluster(43);
  cluster.network() = {.loss = 0.05, .duplicates = 0.5, .max_delay = milliseconds(40)};
  cluster.add(16);
  for (size_t i = 1; i < 16; ++i) cluster.join(i, i - 1);

  CHECK(cluster.run_until([&] { return cluster.agrees(); }, seconds(5)));
  cluster.run_for(seconds(60));
  CHECK(false_alarms(cluster) == 0);
}

TEST_CASE("clocks that run a tenth too fast or too slow make nobody dead") {
  Simulation cluster(44);
  cluster.add(4, 1.1);
  cluster.add(4, 0.9);
  cluster.add(4);
  for (size_t i = 1; i < 12; ++i) cluster.join(i, 0);
  cluster.run_for(seconds(120));

  CHECK(cluster.agrees());
  CHECK(false_alarms(cluster) == 0);
}

TEST_CASE("both sides of a partition agree again within seconds after it") {
  for (const size_t members : {5U, 32U}) {
    Simulation cluster(45);
    cluster.add_acquainted(members);
    cluster.run_for(seconds(1));
    cluster.partition([&](size_t i) { return i < members * 2 / 5; });
    cluster.run_for(seconds(60));
    CHECK(cluster.status(0, members - 1) == Status::kDead);
    CHECK(cluster.status(members - 1, 0) == Status::kDead);
    CHECK(cluster.status(0, 1) == Status::kAlive);

    cluster.heal();
    const TimePoint start = cluster.now();
    CHECK(cluster.run_until([&] { return cluster.agrees(); }, seconds(35)));
    fmt::print("{} members agree {:.2f} s after a partition\n",
               members,
               to_seconds(cluster.now() - start));
    cluster.forget_observations();
    cluster.run_for(seconds(30));
    CHECK(cluster.agrees());
    CHECK(false_alarms(cluster) == 0);
  }
}

TEST_CASE("a member that only hears, or is only heard, makes no others dead") {
  for (const bool is_deaf : {true, false}) {
    Simulation cluster(46);
    cluster.add_acquainted(12);
    cluster.run_for(seconds(1));
    for (size_t i = 1; i < 12; ++i) {
      cluster.set_cut(is_deaf ? i : 0, is_deaf ? 0 : i, true);
    }
    cluster.run_for(seconds(60));

    for (const Observation& each : cluster.observations()) {
      if (each.kind == Kind::kFailed) CHECK((each.observer == 0 || each.subject == 0));
    }
    cluster.heal();
    CHECK(cluster.run_until([&] { return cluster.agrees(); }, seconds(10)));
  }
}

TEST_CASE("one cut wire among many makes nobody dead") {
  Simulation cluster(47);
  cluster.add_acquainted(8);
  cluster.set_cut(0, 1, true);
  cluster.set_cut(1, 0, true);

  cluster.run_for(seconds(120));

  CHECK(false_alarms(cluster) == 0);
}

TEST_CASE("a member that is stopped every other five seconds makes no others dead") {
  Simulation cluster(48);
  cluster.add_acquainted(32);
  for (int i = 0; i < 12; ++i) {
    cluster.run_for(seconds(5));
    cluster.pause(7);
    cluster.run_for(seconds(5));
    cluster.resume(7);
  }
  cluster.run_for(seconds(5));

  CHECK(false_alarms(cluster, 7) == 0);
  CHECK(cluster.agrees());
}

TEST_CASE("members without enough processor time make nobody dead") {
  Simulation cluster(49);
  cluster.add_acquainted(32);
  Prng random(1);
  // A third of the members gets 20 ms out of 20 to 220 ms.
  for (int turn = 0; turn < 1500; ++turn) {
    for (size_t i = 0; i < 10; ++i) {
      if (random.below(10) == 0)
        cluster.resume(i);
      else
        cluster.pause(i);
    }
    cluster.run_for(milliseconds(20));
  }
  for (size_t i = 0; i < 10; ++i) cluster.resume(i);
  fmt::print("starved: {} false alarms in 32 x 30 s\n", false_alarms(cluster));

  CHECK(false_alarms(cluster) == 0);
  CHECK(cluster.run_until([&] { return cluster.agrees(); }, seconds(10)));
}

TEST_CASE("whatever happens, those who run agree soon after it has stopped") {
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    CAPTURE(seed);
    Simulation cluster(seed);
    Prng random(seed);
    cluster.add(12);
    for (size_t i = 1; i < 12; ++i) cluster.join(i, random.below(i));
    cluster.run_for(seconds(3));
    for (int turn = 0; turn < 15; ++turn) {
      const size_t one = random.below(12);
      const size_t other = random.below(12);
      switch (random.below(8)) {
        case 0:
          if (cluster.runs(one)) cluster.kill(one);
          break;
        case 1:
          if (cluster.runs(one)) break;
          cluster.restart(one, 1 + random.below(3));
          for (size_t seed_of = 0; seed_of < 12; ++seed_of) {
            if (seed_of != one && cluster.runs(seed_of)) cluster.join(one, seed_of);
          }
          break;
        case 2:
          cluster.pause(one);
          break;
        case 3:
          cluster.resume(one);
          break;
        case 4:
          cluster.set_cut(one, other, true);
          break;
        case 5:
          cluster.partition([&](size_t i) { return i % 3 == one % 3; });
          break;
        case 6:
          cluster.network().loss = static_cast<double>(random.below(50)) / 100;
          break;
        default:
          cluster.heal();
          break;
      }
      cluster.run_for(milliseconds(random.below(4000)));
    }
    cluster.heal();
    cluster.network().loss = 0;
    for (size_t i = 0; i < 12; ++i) cluster.resume(i);

    const TimePoint start = cluster.now();
    CHECK(cluster.run_until([&] { return cluster.agrees(); }, seconds(40)));
    if (seed < 3)
      fmt::print("seed {}: agrees after {:.1f} s\n", seed, to_seconds(cluster.now() - start));
    cluster.forget_observations();
    cluster.run_for(seconds(20));
    CHECK(false_alarms(cluster) == 0);
    CHECK(cluster.agrees());
  }
}

}  // namespace ikada::gossip
