#include "cluster/agent/task_machine.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

using Kind = TaskCommand::Kind;
using Commands = std::vector<TaskCommand>;

// A task and its clock, which begins at 1 000 s by the wall's and at 0 by its own.
struct Life {
  TaskDefinition definition;
  TaskMachine machine;
  std::int64_t ms = 0;

  explicit Life(const char* containers)
      : definition(read(containers)), machine(TaskMachine::create(definition, Task{.id = "t"})) {}

  static TaskDefinition read(const char* containers) {
    const auto json = parse_json(fmt::format(R"({{"containerDefinitions": {}}})", containers));
    REQUIRE(json.has_value());
    auto definition = from_json<TaskDefinition>(*json, "definition");
    REQUIRE(definition.has_value());
    return *definition;
  }

  Moment now() const { return {.steady_ms = ms, .wall = {1'000'000 + ms}}; }
  Commands begin() { return machine.begin(now()); }
  Commands step(const TaskEvent& event) { return machine.step(event, now()); }
  Commands after(std::int64_t wait_ms, const TaskEvent& event = TimePassed{}) {
    ms += wait_ms;
    return step(event);
  }
  // To the moment that the machine asked for.
  Commands wake() {
    REQUIRE(machine.next_wake_ms().has_value());
    ms = *machine.next_wake_ms();
    return step(TimePassed{});
  }
  void run(const char* name, std::int32_t generation = 1) {
    if (generation == 1) step(ImagePulled{name, "sha256:1"});
    step(ContainerStarted{name, generation, std::string("id-") + name, {}});
  }
  void run_all() {
    begin();
    for (const ContainerRules& each : machine.rules()) run(each.name.c_str());
    REQUIRE(task().last_status == TaskStatus::kRunning);
  }

  const Task& task() const { return machine.task(); }
  const TaskContainer& container(size_t i) const { return task().containers[i]; }
};

constexpr const char* kOne = R"([{"name": "a", "image": "i"}])";
constexpr const char* kWebAndDb = R"([
    {"name": "web", "image": "i", "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}]},
    {"name": "db", "image": "i", "startTimeout": 60, "stopTimeout": 5,
     "healthCheck": {"command": ["CMD", "/probe"], "interval": 10, "retries": 2}}])";

}  // namespace

TEST_CASE("a task goes from PENDING to RUNNING and keeps the times of its way") {
  Life life(kOne);

  CHECK(life.begin() == Commands{{Kind::kPull, "a", 0}});
  CHECK(life.task().last_status == TaskStatus::kPending);
  CHECK(life.task().pull_started_at == Timestamp{1'000'000});
  CHECK(life.after(500, ImagePulled{"a", "sha256:12"}) == Commands{{Kind::kStart, "a", 1}});
  CHECK(life.task().pull_stopped_at == Timestamp{1'000'500});
  CHECK(life.after(100, ContainerStarted{"a", 1, "id-a", {}}).empty());

  CHECK(life.task().last_status == TaskStatus::kRunning);
  CHECK(life.task().started_at == Timestamp{1'000'600});
  CHECK(life.container(0).last_status == "RUNNING");
  CHECK(life.container(0).runtime_id == "id-a");
  CHECK(life.container(0).image_digest == "sha256:12");
  CHECK_FALSE(life.task().stop_code.has_value());
  CHECK_FALSE(life.container(0).exit_code.has_value());
  CHECK_FALSE(life.machine.next_wake_ms().has_value());
}

TEST_CASE("the exit of an essential container ends the task in ECS's words") {
  Life life(kOne);
  life.run_all();

  life.after(1000, ContainerEnded{"a", 1, 3});

  CHECK(life.machine.is_over());
  CHECK(life.task().desired_status == "STOPPED");
  CHECK(life.task().stop_code == "EssentialContainerExited");
  CHECK(life.task().stopped_reason == "Essential container in task exited");
  CHECK(life.container(0).exit_code == 3);
  CHECK_FALSE(life.container(0).reason.has_value());
  CHECK(life.task().execution_stopped_at == Timestamp{1'001'000});
  CHECK(life.task().stopping_at == Timestamp{1'001'000});
  CHECK(life.task().stopped_at == Timestamp{1'001'000});
}

