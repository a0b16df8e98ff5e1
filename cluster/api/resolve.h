// What the names in a request stand for.
#pragma once

#include <string>
#include <string_view>

#include "cluster/api/api_call.h"
#include "cluster/state/state.h"

namespace ikada {

struct NamedCluster {
  std::string name = {};
  const ClusterState* state = nullptr;
};

// The ACTIVE cluster of this name or ARN; "" is the default cluster. ClusterNotFoundException;
// ClientException for one that is INACTIVE.
Result<NamedCluster> resolve_cluster(const ApiCall& call,
                                     const State& state,
                                     std::string_view text);

struct NamedInstance {
  std::string id = {};
  const InstanceState* state = nullptr;  // Null if there is none.
};
NamedInstance find_instance(const ApiCall& call,
                            const NamedCluster& cluster,
                            std::string_view text);

// The task of this id or ARN, or null.
const Kept<Task>* find_task(const ApiCall& call,
                            const NamedCluster& cluster,
                            std::string_view text);

// The definition that a task may be run from. ClientException if there is none or it is not ACTIVE,
// unless that is allowed.
Result<const Kept<TaskDefinition>*> resolve_runnable(const ApiCall& call,
                                                     const State& state,
                                                     std::string_view text,
                                                     bool may_be_inactive);

// The service of this name or ARN, in whatever status, or null.
const ServiceState* find_named_service(const ApiCall& call,
                                       const NamedCluster& cluster,
                                       std::string_view text);

// The ARN that a failures[] entry shows for a name: itself if it is an ARN already.
std::string shown_arn(std::string_view text, std::string made);

// {"arn": …, "reason": "MISSING"}
Json missing(std::string arn);

}  // namespace ikada
