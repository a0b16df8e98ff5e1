#include "cluster/daemon/local_assignments.h"

#include <utility>

#include "cluster/daemon/task_grants.h"
#include "cluster/model/task_stop.h"
#include "cluster/state/record_key.h"

namespace ikada {
namespace {

constexpr int kMaxReportAttempts = 20;

Error not_stored() {
  return make_error(ErrorKind::kUnavailable, "the manager could not store the change, retrying");
}

Error no_such_task(const std::string& task) {
  return make_error(ErrorKind::kNotFound, "no task {} on this instance", task);
}

bool is_assigned(const Task& task, const std::string& instance) {
  return task.container_instance == instance && task.last_status != TaskStatus::kStopped;
}

// Nothing for a task whose definition is not there, which only a hand in the store can cause.
std::optional<Assignment> assignment_of(const ScopeState& scope, const Task& task) {
  const Kept<TaskDefinition>* definition =
      scope.find_definition({.family = task.family, .revision = task.revision});
  if (definition == nullptr) return std::nullopt;
  return Assignment{
      .scope = scope.scope, .task = as_told_to_host(task), .definition = definition->value};
}

// At its place, so that a host that is as it was leaves its record as it is.
void set_attribute(std::vector<Attribute>& attributes, const Attribute& wanted) {
  for (Attribute& each : attributes) {
    if (each.name != wanted.name) continue;
    each.value = wanted.value;
    return;
  }
  attributes.push_back(wanted);
}

}  // namespace

ContainerInstance plan_enlisted(const ContainerInstance& host,
                                const ContainerInstance* known,
                                Timestamp now) {
  ContainerInstance record = host;
  record.agent_connected = true;
  if (known == nullptr) {
    record.registered_at = now;
    return record;
  }
  record = *known;
  record.version_info = host.version_info;
  record.registered_resources = host.registered_resources;
  for (const Attribute& each : host.attributes) set_attribute(record.attributes, each);
  record.agent_connected = true;
  if (to_json(record) != to_json(*known)) ++record.version;
  return record;
}

const Kept<ContainerInstance>* find_enlisted(const ScopeState& scope,
                                             const ContainerInstance& host,
                                             const std::string& id) {
  const auto cluster = scope.clusters.find(host.cluster);
  if (cluster == scope.clusters.end()) return nullptr;
  for (const std::string& each : {host.id, id}) {
    const auto found = cluster->second.instances.find(each);
    const bool is_known =
        found != cluster->second.instances.end() && found->second.record.revision != 0;
    if (is_known) return &found->second.record;
  }
  return nullptr;
}

LocalAssignments::LocalAssignments(ApiServer& api, StateFeed& feed, For whom, std::string id)
    : api_(api),
      feed_(feed),
      whom_(whom),
      scope_{.account = api.options().account, .region = api.options().home_region},
      id_(std::move(id)) {}

void LocalAssignments::propose(const Proposal& proposal, std::function<void(bool)> done) {
  if (whom_ == For::kOwnHost) return api_.propose_unfenced(proposal, std::move(done));
  api_.propose(proposal, std::move(done));
}

void LocalAssignments::enlist(const ContainerInstance& host, Enlisted then) {
  if (!feed_.is_ready()) {
    return then(make_error(ErrorKind::kUnavailable, "the cluster's store cannot be read yet"));
  }
  cluster_ = host.cluster;
  const ScopeState& scope = feed_.state().scope(scope_);
  const auto cluster = scope.clusters.find(host.cluster);
  const bool has_cluster = cluster != scope.clusters.end() && cluster->second.record.revision != 0;
  Proposal proposal;
  if (!has_cluster) {
    Cluster made{.name = host.cluster};
    made.settings = cluster_settings_with({}, {}).value_or(std::vector<ClusterSetting>{});
    proposal.put(cluster_key(scope_, host.cluster), made, 0);
  }
  if (id_.empty()) id_ = api_.ground().random_hex(16);
  const Kept<ContainerInstance>* known = find_enlisted(scope, host, id_);
  ContainerInstance record =
      plan_enlisted(host, known == nullptr ? nullptr : &known->value, api_.ground().now());
  // Also one that was deregistered.
  if (known == nullptr) record.id = id_;
  proposal.put(instance_key(scope_, host.cluster, record.id),
               record,
               known == nullptr ? 0 : known->revision);
  propose(proposal, [this, then = std::move(then), id = record.id](bool made) {
    if (!made) return then(not_stored());
    instance_ = id;
    then(id);
  });
}

void LocalAssignments::resume(const std::string& cluster, const std::string& instance) {
  cluster_ = cluster;
  instance_ = instance;
}

void LocalAssignments::follow(const std::string& instance, Listener listener) {
  instance_ = instance;
  listener_ = std::move(listener);
  tell_all();
}

void LocalAssignments::tell_all() {
  std::vector<Assignment> all;
  const ScopeState& scope = feed_.state().scope(scope_);
  const auto cluster = scope.clusters.find(cluster_);
  if (cluster != scope.clusters.end()) {
    for (const auto& [id, kept] : cluster->second.tasks) {
      if (!is_assigned(kept.value, instance_)) continue;
      std::optional<Assignment> one = assignment_of(scope, kept.value);
      if (one.has_value()) all.push_back(std::move(*one));
    }
  }
  listener_.on_all(all);
}

void LocalAssignments::note_change(std::string_view key) {
  if (!listener_.on_one) return;
  if (key.empty()) return tell_all();
  const std::optional<RecordKey> parsed = parse_record_key(key);
  if (!parsed.has_value() || parsed->kind != RecordKind::kTask || parsed->scope != scope_ ||
      parsed->first != cluster_) {
    return;
  }
  const ScopeState& scope = feed_.state().scope(scope_);
  const auto cluster = scope.clusters.find(cluster_);
  if (cluster == scope.clusters.end()) return;
  const auto task = cluster->second.tasks.find(parsed->second);
  if (task == cluster->second.tasks.end()) return;
  // One that is STOPPED is told too: it may have been given up while its containers run.
  if (task->second.value.container_instance != instance_) return;
  const std::optional<Assignment> one = assignment_of(scope, task->second.value);
  if (one.has_value()) listener_.on_one(*one);
}

const Kept<Task>* LocalAssignments::find_own(const std::string& task) const {
  const ScopeState& scope = feed_.state().scope(scope_);
  const auto cluster = scope.clusters.find(cluster_);
  if (cluster == scope.clusters.end()) return nullptr;
  const auto found = cluster->second.tasks.find(task);
  if (found == cluster->second.tasks.end()) return nullptr;
  return is_assigned(found->second.value, instance_) ? &found->second : nullptr;
}

void LocalAssignments::protect(const std::string& task, const Json& request, Told then) {
  if (find_own(task) == nullptr) return then(no_such_task(task));
  Json body = request.is_object() ? request : Json::object();
  body["cluster"] = cluster_;
  body["tasks"] = Json::array({task});
  const char* const action = request.is_object() ? "UpdateTaskProtection" : "GetTaskProtection";
  api_.handle({.target = fmt::format("AmazonEC2ContainerServiceV20141113.{}", action),
               .body = body.dump(),
               .region = scope_.region},
              [then = std::move(then)](const ApiReply& reply) { then(parse_json(reply.body)); });
}

void LocalAssignments::ask(const std::string& what, const std::string& task, Told then) {
  const ScopeState& scope = feed_.state().scope(scope_);
  const Kept<Task>* kept = find_own(task);
  if (kept == nullptr) return then(no_such_task(task));
  const std::optional<Assignment> whole = assignment_of(scope, kept->value);
  if (!whole.has_value()) return then(make_error(ErrorKind::kNotFound, "no definition"));
  then(answer_for_task(what, *whole, scope, api_.options(), unix_now()));
}

void LocalAssignments::report(const TaskReport& report, Taken then) {
  propose_report(report, std::move(then), kMaxReportAttempts);
}

void LocalAssignments::propose_report(const TaskReport& report, Taken then, int attempts) {
  const ScopeState& scope = feed_.state().scope(report.scope);
  const Kept<Task>* kept = nullptr;
  const auto cluster = scope.clusters.find(report.task.cluster);
  if (cluster != scope.clusters.end()) {
    const auto found = cluster->second.tasks.find(report.task.id);
    if (found != cluster->second.tasks.end()) kept = &found->second;
  }
  if (kept == nullptr) {
    return then(make_error(ErrorKind::kNotFound, "no task {}", report.task.id));
  }
  Task record = kept->value;
  if (!apply_report(record, report.task, api_.ground().now())) return then({});
  Proposal proposal;
  proposal.put(task_key(report.scope, record.cluster, record.id), record, kept->revision);
  // Whoever was faster has changed the record: the report is put into the new one.
  propose(proposal, [this, report, then = std::move(then), attempts](bool made) {
    if (made) return then({});
    if (attempts <= 1 || is_over_) return then(not_stored());
    propose_report(report, then, attempts - 1);
  });
}

}  // namespace ikada
