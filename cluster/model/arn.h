// Amazon resource names of what the cluster keeps, and the short names that stand for them.
//
// Long formats only: arn:aws:ecs:REGION:ACCOUNT:KIND/CLUSTER/ID. Where a request names a thing, its
// short name or id, or its whole ARN, may stand; an ARN of another region or account names nothing
// here.
//
// Source: AWS Service Authorization Reference, "Resource types defined by Amazon ECS".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// The set of resources that a request is about.
struct Scope {
  std::string account = {};  // Twelve digits.
  std::string region = {};

  bool operator==(const Scope&) const = default;
};

struct Arn {
  std::string service = {};
  Scope scope = {};
  std::string resource = {};  // "cluster/default".
};

bool is_arn(std::string_view text);

// kInvalid for what is no ARN.
Result<Arn> parse_arn(std::string_view text);

std::string cluster_arn(const Scope& scope, std::string_view cluster);
std::string container_instance_arn(const Scope& scope,
                                   std::string_view cluster,
                                   std::string_view id);
std::string task_arn(const Scope& scope, std::string_view cluster, std::string_view id);
std::string service_arn(const Scope& scope, std::string_view cluster, std::string_view name);
// Of a deployment or revision of a service.
std::string service_deployment_arn(const Scope& scope,
                                   std::string_view cluster,
                                   std::string_view service,
                                   std::string_view id);
std::string service_revision_arn(const Scope& scope,
                                 std::string_view cluster,
                                 std::string_view service,
                                 std::string_view id);
std::string container_arn(const Scope& scope,
                          std::string_view cluster,
                          std::string_view task,
                          std::string_view id);
std::string task_definition_arn(const Scope& scope, std::string_view family, std::int32_t revision);

// The cluster's name of "", a name or an ARN; "" is "default". Nothing for an ARN of another scope
// or kind.
std::optional<std::string> cluster_name_of(std::string_view text, const Scope& scope);

// The id of an id or an ARN of `kind` ("task", "container-instance"). The old short format without
// a cluster is understood. Nothing for an ARN of another scope or kind, or of another cluster.
std::optional<std::string> id_of(std::string_view text,
                                 std::string_view kind,
                                 const Scope& scope,
                                 std::string_view cluster);

// What service_deployment_arn() or service_revision_arn() was made of; `kind` is
// "service-deployment" or "service-revision". Nothing for anything else.
struct ServicePart {
  std::string cluster = {};
  std::string service = {};
  std::string id = {};
};
std::optional<ServicePart> service_part_of(std::string_view text,
                                           std::string_view kind,
                                           const Scope& scope);

// A family, with a revision or without: "web", "web:3", or an ARN.
struct TaskDefinitionName {
  std::string family = {};
  std::optional<std::int32_t> revision = {};
};
std::optional<TaskDefinitionName> task_definition_name_of(std::string_view text,
                                                          const Scope& scope);

}  // namespace ikada
