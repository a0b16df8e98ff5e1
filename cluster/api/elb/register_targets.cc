// Targets that are registered by hand. Those of services follow from their tasks, until somebody
// deregisters one: then its task is told, and is no target of the group any more.
#include <algorithm>
#include <map>

#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_lookup.h"
#include "cluster/api/elb/target_input.h"
#include "cluster/loadbalancing/group_targets.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada::elb {
namespace {

constexpr size_t kMaxTargets = 1000;
constexpr std::int32_t kLastPort = 65'535;
// With the group's record they stay within one transaction.
constexpr size_t kMaxTasks = 40;

struct TargetsInput {
  std::string arn;
  std::vector<TargetInput> targets;
};

void describe(JsonFields& fields, TargetsInput& input) {
  fields.required("TargetGroupArn", input.arn);
  fields.required("Targets", input.targets);
}

bool is_ipv4(const std::string& text) {
  const auto bytes = split(text, '.');
  return bytes.size() == 4 && std::all_of(bytes.begin(), bytes.end(), [](std::string_view byte) {
           return parse_unsigned(byte, 255).has_value();
         });
}

// An instance of whatever cluster, by its id or its EC2 id.
bool has_instance(const ScopeState& scope, const std::string& id) {
  for (const auto& [name, cluster] : scope.clusters) {
    for (const auto& [key, instance] : cluster.instances) {
      if (instance.record.revision == 0) continue;
      if (key == id || instance.record.value.ec2_instance_id == id) return true;
    }
  }
  return false;
}

Result<void> check_target(const ScopeState& scope,
                          const TargetGroup& group,
                          const TargetInput& target) {
  if (target.port.has_value() && (*target.port < 1 || *target.port > kLastPort)) {
    return validation_error("Port '{}' of target '{}' is not valid", *target.port, target.id);
  }
  if (group.target_type == "ip") {
    if (is_ipv4(target.id)) return {};
    return validation_error("The IP address '{}' is not a valid IPv4 address", target.id);
  }
  if (has_instance(scope, target.id)) return {};
  return ecs_error(
      "InvalidTarget", "The following targets are not valid instances: '{}'", target.id);
}

auto find_registered(std::vector<RegisteredTarget>& targets,
                     const std::string& id,
                     std::int32_t port) {
  return std::find_if(targets.begin(), targets.end(), [&](const RegisteredTarget& each) {
    return each.id == id && each.port == port;
  });
}

// Those whose connections have had their time.
void forget_drained(TargetGroup& group, Timestamp now) {
  const std::int64_t delay = std::chrono::milliseconds(deregistration_delay(group)).count();
  std::erase_if(group.targets, [&](const RegisteredTarget& each) {
    return each.draining_since.has_value() &&
           each.draining_since->milliseconds + delay <= now.milliseconds;
  });
}

// The tasks of services that are a group's targets, and how their records change.
class TaskTargetsOfGroup {
 public:
  TaskTargetsOfGroup(const ApiCall& call, const State& state, const TargetGroup& group)
      : call_(call),
        scope_(state.scope(call.scope)),
        arn_(target_group_arn(call.scope, group)),
        targets_(GroupTargets(state, scope_, call.now).of_tasks(group)) {}

  // False if no task is that target.
  bool put_back(const TargetInput& input, std::int32_t port) {
    return change({.id = input.id, .port = port}, [&](TaskTargets& targets) {
      return std::erase_if(targets.removed, [&](const RemovedTarget& each) {
               return each.target_group_arn == arn_;
             }) > 0;
    });
  }

  bool remove(const TargetInput& input) {
    return change(input, [&](TaskTargets& targets) {
      if (find_removed(targets, arn_) != nullptr) return false;
      targets.removed.push_back({.target_group_arn = arn_, .removed_at = call_.now});
      return true;
    });
  }

  Result<void> add_to(Proposal& proposal) const {
    if (changed_.size() > kMaxTasks) {
      return validation_error("At most {} targets of services can be changed at once", kMaxTasks);
    }
    for (const auto& [key, task] : changed_) {
      const ByName<Kept<Task>>& tasks = scope_.clusters.find(task.cluster)->second.tasks;
      proposal.put(key, task, tasks.find(task.id)->second.revision);
    }
    return {};
  }

 private:
  template <typename Change>
  bool change(const TargetInput& input, Change how) {
    bool is_known = false;
    for (const GroupTarget& each : targets_) {
      if (each.id != input.id || (input.port.has_value() && *input.port != each.port)) continue;
      is_known = true;
      const std::string key = task_key(call_.scope, each.task->cluster, each.task->id);
      const auto known = changed_.find(key);
      Task task = known == changed_.end() ? *each.task : known->second;
      if (!how(*task.targets)) continue;
      if (known == changed_.end()) ++task.version;
      changed_.insert_or_assign(key, std::move(task));
    }
    return is_known;
  }

  const ApiCall& call_;
  const ScopeState& scope_;
  std::string arn_;
  std::vector<GroupTarget> targets_;
  std::map<std::string, Task> changed_ = {};  // By their keys.
};

Result<Outcome> put_group(const ApiCall& call,
                          const Kept<TargetGroup>& old,
                          const TargetGroup& changed,
                          const TaskTargetsOfGroup& of_tasks) {
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  proposal.put(target_group_key(call.scope, changed.name), changed, old.revision);
  IK_TRY(of_tasks.add_to(proposal));
  return propose(std::move(proposal));
}

}  // namespace

Result<Outcome> register_targets(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<TargetsInput>(call));
  IK_LET(found, find_target_group(call, state, input.arn));
  if (input.targets.empty()) return validation_error("A target must be specified");
  TargetGroup changed = found->value;
  TaskTargetsOfGroup of_tasks(call, state, found->value);
  forget_drained(changed, call.now);
  for (const TargetInput& each : input.targets) {
    IK_TRY(check_target(state.scope(call.scope), changed, each));
    const std::int32_t port = each.port.value_or(changed.port);
    if (of_tasks.put_back(each, port)) continue;
    const auto present = find_registered(changed.targets, each.id, port);
    if (present == changed.targets.end()) {
      changed.targets.push_back({.id = each.id, .port = port});
    } else {
      present->draining_since.reset();
    }
  }
  if (changed.targets.size() > kMaxTargets) {
    return ecs_error("TooManyTargets", "A target group has at most {} targets", kMaxTargets);
  }
  return put_group(call, *found, changed, of_tasks);
}

Result<Outcome> deregister_targets(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<TargetsInput>(call));
  IK_LET(found, find_target_group(call, state, input.arn));
  if (input.targets.empty()) return validation_error("A target must be specified");
  TargetGroup changed = found->value;
  TaskTargetsOfGroup of_tasks(call, state, found->value);
  forget_drained(changed, call.now);
  for (const TargetInput& each : input.targets) {
    bool is_known = false;
    for (RegisteredTarget& target : changed.targets) {
      // Without a port all that are registered under the id.
      if (target.id != each.id || (each.port.has_value() && *each.port != target.port)) continue;
      is_known = true;
      if (!target.draining_since.has_value()) target.draining_since = call.now;
    }
    is_known = of_tasks.remove(each) || is_known;
    // Deregistering what is not registered succeeds, as with AWS, unless it makes no sense at all.
    if (!is_known) IK_TRY(check_target(state.scope(call.scope), changed, each));
  }
  return put_group(call, *found, changed, of_tasks);
}

}  // namespace ikada::elb
