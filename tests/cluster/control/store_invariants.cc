#include "tests/cluster/control/store_invariants.h"

#include <algorithm>
#include <utility>

#include "cluster/model/service.h"
#include "cluster/model/task_stop.h"
#include "tests/cluster/control/virtual_plane.h"

namespace ikada::control {
namespace {

bool has_twice(std::vector<std::string> ports) {
  std::sort(ports.begin(), ports.end());
  return std::adjacent_find(ports.begin(), ports.end()) != ports.end();
}

const Task* find_task(const State& state, const RecordKey& name) {
  const auto& clusters = state.scope(name.scope).clusters;
  const auto cluster = clusters.find(name.first);
  if (cluster == clusters.end()) return nullptr;
  const auto task = cluster->second.tasks.find(name.second);
  return task == cluster->second.tasks.end() ? nullptr : &task->second.value;
}

}  // namespace

StoreInvariants::StoreInvariants(MemoryStore& store) {
  Result<std::unique_ptr<Watch>> watch = store.watch("", 0);
  if (watch.has_value()) watch_ = std::move(*watch);
}

void StoreInvariants::fail(const std::string& what) {
  if (broken_.empty()) broken_ = what;
}

void StoreInvariants::look() {
  while (true) {
    const Result<KeyEvents> events = watch_->next(std::chrono::milliseconds(0));
    if (!events.has_value()) return fail("the invariants lost sight of the store");
    if (events->events.empty()) return;
    for (const KeyEvent& each : events->events) take(each);
    state_.set_revision(events->revision);
  }
}

// Called before look(): what is compared here is what the store had when it was made.
void StoreInvariants::take_commit(const std::string& manager,
                                  const Transaction& transaction,
                                  const Commit& made) {
  if (!made.succeeded || transaction.operations.empty()) return;
  const bool is_of_records = transaction.operations.front().key.starts_with(kRecordPrefix);
  if (!is_of_records) return;
  if (leader_ != manager) {
    fail(fmt::format("manager {} wrote {} while \"{}\" leads",
                     manager,
                     transaction.operations.front().key,
                     leader_));
  }
}

void StoreInvariants::take_tasks(const std::string& token,
                                 size_t asked,
                                 const std::set<std::string>& tasks) {
  promised_.insert(tasks.begin(), tasks.end());
  const auto cluster = state_.scope(kHome).clusters.find("default");
  for (const std::string& each : tasks) {
    if (cluster == state_.scope(kHome).clusters.end() || !cluster->second.tasks.contains(each)) {
      fail(fmt::format("task {} was promised and is not in the store", each));
    }
  }
  if (token.empty() || tasks.empty()) return;
  asked_by_token_[token] = asked;
  const auto [known, is_new] = by_token_.insert({token, tasks});
  if (!is_new && known->second != tasks) {
    fail(fmt::format("clientToken {} stands for other tasks the second time", token));
  }
}

void StoreInvariants::take(const KeyEvent& event) {
  const std::string& key = event.entry.key;
  const bool is_put = event.kind == KeyOperation::Kind::kPut;
  if (on_change_) on_change_((is_put ? "put " : "remove ") + key);
  if (key == kLeaderKey) {
    leader_ = is_put ? event.entry.value : "";
    term_ = event.entry.modified;
    return;
  }
  const std::optional<RecordKey> name = parse_record_key(key);
  if (!name.has_value()) return;
  std::optional<Before> before;
  if (name->kind == RecordKind::kTask) {
    if (const Task* task = find_task(state_, *name)) {
      before = Before{task->last_status,
                      task->desired_status,
                      task->container_instance,
                      task->version,
                      is_target(*task),
                      is_draining(*task)};
    }
    if (!is_put && before.has_value()) {
      fail(fmt::format("task {} was removed within its first hour", name->second));
    }
  }
  std::optional<std::string_view> value;
  if (is_put) value = event.entry.value;
  const Result<void> applied = state_.apply(key, value, event.entry.modified);
  if (!applied.has_value()) return fail("a record that cannot be read: " + key);
  if (name->kind == RecordKind::kService && is_put) check_service(*name);
  if (name->kind != RecordKind::kTask || !is_put) return;
  const Task* task = find_task(state_, *name);
  if (!before.has_value()) check_new_task(*task);
  check_task(*task, before.has_value() ? &*before : nullptr);
  check_instance(name->first, task->container_instance.value_or(""));
}

void StoreInvariants::check_new_task(const Task& task) {
  const ScopeState& home = state_.scope(kHome);
  const auto cluster = home.clusters.find(task.cluster);
  const auto wrong = [&](const char* what) {
    fail(fmt::format("task {} was placed on an instance that {}", task.id, what));
  };
  if (cluster == home.clusters.end()) return wrong("has no cluster");
  const auto found = cluster->second.instances.find(task.container_instance.value_or(""));
  if (found == cluster->second.instances.end() || found->second.record.revision == 0) {
    return wrong("is not there");
  }
  const ContainerInstance& instance = found->second.record.value;
  if (instance.status != "ACTIVE") wrong("is draining");
  if (!instance.agent_connected) wrong("is not connected");
  const bool is_of_client =
      task.started_by.has_value() && !service_of_group(task.group).has_value();
  if (!is_of_client) return;
  const size_t made = ++made_by_token_[*task.started_by];
  const auto asked = asked_by_token_.find(*task.started_by);
  if (asked != asked_by_token_.end()) {
    fail(fmt::format("clientToken {} made tasks after it was answered", *task.started_by));
  }
  if (made > 3) fail(fmt::format("clientToken {} made {} tasks", *task.started_by, made));
}

void StoreInvariants::check_task(const Task& task, const Before* before) {
  const auto wrong = [&](const std::string& what) {
    fail(fmt::format("task {} {}", task.id, what));
  };
  const bool is_stopped = task.last_status == TaskStatus::kStopped;
  if (is_stopped && !task.stopped_reason.has_value()) {
    wrong("is STOPPED without a reason");
  }
  if (is_stopped && task.desired_status != "STOPPED") wrong("is STOPPED and wanted");
  if (before == nullptr) return;
  if (task.last_status < before->last_status) wrong("went backwards");
  if (before->desired_status == "STOPPED" && task.desired_status != "STOPPED") {
    wrong("is wanted again");
  }
  if (task.container_instance != before->instance) wrong("changed its host");
  if (before->last_status == TaskStatus::kStopped) wrong("changed after it was STOPPED");
  if (task.version <= before->version) wrong("changed without a new version");
  // Its host is told to stop it, and has not said itself that it ends.
  const bool is_ordered =
      task.stop_code == "ServiceSchedulerInitiated" || task.stop_code == "UserInitiated";
  const bool is_told = (before->is_target || before->is_draining) && !is_target(task) &&
                       !is_draining(task) && task.last_status <= TaskStatus::kDeactivating;
  if (is_ordered && is_told && on_told_) on_told_(task);
  const std::string reason = task.stopped_reason.value_or("");
  const bool is_given_up = reason.find("terminated") != std::string::npos ||
                           reason.find("deregistration") != std::string::npos;
  if (is_stopped && !is_given_up && on_stopped_) on_stopped_(task);
}

// Tasks are moved a few at a time, and while no deployment is under way.
void StoreInvariants::check_service(const RecordKey& name) {
  const ClusterState& cluster = state_.scope(name.scope).clusters.find(name.first)->second;
  const Service& service = cluster.services.find(name.second)->second.record.value;
  if (!service.rebalancing.has_value() || service.rebalancing->tasks.empty()) {
    moving_.erase(name.second);
    return;
  }
  if (!moving_.insert(name.second).second) return;
  constexpr size_t kMostMoves = 5;
  const bool is_quiet = service.status == "ACTIVE" && service.deployments.size() == 1 &&
                        service.deployments[0].rollout_state == "COMPLETED";
  if (!is_quiet) fail(fmt::format("service {} moves tasks during a deployment", name.second));
  if (service.rebalancing->tasks.size() > kMostMoves) {
    fail(fmt::format("service {} moves too many tasks", name.second));
  }
}

void StoreInvariants::check_instance(const std::string& cluster, const std::string& instance) {
  const ClusterState& all = state_.scope(kHome).clusters.find(cluster)->second;
  const auto found = all.instances.find(instance);
  if (found == all.instances.end() || found->second.record.revision == 0) return;
  const InstanceState& it = found->second;
  const Amounts total = registered_amounts(it.record.value);
  if (it.reserved.cpu_units > total.cpu_units || it.reserved.memory_mib > total.memory_mib) {
    fail(fmt::format("instance {} is over-committed: {} of {} CPU units, {} of {} MiB",
                     instance,
                     it.reserved.cpu_units,
                     total.cpu_units,
                     it.reserved.memory_mib,
                     total.memory_mib));
  }
  if (has_twice(it.reserved.tcp_ports) || has_twice(it.reserved.udp_ports)) {
    fail(fmt::format("instance {} gave a port twice", instance));
  }
}

}  // namespace ikada::control
