#include "cluster/service/reconcile.h"

#include <algorithm>
#include <deque>

#include <doctest/doctest.h>

#include "runtime/base/prng.h"
#include "tests/cluster/service/service_world.h"

namespace ikada::service {
namespace {

using std::chrono::seconds;

bool tells(const std::vector<std::string>& events, std::string_view part) {
  return std::any_of(events.begin(), events.end(), [&](const std::string& each) {
    return each.find(part) != std::string::npos;
  });
}

void limit(ServiceWorld& world, std::int32_t minimum, std::int32_t maximum) {
  world.service.deployment_configuration.minimum_healthy_percent = minimum;
  world.service.deployment_configuration.maximum_percent = maximum;
}

TEST_CASE("limits are rounded up and down") {
  CHECK(lower_limit(3, 50) == 2);
  CHECK(lower_limit(4, 100) == 4);
  CHECK(lower_limit(0, 100) == 0);
  CHECK(upper_limit(3, 125) == 3);
  CHECK(upper_limit(3, 150) == 4);
  CHECK(upper_limit(1'000'000'000, 200) == 2'000'000'000);
}

TEST_CASE("a new service starts what is missing at once and is complete when all are healthy") {
  ServiceWorld world(15);
  CHECK(world.step().starts == 15);
  world.obey();

  Decision decision = world.step();
  CHECK(decision.starts == 0);
  CHECK_FALSE(decision.is_steady);
  REQUIRE(decision.look_again.has_value());
  CHECK(*decision.look_again == world.now + kHealthyAfter);

  world.pass(kHealthyAfter);
  decision = world.step();
  CHECK(world.primary().rollout_state == "COMPLETED");
  CHECK(decision.is_steady);
  CHECK(tells(decision.events, "deployment completed."));
  CHECK_FALSE(world.step().changed.has_value());
}

TEST_CASE("scaling in stops tasks and leaves the hosts balanced") {
  ServiceWorld world(9);
  world.settle();
  world.scale(3);
  const Decision decision = world.step();
  CHECK(decision.stops.size() == 6);
  CHECK(decision.stops[0].reason ==
        "Scaling activity initiated by (deployment " + world.primary().id + ")");
  CHECK(tells(decision.events, "(service web) has stopped 6 running tasks: (task "));
  std::set<std::string> hosts;
  for (const Task& each : world.tasks) {
    if (each.desired_status == "RUNNING") hosts.insert(*each.container_instance);
  }
  CHECK(hosts.size() == 3);
}

TEST_CASE("a rolling update keeps within both limits and ends") {
  struct Case {
    std::int32_t desired, minimum, maximum;
    int fewest, most;
  };
  const Case cases[] = {{4, 100, 200, 4, 8},
                        {4, 50, 100, 2, 4},
                        {4, 75, 125, 3, 5},
                        {15, 100, 107, 15, 16},
                        {1, 0, 100, 0, 1},
                        {3, 0, 200, 0, 6}};
  for (const Case& each : cases) {
    CAPTURE(each.desired);
    CAPTURE(each.minimum);
    CAPTURE(each.maximum);
    ServiceWorld world(each.desired);
    limit(world, each.minimum, each.maximum);
    world.settle();
    world.deploy();
    world.fewest_healthy = each.desired;
    world.most_live = 0;
    world.settle();
    CHECK(world.live(world.primary().id) == each.desired);
    CHECK(world.service.deployments.size() == 1);
    CHECK(world.primary().rollout_state == "COMPLETED");
    CHECK(world.fewest_healthy >= each.fewest);
    CHECK(world.most_live <= each.most);
  }
}

TEST_CASE("tasks under protection stay until it ends") {
  ServiceWorld world(4);
  world.settle();
  for (Task& each : world.tasks) each.protected_until = world.now + std::chrono::minutes(10);
  world.tasks[0].protected_until = world.now;  // Ended.
  world.scale(1);
  Decision decision = world.step();
  REQUIRE(decision.stops.size() == 1);
  CHECK(decision.stops[0].task->id == world.tasks[0].id);
  CHECK(tells(decision.repeated_events,
              "(service web) was unable to reach steady state because (taskSet " +
                  world.primary().id +
                  ") was unable to scale in due to (reason 2 tasks under protection)"));
  CHECK(decision.look_again <= world.tasks[1].protected_until);
  world.obey();
  world.pass(std::chrono::minutes(1));
  decision = world.step();
  CHECK(decision.stops.empty());
  CHECK_FALSE(decision.is_steady);
  world.pass(std::chrono::minutes(10));
  CHECK(world.step().stops.size() == 2);
}

TEST_CASE("a deployment waits for protected tasks") {
  ServiceWorld world(2);
  world.settle();
  const std::string old = world.primary().id;
  for (Task& each : world.tasks) each.protected_until = world.now + std::chrono::minutes(10);
  world.deploy();
  for (int i = 0; i < 120; ++i) {
    world.step();
    world.obey();
    world.pass(std::chrono::seconds(1));
  }
  CHECK(world.live(old) == 2);
  CHECK(world.live(world.primary().id) == 2);
  CHECK(world.primary().rollout_state == "IN_PROGRESS");
  world.pass(std::chrono::minutes(10));
  world.settle();
  CHECK(world.live(old) == 0);
  CHECK(world.primary().rollout_state == "COMPLETED");
}

TEST_CASE("a configuration that allows nothing says so and changes nothing") {
  ServiceWorld world(2);
  limit(world, 100, 100);
  world.settle();
  world.deploy();
  const Decision decision = world.step();
  CHECK(decision.starts == 0);
  CHECK(decision.stops.empty());
  CHECK(tells(decision.repeated_events, "was unable to stop or start tasks during a deployment"));
}

TEST_CASE("old tasks that were never started are stopped at once") {
  ServiceWorld world(2);
  world.step();
  world.deploy();
  const Decision decision = world.step();
  CHECK(decision.stops.size() == 2);
  CHECK(tells(decision.events, "(service web) stopped 2 pending tasks."));
}

TEST_CASE("an unhealthy task is replaced: first started, then stopped") {
  ServiceWorld world(2);
  world.has_health_check = true;
  world.settle();
  world.tasks[0].health_status = "UNHEALTHY";
  Decision decision = world.step();
  CHECK(decision.starts == 1);
  CHECK(decision.replaced_unhealthy == 1);
  CHECK(decision.stops.empty());
  world.obey();
  decision = world.step();
  REQUIRE(decision.stops.size() == 1);
  CHECK(decision.stops[0].task == &world.tasks[0]);
  CHECK(decision.stops[0].reason == "Task failed container health checks");
}

TEST_CASE("without room for its replacement an unhealthy task goes first") {
  ServiceWorld world(2);
  limit(world, 100, 100);
  world.has_health_check = true;
  world.settle();
  for (Task& each : world.tasks) each.health_status = "UNHEALTHY";
  CHECK(world.step().stops.size() == 1);
  const Decision decision = world.step();
  CHECK(decision.stops.empty());
  CHECK(decision.starts == 1);
}

TEST_CASE("checks do not count in the grace period") {
  ServiceWorld world(1);
  world.has_health_check = true;
  world.service.health_check_grace_period_seconds = 60;
  world.step();
  world.obey();
  world.tasks[0].health_status = "UNHEALTHY";
  Decision decision = world.step();
  CHECK(decision.starts == 0);
  REQUIRE(decision.look_again.has_value());
  CHECK(*decision.look_again == world.now + seconds(60));
  world.pass(seconds(60));
  CHECK(world.step().starts == 1);
}

TEST_CASE("tasks of a host that is drained are replaced within the limits") {
  ServiceWorld world(3);
  limit(world, 100, 134);
  world.settle();
  world.draining.insert("host-0");
  world.fewest_healthy = 3;
  world.most_live = 0;
  const Decision decision = world.step();
  CHECK(decision.starts == 1);
  CHECK(decision.stops.empty());
  for (Task& each : world.tasks) {
    if (each.last_status == TaskStatus::kPending) each.container_instance = "host-1";
  }
  world.settle();
  CHECK(world.fewest_healthy == 3);
  CHECK(world.most_live == 4);
  for (const Task& each : world.tasks) {
    CHECK((each.last_status == TaskStatus::kStopped || each.container_instance != "host-0"));
  }
}

TEST_CASE("a task that died is replaced at once, a repeated death waits longer and longer") {
  ServiceWorld world(1);
  world.settle();
  world.fail(world.tasks[0], "EssentialContainerExited");
  CHECK(world.step().starts == 1);
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 4; ++i) {
    world.obey();
    world.fail(world.tasks.back(), "EssentialContainerExited");
    const Decision decision = world.step();
    if (decision.starts == 1) {
      waits.push_back(0);
      continue;
    }
    REQUIRE(decision.look_again.has_value());
    waits.push_back(decision.look_again->milliseconds - world.now.milliseconds);
    world.now = *decision.look_again;
    CHECK(world.step().starts == 1);
  }
  CHECK(waits == std::vector<std::int64_t>{0, 1000, 2000, 4000});
}

TEST_CASE("of tasks that do not start only a few are tried within seconds") {
  ServiceWorld world(2);
  world.settle();
  world.can_start = false;
  world.scale(8);
  const size_t before = world.tasks.size();
  for (int i = 0; i < 8; ++i) {
    world.step();
    world.pass(std::chrono::milliseconds(300));
    world.obey();
    world.step();
    world.pass(std::chrono::milliseconds(700));
    world.obey();
  }
  // All six at once, then one at a time.
  CHECK(world.tasks.size() - before <= 11);

  world.can_start = true;
  world.settle();
  CHECK(world.live(world.primary().id) == 8);
}

TEST_CASE("a step stops and tells no more than one transaction takes") {
  ServiceWorld world(100);
  world.settle();
  world.service.status = "DRAINING";
  const Decision decision = world.step();
  CHECK(decision.stops.size() == kMostStops);
  REQUIRE(decision.events.size() == 1);
  CHECK(decision.events[0].starts_with("(service web) has stopped 40 running tasks: (task "));
  CHECK(decision.events[0].size() < 2000 + kMostStops * 10);
  world.settle();
  CHECK(world.service.status == "INACTIVE");
}

TEST_CASE("a service that is deleted stops its tasks and is INACTIVE when they are gone") {
  ServiceWorld world(3);
  world.settle();
  world.service.status = "DRAINING";
  CHECK(world.step().stops.size() == 3);
  CHECK(world.service.status == "DRAINING");
  world.obey();
  world.step();
  CHECK(world.service.status == "INACTIVE");
  CHECK(world.service.inactive_at == world.now);
  CHECK_FALSE(world.step().changed.has_value());
}

// What a decision comes to, as text.
std::string told(const Decision& decision) {
  Json json = {{"starts", decision.starts},
               {"startsOn", decision.starts_on},
               {"events", decision.events},
               {"repeated", decision.repeated_events},
               {"isSteady", decision.is_steady},
               {"lookAgain", decision.look_again.value_or(Timestamp{}).milliseconds}};
  if (decision.changed.has_value()) json["changed"] = to_json(*decision.changed);
  for (const auto& [id, targets] : decision.targets) json["targets"][id] = to_json(targets);
  for (const Stop& each : decision.stops) json["stops"].push_back(each.task->id + each.reason);
  return json.dump();
}

// A service of two tasks that may be as it is to be, but in one or two things is not.
struct NearlySteady {
  explicit NearlySteady(std::uint64_t seed) : prng(seed) {
    service.name = "web";
    service.desired_count = is_odd() ? 3 : 2;
    if (is_odd()) service.status = "DRAINING";
    service.deployments = {{.id = "ecs-svc/1", .family = "web", .revision = 1}};
    service.deployments[0].rollout_state = is_odd() ? "IN_PROGRESS" : "COMPLETED";
    if (is_odd()) service.deployments.push_back({.id = "ecs-svc/0", .status = "ACTIVE"});
    if (is_odd()) service.rebalancing = Rebalancing{.changed_at = now};
    if (is_odd()) service.health_check_grace_period_seconds = 1000;
    for (const char* id : {"a", "b"}) add(id);
    if (is_odd()) add("c");
  }