TEST_CASE("a container that was killed for its memory says so") {
  Life life(kOne);
  life.run_all();

  life.step(ContainerEnded{"a", 1, 137, true});

  CHECK(life.container(0).reason == "OutOfMemoryError: Container killed due to memory usage");
  CHECK(life.container(0).exit_code == 137);
}

TEST_CASE("an essential image that cannot be pulled stops the task before anything runs") {
  Life life(R"([{"name": "a", "image": "i"}, {"name": "b", "image": "i"}])");
  life.begin();
  life.step(ImagePulled{"b"});

  const Commands commands = life.step(ContainerFailed{"a", "CannotPullContainerError: no such"});

  CHECK(commands == Commands{});
  CHECK(life.task().last_status == TaskStatus::kStopping);
  CHECK(life.step(ContainerStarted{"b", 1, "id", {}}) == Commands{{Kind::kSignal, "b", 1}});
  life.step(ContainerEnded{"b", 1, 143});
  CHECK(life.machine.is_over());
  CHECK(life.task().stop_code == "TaskFailedToStart");
  CHECK(life.task().stopped_reason == "CannotPullContainerError: no such");
  CHECK(life.container(0).reason == "CannotPullContainerError: no such");
  CHECK_FALSE(life.container(0).exit_code.has_value());
  CHECK_FALSE(life.task().started_at.has_value());
}

TEST_CASE("a container that is not essential may fail and end while the task runs") {
  Life life(R"([{"name": "a", "image": "i"}, {"name": "b", "image": "i", "essential": false},
                {"name": "c", "image": "i", "essential": false}])");
  life.begin();
  life.step(ContainerFailed{"b", "CannotPullContainerError: gone"});
  life.run("a");
  life.run("c");
  life.step(ContainerEnded{"c", 1, 0});

  CHECK(life.task().last_status == TaskStatus::kRunning);
  CHECK(life.container(1).reason == "CannotPullContainerError: gone");
  CHECK(life.container(2).last_status == "STOPPED");
}

TEST_CASE("HEALTHY waits for the check, and the task runs when the last container does") {
  Life life(kWebAndDb);
  life.begin();
  life.step(ImagePulled{"web"});
  CHECK(life.step(ImagePulled{"db"}) == Commands{{Kind::kStart, "db", 1}});
  CHECK(life.step(ContainerStarted{"db", 1, "id", {}}).empty());
  CHECK(life.task().last_status == TaskStatus::kPending);
  CHECK(life.wake() == Commands{{Kind::kCheck, "db", 1}});
  CHECK(life.ms == 10'000);
  CHECK(life.container(1).health_status == "UNKNOWN");

  CHECK(life.step(HealthChecked{"db", 1, true}) == Commands{{Kind::kStart, "web", 1}});

  CHECK(life.container(1).health_status == "HEALTHY");
  CHECK(life.task().health_status == "HEALTHY");
  life.step(ContainerStarted{"web", 1, "id", {}});
  CHECK(life.task().last_status == TaskStatus::kRunning);
}

TEST_CASE("a dependency that is not healthy in its startTimeout stops the task") {
  Life life(kWebAndDb);
  life.begin();
  life.step(ImagePulled{"web"});
  life.run("db");

  Commands commands;
  while (commands.empty() || commands[0].kind == Kind::kCheck) {
    if (!commands.empty()) {
      commands = life.step(HealthChecked{"db", 1, false});
    } else {
      commands = life.wake();
    }
  }

  CHECK(life.ms == 60'000);
  CHECK(commands == Commands{{Kind::kSignal, "db", 1}});
  CHECK(life.task().stop_code == "TaskFailedToStart");
  CHECK(life.task().stopped_reason ==
        "dependency graph: container ordering dependency [db] for target [web] has timed out.");
}

TEST_CASE("SUCCESS wants exit status 0, COMPLETE any") {
  Life life(R"([{"name": "a", "image": "i",
                 "dependsOn": [{"containerName": "s", "condition": "SUCCESS"},
                               {"containerName": "c", "condition": "COMPLETE"}]},
                {"name": "s", "image": "i", "essential": false},
                {"name": "c", "image": "i", "essential": false}])");
  life.begin();
  for (const char* each : {"a", "s", "c"}) life.step(ImagePulled{each});
  life.step(ContainerStarted{"s", 1, "id", {}});
  life.step(ContainerStarted{"c", 1, "id", {}});
  CHECK(life.step(ContainerEnded{"c", 1, 9}).empty());

  SUBCASE("0") { CHECK(life.step(ContainerEnded{"s", 1, 0}) == Commands{{Kind::kStart, "a", 1}}); }
  SUBCASE("1") {
    life.step(ContainerEnded{"s", 1, 1});
    CHECK(life.machine.is_over());
    CHECK(life.task().stopped_reason ==
          "dependency graph: container ordering dependency [s] for target [a] did not exit "
          "successfully.");
  }
}

