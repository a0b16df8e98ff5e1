#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/service_events.h"
#include "cluster/model/task_stop.h"
#include "cluster/service/target_step.h"

namespace ikada {
namespace {

constexpr size_t kMaxReasonBytes = 1024;

struct StopTaskInput {
  std::string cluster;
  std::string task;
  std::optional<std::string> reason;
  bool force = false;
};

void describe(JsonFields& fields, StopTaskInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("task", input.task);
  fields.field("reason", input.reason);
  fields.field("force", input.force);
}

// Of a task of a service.
void tell_drained(Proposal& proposal,
                  const ApiCall& call,
                  const ClusterState& cluster,
                  const Task& task) {
  const auto name = service_of_group(task.group);
  const ServiceState* service = name.has_value() ? find_service(cluster, *name) : nullptr;
  if (service == nullptr) return;
  const Service& record = service->record.value;
  News news{.messages = {service::draining_event(record, 1)}};
  for (const ServiceLoadBalancer& each : task.targets->load_balancers) {
    news.messages.push_back(service::deregistered_event(record, 1, each.target_group_arn));
  }
  propose_events(proposal, call, *service, news);
}

}  // namespace

// Says what is wanted; the host makes it so, after the connections of a task that is a target have
// ended, unless `force` is given, which is ours. A task that is to stop already is answered as it
// is.
Result<Outcome> stop_task(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<StopTaskInput>(call));
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  const Kept<Task>* kept = find_task(call, cluster, input.task);
  if (kept == nullptr) return invalid_parameter("The referenced task was not found.");
  const auto show =
      [scope = call.scope, cluster = cluster.name, id = kept->value.id](const State& after) {
        const ClusterState* now = after.scope(scope).find_cluster(cluster);
        if (now == nullptr || now->tasks.count(id) == 0) return Json::object();
        return Json{{"task", show_task(now->tasks.at(id).value, scope, true)}};
      };
  if (input.reason.value_or("").size() > kMaxReasonBytes) {
    return invalid_parameter("reason must not be longer than {} bytes.", kMaxReasonBytes);
  }
  Task stopping = kept->value;
  const StopOrder order = input.force ? StopOrder::kAtOnce : StopOrder::kDrainFirst;
  const std::string reason = input.reason.value_or("Task stopped by user");
  if (!ask_to_stop(stopping, "UserInitiated", reason, order, call.now)) return answer(show(state));
  Proposal proposal{.then = show};
  proposal.put(task_key(call.scope, cluster.name, stopping.id), stopping, kept->revision);
  if (!is_draining(kept->value) && is_draining(stopping)) {
    tell_drained(proposal, call, *cluster.state, stopping);
  }
  return propose(std::move(proposal));
}

}  // namespace ikada
