// What a task's machine asks for, done with the engine. Every call waits: for a registry, for the
// kernel, for a container's monitor. Called from a pool, several at a time.
//
// A container is found again by its name, which follows from the task, so that each action may be
// done a second time after the agent was killed in the middle of it.
//
// Source: cluster/engine/engine.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/agent/monitor_reaper.h"
#include "cluster/agent/task_network.h"
#include "cluster/agent/task_plan.h"
#include "cluster/engine/engine.h"
#include "image/blob_peers.h"
#include "image/registry_options.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

enum class PullPolicy {
  kMissing,  // What is in the store is used.
  kAlways,   // The registry is asked; if that fails, what is in the store is used.
};

// A task as the actions need it: constant, shared by those under way.
struct TaskFacts {
  Task task;
  TaskDefinition definition;  // With the task's overrides in place.
  Scope scope;
};

// Who tells a container the names of the cluster's tasks.
struct NameService {
  std::string server = {};  // An address; empty: nobody.
  std::string search = {};  // The domain in which names without a dot are looked for.
};

// How images of a registry that is the cluster's own are had.
struct ImageSource {
  RegistryOptions registry;
  BlobPeers* peers = nullptr;  // Outlives the actions.
};

struct ContainerActionOptions {
  EngineOptions engine;
  HostAbilities host = {};
  PullPolicy pull = PullPolicy::kMissing;
  // For the registry that an image names; nothing for any other than the cluster's own. May wait
  // for a manager; called from several threads.
  std::function<std::optional<ImageSource>(const std::string& registry)> find_image_source = {};
  // The values behind the valueFrom of all secrets of the task. May wait for a manager.
  std::function<Result<std::map<std::string, std::string>>(const TaskFacts& facts)> find_secrets;
  // Where tasks in mode awsvpc have their addresses; the host's own bridge without it. Called from
  // several threads. An error: there is such a network, but not here, not now.
  std::function<Result<TaskBridgeSpec>()> find_task_bridge = {};
  // For a container of that cluster; called from several threads.
  std::function<NameService(const std::string& network_mode, const std::string& cluster)>
      find_names = {};
  // Variables that the agent adds to a container's environment, whatever its definition says.
  std::function<std::vector<std::pair<std::string, std::string>>(const TaskFacts& facts,
                                                                 const std::string& container)>
      own_environment;
};

struct StartedContainer {
  std::string id = {};
  std::vector<NetworkBinding> bindings = {};
  std::optional<TaskAddress> address = {};  // Of the one that holds the task's network.
};

struct EndedContainer {
  std::int32_t exit_code = 0;
  bool is_out_of_memory = false;
};

class ContainerActions {
 public:
  static Result<ContainerActions> open(ContainerActionOptions options);

  // The digest of what the image's name means now; nothing for the network's holder, which has
  // none. Errors are CannotPullContainerError.
  Result<std::string> pull(const std::string& image);

  // Creates and starts it, or starts it again. One that runs already is as good. The error's code
  // is ECS's name for it.
  Result<StartedContainer> start(const TaskFacts& facts,
                                 const std::string& container,
                                 bool is_restart);

  // Sends the stop signal, or SIGKILL. Not running is no error.
  Result<void> signal(const TaskFacts& facts, const std::string& container, bool is_kill);

  // A descriptor that becomes readable when the container's program has ended; nothing if it does
  // not run.
  std::optional<UniqueFd> watch(const std::string& id);

  // How it ended, once its monitor has put that on record and everything it held is free.
  EndedContainer end_of(const std::string& id);

  // Brings containers whose monitor was killed to an end that is on record.
  void recover();

  // The id of a container that was made for the task; nothing if there is none.
  std::optional<std::string> find(const TaskFacts& facts, const std::string& container);
  bool has_started(const std::string& id);
  // What is to be told of it when it has been started.
  StartedContainer describe_started(const TaskFacts& facts,
                                    const std::string& container,
                                    const std::string& id);

  // Removes the task's containers and the volumes that go with it. Idempotent.
  Result<void> remove_all(const TaskFacts& facts);

  const EngineLayout& layout() const { return engine_.layout(); }
  const std::string& runtime_program() const { return options_.engine.runtime_program; }

 private:
  ContainerActions(ContainerActionOptions options,
                   Engine engine,
                   std::shared_ptr<MonitorReaper> reaper)
      : options_(std::move(options)), engine_(std::move(engine)), reaper_(std::move(reaper)) {}

  Result<ContainerPlan> plan(const TaskFacts& facts, const ContainerDefinition& container);
  Result<FetchedEnvironment> fetch(const TaskFacts& facts, const ContainerDefinition& container);
  std::vector<NetworkBinding> bindings(const TaskFacts& facts,
                                       const std::string& container,
                                       const std::string& id);
  std::optional<TaskAddress> find_address(const TaskFacts& facts);
  Result<ContainerRecord> create_holder(const TaskFacts& facts);
  Result<ContainerRecord> start_new(Result<NewContainer> made);
  Result<void> resolve_address(const TaskFacts& facts, ContainerPlan& plan);
  void point_to_names(const TaskFacts& facts, ContainerPlan& plan) const;
  Result<void> resolve_links(const TaskFacts& facts, ContainerPlan& plan);
  Result<void> adopt_mounts(const TaskFacts& facts, ContainerPlan& plan);
  Result<void> make_volumes(const ContainerPlan& plan);
  Result<void> make_log(ContainerPlan& plan);
  Result<ContainerRecord> create_and_start(const ContainerPlan& plan);
  Result<ContainerRecord> start_existing(const std::string& id, bool is_restart);

  ContainerActionOptions options_;
  Engine engine_;
  std::shared_ptr<MonitorReaper> reaper_;
};

}  // namespace ikada