TEST_CASE("containers are stopped in the reverse of the order of their dependencies") {
  Life life(kWebAndDb);
  life.begin();
  life.step(ImagePulled{"web"});
  life.run("db");
  life.wake();
  life.step(HealthChecked{"db", 1, true});
  life.step(ContainerStarted{"web", 1, "id", {}});

  CHECK(life.step(StopWanted{"UserInitiated", "enough"}) == Commands{{Kind::kSignal, "web", 1}});
  CHECK(life.task().last_status == TaskStatus::kStopping);
  CHECK(life.wake() == Commands{{Kind::kKill, "web", 1}});
  CHECK(life.ms == 40'000);
  CHECK(life.step(ContainerEnded{"web", 1, 137}) == Commands{{Kind::kSignal, "db", 1}});
  CHECK(life.wake() == Commands{{Kind::kKill, "db", 1}});
  CHECK(life.ms == 45'000);
  CHECK(life.wake() == Commands{{Kind::kKill, "db", 1}});
  life.step(ContainerEnded{"db", 1, 137});

  CHECK(life.machine.is_over());
  CHECK(life.task().stop_code == "UserInitiated");
  CHECK(life.task().stopped_reason == "enough");
}

TEST_CASE("a task that is stopped while it pulls is over at once and starts nothing") {
  Life life(kOne);
  life.begin();

  CHECK(life.step(StopWanted{}).empty());
  CHECK(life.machine.is_over());
  CHECK(life.task().stopped_reason == "Task stopped by user");
  CHECK(life.step(ImagePulled{"a"}).empty());
}

TEST_CASE("a container is started again if it ran for the restart period") {
  Life life(R"([{"name": "a", "image": "i", "restartPolicy":
                 {"enabled": true, "restartAttemptPeriod": 60, "ignoredExitCodes": [7]}}])");
  life.run_all();

  SUBCASE("long enough") {
    CHECK(life.after(60'000, ContainerEnded{"a", 1, 1}) == Commands{{Kind::kStart, "a", 2}});
    CHECK(life.task().last_status == TaskStatus::kRunning);
    CHECK(life.machine.restarts() == std::map<std::string, std::int32_t>{{"a", 1}});
    life.run("a", 2);
    life.step(ContainerEnded{"a", 1, 1});
    CHECK(life.task().last_status == TaskStatus::kRunning);
    life.after(59'999, ContainerEnded{"a", 2, 1});
    CHECK(life.machine.is_over());
  }
  SUBCASE("too short") {
    life.after(59'999, ContainerEnded{"a", 1, 1});
    CHECK(life.machine.is_over());
  }
  SUBCASE("an ignored status") {
    life.after(90'000, ContainerEnded{"a", 1, 7});
    CHECK(life.machine.is_over());
  }
  SUBCASE("while the task stops") {
    life.step(StopWanted{});
    life.after(90'000, ContainerEnded{"a", 1, 1});
    CHECK(life.machine.is_over());
  }
}

TEST_CASE("an unhealthy container makes the task unhealthy, which goes on running") {
  Life life(R"([{"name": "a", "image": "i",
                 "healthCheck": {"command": ["CMD", "x"], "interval": 5, "retries": 1}}])");
  life.run_all();
  life.wake();

  life.step(HealthChecked{"a", 1, false});

  CHECK(life.container(0).health_status == "UNHEALTHY");
  CHECK(life.task().health_status == "UNHEALTHY");
  CHECK(life.task().last_status == TaskStatus::kRunning);
}

TEST_CASE("resources that cannot be had stop the task, its containers without a reason") {
  Life life(kOne);
  life.begin();

  life.step(ResourcesFailed{"ResourceInitializationError: no secret"});

  CHECK(life.machine.is_over());
  CHECK(life.task().stop_code == "TaskFailedToStart");
  CHECK(life.task().stopped_reason == "ResourceInitializationError: no secret");
  CHECK(life.container(0).last_status == "STOPPED");
  CHECK_FALSE(life.container(0).reason.has_value());
}

TEST_CASE("a container that was not started for want of resources is over, too") {
  Life life(kOne);
  life.begin();
  life.step(ImagePulled{"a", "sha256:1"});

  const Commands commands = life.step(ResourcesFailed{"no secret", "a"});

  CHECK(commands.empty());
  CHECK(life.machine.is_over());
  CHECK(life.task().stopped_reason == "no secret");
}

TEST_CASE("a task whose containers wait for each other ends at once") {
  Life life(R"([{"name": "a", "image": "i",
                 "dependsOn": [{"containerName": "a", "condition": "START"}]}])");

  life.begin();

  CHECK(life.machine.is_over());
  CHECK(life.task().stopped_reason ==
        "ResourceInitializationError: container a waits for itself by its dependencies");
}

TEST_CASE("a kept task goes on where it was, and what was under way is asked for again") {
  Life life(R"([{"name": "a", "image": "i"}, {"name": "b", "image": "i"}])");
  life.begin();
  life.step(ImagePulled{"a", "sha256:7"});

  auto again = TaskMachine::restore(life.definition, life.machine.keep());

  REQUIRE(again.has_value());
  CHECK(again->begin(life.now()) == Commands{{Kind::kStart, "a", 1}, {Kind::kPull, "b", 0}});
  CHECK(again->task().containers[0].image_digest == "sha256:7");
  again->step(ContainerStarted{"a", 1, "id", {}}, life.now());
  CHECK(again->progress(0).phase == ContainerPhase::kRunning);
  CHECK_FALSE(TaskMachine::restore(Life::read(kOne), life.machine.keep()).has_value());
}

TEST_CASE("a start that was cut off is looked for, not made, when the task is to stop") {
  Life life(kOne);
  life.begin();
  life.step(ImagePulled{"a"});
  life.step(StopWanted{});
  auto again = TaskMachine::restore(life.definition, life.machine.keep());
  REQUIRE(again.has_value());

  CHECK(again->begin(life.now()) == Commands{{Kind::kFind, "a", 1}});

  SUBCASE("there is none") {
    again->step(ContainerAbsent{"a"}, life.now());
    CHECK(again->is_over());
    CHECK_FALSE(again->task().containers[0].exit_code.has_value());
  }
  SUBCASE("it runs") {
    CHECK(again->step(ContainerStarted{"a", 1, "id", {}}, life.now()) ==
          Commands{{Kind::kSignal, "a", 1}});
  }
}

}  // namespace ikada
