#include "cluster/loadbalancing/make_balancer_plan.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "cluster/model/task_stop.h"
#include "tests/cluster/loadbalancing/balanced_state.h"

namespace ikada {
namespace {

constexpr std::int64_t kDefaultDelayMs = 300'000;

BalancerPlan plan_of(const BalancedState& it, std::int64_t later_ms = 0) {
  return make_balancer_plan(it.state, {.now = {it.now.milliseconds + later_ms}});
}

// "ID ADDRESS:PORT", and " draining".
std::vector<std::string> targets_of(const BalancerPlan& plan) {
  std::vector<std::string> shown;
  for (const PlannedGroup& group : plan.groups) {
    for (const PlannedTarget& each : group.targets) {
      shown.push_back(fmt::format(
          "{} {}:{}{}", each.id, each.address, each.port, each.draining ? " draining" : ""));
    }
  }
  return shown;
}

using Shown = std::vector<std::string>;

TEST_CASE("a plan has the listeners and the groups that they use") {
  const BalancedState it;

  const BalancerPlan plan = plan_of(it);

  REQUIRE(plan.listeners.size() == 1);
  CHECK(plan.listeners[0].name == "lb.00000000000000dd");
  CHECK(plan.listeners[0].port == 8080);
  REQUIRE(plan.listeners[0].default_actions.size() == 1);
  const auto& groups = plan.listeners[0].default_actions[0].groups;
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].target_group == "web.00000000000000aa");
  REQUIRE(plan.groups.size() == 1);
  CHECK(plan.groups[0].name == "web.00000000000000aa");
  CHECK(plan.groups[0].targets.empty());
}

TEST_CASE("running tasks are targets at their hosts' addresses and ports") {
  BalancedState it;
  it.put_task(running_target("b", it.group("web"), 32768));
  it.put_task(running_target("a", it.group("web"), 32769));
  it.put_task(running_target("of-idle", it.group("idle"), 32770));
  Task pending = running_target("pending", it.group("web"), 32771);
  pending.last_status = TaskStatus::kPending;
  it.put_task(pending);
  Task plain = running_target("plain", it.group("web"), 32772);
  plain.targets.reset();
  it.put_task(plain);

  CHECK(targets_of(plan_of(it)) == Shown{"a:32769 192.0.2.7:32769", "b:32768 192.0.2.7:32768"});
}

TEST_CASE("a task with an address of its own is a target there") {
  BalancedState it;
  TargetGroup group = it.group("web");
  group.target_type = "ip";
  it.put_group(group);
  it.put_task(running_target("a", group, 0));

  CHECK(targets_of(plan_of(it)) == Shown{"a:80 10.120.0.9:80"});
}

TEST_CASE("in network mode host the container's port is the host's") {
  BalancedState it;
  Task task = running_target("a", it.group("web"), 1);
  task.containers[0].network_bindings.clear();
  it.put_task(task);

  CHECK(targets_of(plan_of(it)) == Shown{"a:80 192.0.2.7:80"});
}

TEST_CASE("a host that is no node is this one") {
  BalancedState it;
  Task task = running_target("a", it.group("web"), 32768);
  task.container_instance = "other";
  it.put_task(task);

  CHECK(targets_of(plan_of(it)) == Shown{"a:32768 127.0.0.1:32768"});
}

TEST_CASE("a target is drained for its group's delay, until the drain ends or the task does") {
  BalancedState it;
  Task task = running_target("a", it.group("web"), 32768);
  REQUIRE(ask_to_stop(task, "UserInitiated", "so", StopOrder::kDrainFirst, it.now));
  it.put_task(task);
  CHECK(targets_of(plan_of(it)) == Shown{"a:32768 192.0.2.7:32768 draining"});
  CHECK(targets_of(plan_of(it, kDefaultDelayMs - 1)).size() == 1);
  CHECK(targets_of(plan_of(it, kDefaultDelayMs)).empty());

  Task drained = task;
  drained.targets->drained_at = it.now;
  it.put_task(drained);
  CHECK(targets_of(plan_of(it)).empty());

  Task dead = task;
  dead.last_status = TaskStatus::kStopping;
  it.put_task(dead);
  CHECK(targets_of(plan_of(it)).empty());

  TargetGroup quick = it.group("web");
  quick.attributes["deregistration_delay.timeout_seconds"] = "2";
  it.put_group(quick);
  it.put_task(task);
  CHECK(targets_of(plan_of(it, 1999)).size() == 1);
  CHECK(targets_of(plan_of(it, 2000)).empty());
}

TEST_CASE("registered targets are there, and for the delay after they were deregistered") {
  BalancedState it;
  TargetGroup group = it.group("web");
  group.targets = {{.id = "i", .port = 81},
                   {.id = "i", .port = 82, .draining_since = it.now},
                   {.id = "i-0ec2", .port = 83}};
  it.put_group(group);

  CHECK(targets_of(plan_of(it)) ==
        Shown{"i-0ec2:83 127.0.0.1:83", "i:81 192.0.2.7:81", "i:82 192.0.2.7:82 draining"});
  CHECK(targets_of(plan_of(it, kDefaultDelayMs)).size() == 2);
}

TEST_CASE("a target that is an instance says which host it is on and how that is reached") {
  BalancedState it;
  it.put_node("n", "192.0.2.7", "10.120.3.0/24");
  it.put_task(running_target("a", it.group("web"), 32768));

  const BalancerPlan plan = plan_of(it);

  REQUIRE(plan.groups[0].targets.size() == 1);
  CHECK(plan.groups[0].targets[0].node == "n");
  CHECK(plan.groups[0].targets[0].tunnel == "10.120.3.1");
}

TEST_CASE("targets of UDP are at the ports that are published for it") {
  BalancedState it;
  TargetGroup group = it.group("web");
  group.protocol = "UDP";
  it.put_group(group);
  Task task = running_target("a", it.group("web"), 32768);
  task.containers[0].network_bindings.push_back(
      {.container_port = 80, .host_port = 32769, .protocol = "udp"});
  it.put_task(task);

  CHECK(targets_of(plan_of(it)) == Shown{"a:32769 192.0.2.7:32769"});
}

TEST_CASE("listeners of a balancer with an address of its own listen there") {
  BalancedState it;
  it.put_balancer("lb", "192.0.2.99", "n");

  CHECK(plan_of(it).listeners[0].address == "192.0.2.99");
}

TEST_CASE("a group that was made anew under its name has none of the old one's tasks") {
  BalancedState it;
  it.put_task(running_target("a", it.group("web"), 32768));
  TargetGroup anew = it.group("web");
  anew.id = "00000000000000ee";
  it.put_group(anew);

  CHECK(targets_of(plan_of(it)).empty());
}

}  // namespace
}  // namespace ikada