  bool is_odd() { return prng.below(12) == 0; }

  void add(const char* id) {
    Task& task = tasks.emplace_back(Task{.cluster = "default", .id = id, .family = "web"});
    task.last_status = is_odd() ? TaskStatus::kPending : TaskStatus::kRunning;
    if (is_odd()) task.last_status = TaskStatus::kStopped;
    if (is_odd()) task.desired_status = "STOPPED";
    task.started_by = is_odd() ? "ecs-svc/0" : "ecs-svc/1";
    task.started_at = is_odd() ? now : Timestamp{1};
    task.health_status = is_odd() ? "UNHEALTHY" : "HEALTHY";
    task.containers = {{.name = "app"}};
    if (is_odd()) task.containers[0].image_digest = "sha256:1";
    if (prng.below(2) == 0) return;
    task.targets = TaskTargets{.load_balancers = {{.target_group_arn = "arn:tg"}}};
    if (!is_odd()) task.targets->registered_at = now;
    if (!is_odd()) task.targets->healthy_since = now;
  }

  ServiceView view() {
    ServiceView view{.service = &service, .now = now};
    if (prng.below(2) == 0) view.tagged = {{"app", "web:1"}};
    for (const Task& each : tasks) {
      ServiceTask task{.task = &each};
      task.has_health_check = prng.below(2) == 0;
      task.is_on_draining_host = is_odd();
      task.targets.has_groups = each.targets.has_value();
      task.targets.state = static_cast<TargetsView::State>(is_odd() ? prng.below(3) : 1);
      view.tasks.push_back(task);
    }
    return view;
  }

  Prng prng;
  Timestamp now{1'000'000'000};
  Service service = {};
  std::deque<Task> tasks = {};
};

TEST_CASE("a service at rest is told apart from one that has something to do") {
  int at_rest = 0;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    NearlySteady one(seed);
    const ServiceView view = one.view();
    // Where its tasks could be moved to is of no account, as it is not to be rebalanced, but makes
    // the whole step be gone through.
    ServiceView longer = view;
    longer.balance["host"] = {};

    const Decision decision = reconcile(view);

    REQUIRE_MESSAGE(told(decision) == told(reconcile(longer)), seed);
    if (decision.is_steady && !decision.changed.has_value()) ++at_rest;
  }
  CHECK(at_rest > 1000);
  CHECK(at_rest < 15'000);
}

}  // namespace
}  // namespace ikada::service
