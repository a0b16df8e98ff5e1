#include "cluster/daemon/node_plans.h"

#include <doctest/doctest.h>

#include "cluster/daemon/cluster_member.h"
#include "cluster/daemon/lost_hosts.h"
#include "cluster/daemon/role_change.h"
#include "cluster/model/task_stop.h"
#include "cluster/state/record_key.h"

namespace ikada {
namespace {

const Scope kScope{.account = "1", .region = "r"};
const Timestamp kNow{1'000};

template <typename T>
void put(State& state, const std::string& key, const T& record, std::int64_t revision) {
  REQUIRE(state.apply(key, to_json(record).dump(), revision).has_value());
}

// A node "n" with the instance "i" of the cluster "default" and one running task "t".
State state_with_task() {
  State state;
  put(state, cluster_key(kScope, "default"), Cluster{.name = "default"}, 1);
  put(state,
      instance_key(kScope, "default", "i"),
      ContainerInstance{.cluster = "default", .id = "i"},
      2);
  Task task;
  task.cluster = "default";
  task.id = "t";
  task.container_instance = "i";
  task.last_status = TaskStatus::kRunning;
  put(state, task_key(kScope, "default", "t"), task, 3);
  Node node;
  node.id = "n";
  node.name = "host";
  node.cluster = "default";
  node.instance = "i";
  put(state, node_key(kScope, "n"), node, 4);
  return state;
}

const Node& node_of(const State& state) { return state.scope(kScope).nodes.at("n").value; }

// The state with all changes of a proposal made.
void make(State& state, const Proposal& proposal) {
  for (const RecordChange& change : proposal.changes) {
    const std::optional<std::string_view> value =
        change.value.has_value() ? std::optional<std::string_view>(*change.value) : std::nullopt;
    REQUIRE(state.apply(change.key, value, 9).has_value());
  }
}

TEST_CASE("a node that was admitted is new until it comes, and goes if it does not") {
  State state;
  const Node node{.id = "n", .name = "host", .joined_at = kNow, .is_new = true};
  put(state, node_key(kScope, "n"), node, 1);
  const auto plan = [&](bool is_connected, Timestamp now) {
    const ScopeState& scope = state.scope(kScope);
    const HostPresence presence{.is_connected = is_connected, .absent_for = kArrivalTime};
    return plan_arrival(scope, scope.nodes.at("n"), presence, now);
  };
  const Timestamp late{kNow.milliseconds + 600'000};

  CHECK_FALSE(plan(false, {kNow.milliseconds + 599'999}).has_value());
  const auto gone = plan(false, late);
  REQUIRE(gone.has_value());
  CHECK(gone->forgotten == "n");
  CHECK_FALSE(gone->proposal.changes.at(0).value.has_value());
  const auto come = plan(true, late);
  REQUIRE(come.has_value());
  make(state, come->proposal);
  CHECK_FALSE(node_of(state).is_new.has_value());
  CHECK_FALSE(plan(false, late).has_value());
}

TEST_CASE("a manager that was admitted and is not heard of goes after half a minute") {
  State state;
  Node node{.id = "n", .name = "host", .role = "manager", .joined_at = kNow, .is_new = true};
  put(state, node_key(kScope, "n"), node, 1);
  const auto goes = [&](std::optional<gossip::Status> gossip, int age_s, int absent_s) {
    const ScopeState& scope = state.scope(kScope);
    const HostPresence presence{.absent_for = std::chrono::seconds(absent_s), .gossip = gossip};
    const Timestamp now{kNow.milliseconds + age_s * 1000};
    return plan_arrival(scope, scope.nodes.at("n"), presence, now).has_value();
  };
  CHECK(goes(std::nullopt, 30, 30));
  CHECK(goes(gossip::Status::kDead, 30, 30));
  CHECK(goes(gossip::Status::kLeft, 30, 30));
  CHECK_FALSE(goes(std::nullopt, 29, 300));
  CHECK_FALSE(goes(std::nullopt, 300, 29));  // The leader is new, or it was admitted just now.
  CHECK_FALSE(goes(gossip::Status::kAlive, 599, 599));
  CHECK_FALSE(goes(gossip::Status::kSuspect, 599, 599));
  CHECK(goes(gossip::Status::kAlive, 600, 600));
  node.role = "worker";
  put(state, node_key(kScope, "n"), node, 2);
  CHECK_FALSE(goes(std::nullopt, 599, 599));
}

TEST_CASE("a manager has come when its member of etcd votes") {
  State state = state_with_task();
  Node node = node_of(state);
  node.role = "manager";
  node.joined_at = kNow;
  node.is_new = true;
  put(state, node_key(kScope, "n"), node, 5);
  const auto plan = [&](const HostPresence& presence) {
    const ScopeState& scope = state.scope(kScope);
    const Timestamp late{kNow.milliseconds + 900'000};
    return plan_arrival(scope, scope.nodes.at("n"), presence, late);
  };
  const HostPresence dead{.was_here = true,
                          .absent_for = std::chrono::seconds(30),
                          .gossip = gossip::Status::kDead,
                          .votes = false};

  CHECK_FALSE(plan({.is_connected = true, .votes = false}).has_value());
  // Its tasks are stopped first.
  CHECK_FALSE(plan(dead).has_value());
  make(state, *plan_lost_host(state.scope(kScope), node_of(state), kNow));
  const auto gone = plan(dead);
  REQUIRE(gone.has_value());
  CHECK(gone->forgotten == "n");
  const auto come = plan({.is_connected = true});
  REQUIRE(come.has_value());
  make(state, come->proposal);
  CHECK_FALSE(node_of(state).is_new.has_value());
}

TEST_CASE("a node that has come in its new role is as any other") {
  State state;
  const Node node{.id = "n", .name = "host", .role = "manager", .wanted_role = "manager"};
  put(state, node_key(kScope, "n"), node, 1);
  const auto plan = [&](const std::string& role) {
    const ScopeState& scope = state.scope(kScope);
    return plan_arrival(scope, scope.nodes.at("n"), {.is_connected = true, .role = role}, kNow);
  };
  CHECK_FALSE(plan("worker").has_value());
  const auto come = plan("manager");
  REQUIRE(come.has_value());
  make(state, come->proposal);
  CHECK_FALSE(node_of(state).wanted_role.has_value());
}

TEST_CASE("a manager is not demoted when the others are no majority without it") {
  State state;
  for (const char* id : {"a", "b", "c"}) {
    put(state,
        node_key(kScope, id),
        Node{.id = id, .name = id, .role = "manager", .address = id},
        1);
  }
  const ScopeState& scope = state.scope(kScope);
  const Node& a = scope.nodes.at("a").value;
  CHECK(check_majority_without(scope, a, {{"b", "reachable"}, {"c", "reachable"}}).has_value());
  CHECK_FALSE(check_majority_without(scope, a, {{"b", "reachable"}, {"c", "unreachable"}}));
  CHECK_FALSE(check_majority_without(scope, a, {{"b", "learner"}, {"c", "reachable"}}));
  // One that is going to be a worker is not counted on.
  Node going = scope.nodes.at("b").value;
  going.wanted_role = "worker";
  put(state, node_key(kScope, "b"), going, 2);
  CHECK(check_majority_without(scope, a, {{"b", "reachable"}, {"c", "reachable"}}).has_value());
  going.id = going.name = going.address = "c";
  put(state, node_key(kScope, "c"), going, 3);
  CHECK_FALSE(check_majority_without(scope, a, {{"b", "reachable"}, {"c", "reachable"}}));
  State alone;
  put(alone, node_key(kScope, "a"), a, 1);
  CHECK_FALSE(check_majority_without(alone.scope(kScope), a, {{"a", "reachable"}}));
}

TEST_CASE("a role is wished for once, and not the one that it has") {
  State state = state_with_task();
  const ScopeState& scope = state.scope(kScope);
  Node node = node_of(state);
  CHECK_FALSE(plan_role(scope, node, "worker").has_value());
  CHECK_FALSE(plan_role(scope, node, "king").has_value());
  const auto wished = plan_role(scope, node, "manager");
  REQUIRE(wished.has_value());
  CHECK(wished->wanted_role == "manager");
  CHECK(wished->role == "worker");
  CHECK_FALSE(plan_role(scope, *wished, "manager").has_value());
  // It is taken back as long as it has not come about.
  const auto taken_back = plan_role(scope, *wished, "worker");
  REQUIRE(taken_back.has_value());
  CHECK_FALSE(taken_back->wanted_role.has_value());
  Node half = *wished;
  half.role = "manager";
  CHECK_FALSE(plan_role(scope, half, "worker").has_value());
}

TEST_CASE("who is to be a manager may have a place in etcd, who is to be a worker still has one") {
  State state;
  put(state, node_key(kScope, "a"), Node{.id = "a", .role = "manager", .address = "a"}, 1);
  put(state, node_key(kScope, "b"), Node{.id = "b", .address = "b", .wanted_role = "manager"}, 1);
  put(state, node_key(kScope, "c"), Node{.id = "c", .address = "c"}, 1);
  put(state,
      node_key(kScope, "d"),
      Node{.id = "d", .role = "manager", .address = "d", .wanted_role = "worker"},
      1);
  put(state, node_key(kScope, "e"), Node{.id = "e", .address = "e", .wanted_role = "worker"}, 1);

  CHECK(etcd_addresses(state.scope(kScope)) == std::vector<std::string>{"a", "b", "d"});
  CHECK(manager_addresses(state.scope(kScope)) == std::vector<std::string>{"a", "d"});
}

TEST_CASE("an instance is connected or not, and told once") {
  State state = state_with_task();
  CHECK_FALSE(plan_connected(state.scope(kScope), "n", true).has_value());
  const std::optional<Proposal> away = plan_connected(state.scope(kScope), "n", false);
  REQUIRE(away.has_value());
  CHECK(away->changes.front().expected == 2);
  make(state, *away);
  CHECK_FALSE(plan_connected(state.scope(kScope), "n", false).has_value());
  CHECK_FALSE(plan_connected(state.scope(kScope), "nobody", false).has_value());
}

TEST_CASE("a lost host's tasks are stopped, then there is nothing to do") {
  State state = state_with_task();
  const std::optional<Proposal> lost = plan_lost_host(state.scope(kScope), node_of(state), kNow);
  REQUIRE(lost.has_value());
  make(state, *lost);
  const ClusterState& cluster = state.scope(kScope).clusters.at("default");
  const Task& task = cluster.tasks.at("t").value;
  CHECK(task.last_status == TaskStatus::kStopped);
  CHECK(task.stopped_reason == "Host EC2 (instance i) terminated.");
  CHECK(task.stop_code == "TerminationNotice");
  CHECK(task.stopped_at == kNow);
  CHECK_FALSE(cluster.instances.at("i").record.value.agent_connected);
  CHECK_FALSE(plan_lost_host(state.scope(kScope), node_of(state), kNow).has_value());
}

TEST_CASE("who leaves drains first") {
  State state = state_with_task();
  const LeavePlan busy = plan_leave(state.scope(kScope), "n", false, kNow);
  CHECK(busy.tasks == 1);
  make(state, busy.proposal);
  CHECK(state.scope(kScope).clusters.at("default").instances.at("i").record.value.status ==
        "DRAINING");
  CHECK(plan_leave(state.scope(kScope), "n", false, kNow).proposal.changes.empty());

  make(state, plan_leave(state.scope(kScope), "n", true, kNow).proposal);
  const Task task = state.scope(kScope).clusters.at("default").tasks.at("t").value;
  CHECK(task.desired_status == "STOPPED");
  CHECK(task.stop_code == "TerminationNotice");

  put(state, task_key(kScope, "default", "t"), stopped_unheard(task, "over", kNow), 10);
  const LeavePlan done = plan_leave(state.scope(kScope), "n", false, kNow);
  CHECK(done.tasks == 0);
  make(state, done.proposal);
  CHECK(state.scope(kScope).nodes.empty());
  CHECK(plan_leave(state.scope(kScope), "n", false, kNow).proposal.changes.empty());
}

TEST_CASE("who leaves and has to stop its tasks drains those that are targets") {
  State state = state_with_task();
  Task serving = state.scope(kScope).clusters.at("default").tasks.at("t").value;
  serving.last_status = TaskStatus::kRunning;
  serving.targets = TaskTargets{.load_balancers = {{.target_group_arn = "arn"}}};
  put(state, task_key(kScope, "default", "t"), serving, 10);

  make(state, plan_leave(state.scope(kScope), "n", true, kNow).proposal);

  CHECK(is_draining(state.scope(kScope).clusters.at("default").tasks.at("t").value));
  const LeavePlan again = plan_leave(state.scope(kScope), "n", true, kNow);
  CHECK(again.tasks == 1);
  CHECK(again.proposal.changes.empty());
}

TEST_CASE("a node reports its own tasks only") {
  const State state = state_with_task();
  TaskReport report{.scope = kScope, .task = {}, .sequence = 1};
  report.task.cluster = "default";
  report.task.id = "t";
  CHECK(may_report(state, report, "i"));
  CHECK_FALSE(may_report(state, report, "other"));
  CHECK_FALSE(may_report(state, report, ""));
  report.task.id = "unknown";
  CHECK(may_report(state, report, "other"));
}

TEST_CASE("a host is lost when gossip and its connection agree") {
  using gossip::Status;
  const HostPresence silent{.was_silent = true, .gossip = Status::kDead};
  CHECK(is_host_lost(silent));
  CHECK_FALSE(is_host_lost({.is_connected = true, .was_silent = true, .gossip = Status::kDead}));
  CHECK_FALSE(is_host_lost({.was_silent = true, .gossip = Status::kSuspect}));
  CHECK_FALSE(is_host_lost({.was_silent = true, .gossip = Status::kAlive}));
  // A daemon that ended has time to come back.
  CHECK_FALSE(is_host_lost({.absent_for = std::chrono::seconds(29), .gossip = Status::kDead}));
  CHECK(is_host_lost({.absent_for = kRestartGrace, .gossip = Status::kDead}));
  CHECK(is_host_lost({.absent_for = kRestartGrace, .gossip = {}}));
}

TEST_CASE("certificates are renewed between half and four fifths of their life") {
  CHECK(plan_renewal(1000, 2000, 0) == 1500);
  CHECK(plan_renewal(1000, 2000, 1) == 1800);
}

TEST_CASE("a renewal is due when its time has come, and when the clock is before its plan") {
  const RenewalTime renewal{.planned_at_s = 1000, .due_at_s = 1500};
  CHECK_FALSE(renewal.is_due(1000));
  CHECK_FALSE(renewal.is_due(1499));
  CHECK(renewal.is_due(1500));
  CHECK(renewal.is_due(999));
  CHECK(RenewalTime{}.is_due(0));
}

}  // namespace
}  // namespace ikada
