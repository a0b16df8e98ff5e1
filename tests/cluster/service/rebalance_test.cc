#include "cluster/service/rebalance.h"

#include <doctest/doctest.h>

#include "tests/cluster/service/service_world.h"

namespace ikada::service {
namespace {

using Counts = std::map<std::string, int>;

// Tasks on hosts as given; starts_on puts them where they belong, and time passes until nothing
// more happens.
struct Spread {
  explicit Spread(const Counts& counts) : world(0) {
    int all = 0;
    for (const auto& [host, count] : counts) {
      world.balance[host] = {.zone = "a", .has_room = true};
      all += count;
    }
    world.service.availability_zone_rebalancing = "ENABLED";
    world.scale(all);
    primary_of(world.service)->rollout_state = "COMPLETED";
    for (const auto& [host, count] : counts) {
      for (int i = 0; i < count; ++i) {
        world.add(world.primary(), TaskStatus::kRunning).container_instance = host;
      }
    }
    world.pass(std::chrono::minutes(5));
    world.fewest_healthy = all;
  }

  Counts counts() const {
    Counts found;
    for (const auto& [host, unused] : world.balance) found[host] = 0;
    for (const Task& each : world.tasks) {
      if (each.last_status == TaskStatus::kRunning) ++found[*each.container_instance];
    }
    return found;
  }

  // How many tasks were started.
  size_t run(std::chrono::minutes time = std::chrono::minutes(20)) {
    const size_t before = world.tasks.size();
    for (int i = 0; i < time.count() * 60; ++i) {
      Decision decision = world.step();
      for (std::string& each : decision.events) events.push_back(std::move(each));
      world.obey();
      world.pass(std::chrono::seconds(1));
    }
    return world.tasks.size() - before;
  }

  ServiceWorld world;
  std::vector<std::string> events = {};
};

TEST_CASE("a host that has come back gets its share, a task at a time and start first") {
  Spread it({{"1", 3}, {"2", 3}, {"3", 0}});
  it.world.most_live = 0;

  CHECK(it.run() == 2);

  CHECK(it.counts() == Counts{{"1", 2}, {"2", 2}, {"3", 2}});
  CHECK(it.world.fewest_healthy == 6);
  CHECK(it.world.most_live == 7);
  REQUIRE_FALSE(it.events.empty());
  CHECK(it.events.front() ==
        "(service web) is not host balanced with 3 tasks in (container-instance 1), 3 tasks in "
        "(container-instance 2), 0 tasks in (container-instance 3). host Rebalancing in "
        "progress.");
  CHECK(it.events.back() ==
        "(service web) is host balanced with 2 tasks in (container-instance 1), 2 tasks in "
        "(container-instance 2), 2 tasks in (container-instance 3).");
  CHECK(it.run() == 0);
}

TEST_CASE("zones are evened before the hosts of one, and a difference of one stays") {
  Spread it({{"1", 2}, {"2", 2}, {"3", 1}});
  it.world.balance["3"].zone = "b";
  CHECK(it.run() == 1);
  CHECK(it.counts()["3"] == 2);
  CHECK(std::any_of(it.events.begin(), it.events.end(), [](const std::string& each) {
    return each ==
           "(service web) is not AZ balanced with 4 tasks in a, 1 tasks in b. AZ Rebalancing in "
           "progress.";
  }));
}

TEST_CASE("hosts and zones without tasks count, too") {
  CHECK_FALSE(is_uneven({}));
  CHECK_FALSE(is_uneven({{"a", {.hosts = 64}}}));
  CHECK_FALSE(is_uneven({{"a", {.hosts = 3, .tasks = {1, 1}}}}));
  CHECK_FALSE(is_uneven({{"a", {.hosts = 2, .tasks = {7, 8}}}}));
  CHECK(is_uneven({{"a", {.hosts = 3, .tasks = {2, 2}}}}));
  CHECK(is_uneven({{"a", {.hosts = 2, .tasks = {3, 1}}}}));
  CHECK(is_uneven({{"a", {.hosts = 2, .tasks = {1, 1}}}, {"b", {.hosts = 1}}}));
  CHECK_FALSE(is_uneven({{"a", {.hosts = 1, .tasks = {1}}}, {"b", {.hosts = 1}}}));
}

TEST_CASE("of many tasks some are moved at once") {
  Spread it({{"1", 30}, {"2", 0}, {"3", 0}, {"4", 0}});
  it.world.most_live = 0;
  it.run(std::chrono::minutes(60));
  CHECK(it.counts() == Counts{{"1", 8}, {"2", 8}, {"3", 7}, {"4", 7}});
  CHECK(it.world.most_live == 33);
  CHECK(it.world.fewest_healthy == 30);
}

TEST_CASE("what is not to be moved is not moved") {
  SUBCASE("when it is off") {
    Spread it({{"1", 4}, {"2", 0}});
    it.world.service.availability_zone_rebalancing = "DISABLED";
    CHECK(it.run() == 0);
  }
  SUBCASE("when the other host has no room") {
    Spread it({{"1", 4}, {"2", 0}});
    it.world.balance["2"].has_room = false;
    CHECK(it.run() == 0);
  }
  SUBCASE("when tasks are packed") {
    Spread it({{"1", 4}, {"2", 0}});
    it.world.service.placement_strategy = {{.type = "binpack", .field = "memory"}};
    CHECK(it.run() == 0);
  }
  SUBCASE("when there may be no more tasks than are desired") {
    Spread it({{"1", 4}, {"2", 0}});
    it.world.service.deployment_configuration.maximum_percent = 100;
    CHECK(it.run() == 0);
  }
  SUBCASE("when it is protected") {
    Spread it({{"1", 4}, {"2", 0}});
    for (Task& each : it.world.tasks) {
      each.protected_until = it.world.now + std::chrono::hours(10);
    }
    CHECK(it.run() == 0);
  }
  SUBCASE("while a deployment is under way") {
    Spread it({{"1", 4}, {"2", 0}});
    primary_of(it.world.service)->rollout_state = "IN_PROGRESS";
    it.world.has_health_check = true;
    for (int i = 0; i < 300; ++i) {
      it.world.step();
      it.world.pass(std::chrono::seconds(1));
    }
    CHECK(it.world.tasks.size() == 4);
  }
}

TEST_CASE("a move whose new task does not become healthy is given up") {
  Spread it({{"1", 4}, {"2", 0}});
  it.world.has_targets = true;
  for (Task& each : it.world.tasks) {
    each.targets = TaskTargets{.load_balancers = {{.target_group_arn = "arn:tg"}}};
    each.targets->registered_at = it.world.now;
    each.targets->healthy_since = it.world.now;
    it.world.seen[each.id] = TargetsView::State::kHealthy;
  }
  it.world.seen_of_others = TargetsView::State::kUnknown;

  it.run(std::chrono::minutes(12));

  CHECK(it.counts()["1"] == 4);
  CHECK(it.world.fewest_healthy == 4);
}

TEST_CASE("a deployment or another count ends a move") {
  Spread it({{"1", 4}, {"2", 0}});
  it.run(std::chrono::minutes(1));
  REQUIRE(it.world.service.rebalancing.has_value());
  REQUIRE(it.world.service.rebalancing->tasks.size() == 1);
  it.world.scale(3);
  it.world.step();
  CHECK(it.world.service.rebalancing->tasks.empty());
}

}  // namespace
}  // namespace ikada::service
