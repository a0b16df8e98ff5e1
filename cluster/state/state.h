// The whole cluster as this manager knows it: the store's records, read, and what follows from
// them.
//
// It is a function of the store's changes, applied in their order, and of nothing else; it knows no
// clock. What is counted (tasks of an instance, resources left, tasks of a cluster) is kept up with
// every change. One thread at a time. Pointers into it are good until the next apply().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/model/cluster.h"
#include "cluster/model/container_instance.h"
#include "cluster/model/image_repository.h"
#include "cluster/model/load_balancer.h"
#include "cluster/model/log_group.h"
#include "cluster/model/node.h"
#include "cluster/model/server_certificate.h"
#include "cluster/model/service.h"
#include "cluster/model/service_history.h"
#include "cluster/model/stored_secret.h"
#include "cluster/model/task.h"
#include "cluster/state/record_key.h"
#include "cluster/state/records.h"

namespace ikada {

// A record and the revision of the store that put it; 0: there is none.
template <typename T>
struct Kept {
  T value = {};
  std::int64_t revision = 0;
};

// By name, found by std::string_view.
template <typename T>
using ByName = std::map<std::string, T, std::less<>>;

struct InstanceState {
  Kept<ContainerInstance> record = {};  // Revision 0: gone, but a task still names it.
  std::string zone = {};                // zone_of() the record.
  // Of its tasks that are not STOPPED.
  std::int32_t tasks = 0;
  Amounts reserved = {};
  std::int32_t running_tasks = 0;
  std::int32_t pending_tasks = 0;
};

// ACTIVE, and its agent is connected: services are spread over such.
bool is_open(const InstanceState& instance);

// A task of a service, and where it is.
struct TaskOfService {
  const Kept<Task>* kept = nullptr;
  const InstanceState* instance = nullptr;  // Null for one that has none or is STOPPED.
};

struct ServiceState {
  Kept<Service> record = {};  // Revision 0: there is none, but a task or an event names it.
  Kept<ServiceEvents> events = {};
  Kept<ServiceHistory> history = {};
  std::vector<TaskOfService> tasks = {};  // Those in its group, STOPPED ones too, by their ids.
};

struct ClusterState {
  Kept<Cluster> record = {};
  ByName<InstanceState> instances = {};
  ByName<Kept<Task>> tasks = {};
  ByName<ServiceState> services = {};
  ByName<Kept<RunToken>> tokens = {};
  std::int32_t running_tasks = 0;
  std::int32_t pending_tasks = 0;
  ByName<std::int32_t> open_instances = {};  // How many each availability zone has.
};

// Null if there is none with a record.
const ServiceState* find_service(const ClusterState& cluster, std::string_view name);

struct FamilyState {
  Kept<Family> record = {};
  std::map<std::int32_t, Kept<TaskDefinition>> revisions = {};
};

struct RepositoryState {
  Kept<ImageRepository> record = {};  // Revision 0: there is none, but an image or a tag names it.
  ByName<Kept<RepositoryImage>> images = {};  // By digest.
  ByName<Kept<ImageTag>> tags = {};
};

// What one account has in one region.
struct ScopeState {
  ByName<ClusterState> clusters = {};
  ByName<FamilyState> families = {};
  ByName<ByName<Kept<AccountSetting>>> settings = {};  // By principal, then by name.
  ByName<Kept<Node>> nodes = {};
  ByName<Kept<JoinGrant>> grants = {};  // By role.
  Kept<ClusterNetwork> network = {};
  ByName<Kept<LoadBalancer>> balancers = {};
  ByName<ByName<Kept<Listener>>> listeners = {};  // By balancer, then by id.
  ByName<Kept<TargetGroup>> target_groups = {};
  // How often listeners' rules and default actions forward to a group, by its name. Those of
  // balancers that are not there do not count.
  ByName<std::int32_t> groups_in_use = {};
  ByName<Kept<ListenerPort>> listener_ports = {};
  ByName<Kept<StoredSecret>> secrets = {};  // By secret_record_name().
  ByName<Kept<ServerCertificate>> certificates = {};
  ByName<Kept<LogGroup>> log_groups = {};     // By log_group_record_name().
  ByName<RepositoryState> repositories = {};  // By repository_record_name().
  Scope scope = {};

  // Null if there is none with a record.
  const ClusterState* find_cluster(std::string_view name) const;
  const RepositoryState* find_repository(std::string_view name) const;
  // The newest ACTIVE one without a revision. Null if there is none.
  const Kept<TaskDefinition>* find_definition(const TaskDefinitionName& name) const;
};

class State {
 public:
  State() = default;
  // Its parts point to each other.
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = default;
  State& operator=(State&&) = default;

  // Takes one change of the store: the record now under `key`, or nothing if it was removed.
  // kInvalid for a value that is no such record; the state is then as before. Keys of others are
  // ignored.
  Result<void> apply(std::string_view key,
                     std::optional<std::string_view> value,
                     std::int64_t revision);

  // All changes up to here have been applied.
  std::int64_t revision() const { return revision_; }
  void set_revision(std::int64_t revision) { revision_ = revision; }

  // An empty one for a scope that has nothing.
  const ScopeState& scope(const Scope& scope) const;

  const std::map<std::string, ScopeState, std::less<>>& scopes() const { return scopes_; }

 private:
  std::map<std::string, ScopeState, std::less<>> scopes_;  // By "ACCOUNT/REGION".
  std::int64_t revision_ = 0;
};

// Whether the task is counted as running, as pending, or not at all.
bool is_running(const Task& task);
bool is_pending(const Task& task);

}  // namespace ikada
