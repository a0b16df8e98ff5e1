#include "cluster/model/arn.h"

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kArnPrefix = "arn:aws:";
constexpr size_t kArnParts = 6;
constexpr std::uint64_t kMaxRevision = 2'147'483'647;

// What follows "KIND/" in an ARN of ours; nothing for another one.
std::optional<std::string> resource_of(std::string_view text,
                                       std::string_view kind,
                                       const Scope& scope) {
  const Result<Arn> arn = parse_arn(text);
  if (!arn.has_value() || arn->service != "ecs" || arn->scope != scope) return std::nullopt;
  const Cut parts = cut(arn->resource, '/');
  if (!parts.found || parts.before != kind || parts.after.empty()) return std::nullopt;
  return std::string(parts.after);
}

std::string ecs_arn(const Scope& scope, std::string_view resource) {
  return fmt::format("{}ecs:{}:{}:{}", kArnPrefix, scope.region, scope.account, resource);
}

}  // namespace

bool is_arn(std::string_view text) { return text.starts_with("arn:"); }

Result<Arn> parse_arn(std::string_view text) {
  std::string_view parts[kArnParts];
  for (size_t i = 0; i + 1 < kArnParts; ++i) {
    const Cut next = cut(text, ':');
    if (!next.found) return make_error(ErrorKind::kInvalid, "not an ARN");
    parts[i] = next.before;
    text = next.after;
  }
  if (parts[0] != "arn" || !parts[1].starts_with("aws") || text.empty()) {
    return make_error(ErrorKind::kInvalid, "not an ARN");
  }
  return Arn{.service = std::string(parts[2]),
             .scope = {.account = std::string(parts[4]), .region = std::string(parts[3])},
             .resource = std::string(text)};
}

std::string cluster_arn(const Scope& scope, std::string_view cluster) {
  return ecs_arn(scope, fmt::format("cluster/{}", cluster));
}

std::string container_instance_arn(const Scope& scope,
                                   std::string_view cluster,
                                   std::string_view id) {
  return ecs_arn(scope, fmt::format("container-instance/{}/{}", cluster, id));
}

std::string task_arn(const Scope& scope, std::string_view cluster, std::string_view id) {
  return ecs_arn(scope, fmt::format("task/{}/{}", cluster, id));
}

std::string service_arn(const Scope& scope, std::string_view cluster, std::string_view name) {
  return ecs_arn(scope, fmt::format("service/{}/{}", cluster, name));
}

std::string service_deployment_arn(const Scope& scope,
                                   std::string_view cluster,
                                   std::string_view service,
                                   std::string_view id) {
  return ecs_arn(scope, fmt::format("service-deployment/{}/{}/{}", cluster, service, id));
}

std::string service_revision_arn(const Scope& scope,
                                 std::string_view cluster,
                                 std::string_view service,
                                 std::string_view id) {
  return ecs_arn(scope, fmt::format("service-revision/{}/{}/{}", cluster, service, id));
}

std::string container_arn(const Scope& scope,
                          std::string_view cluster,
                          std::string_view task,
                          std::string_view id) {
  return ecs_arn(scope, fmt::format("container/{}/{}/{}", cluster, task, id));
}

std::string task_definition_arn(const Scope& scope,
                                std::string_view family,
                                std::int32_t revision) {
  return ecs_arn(scope, fmt::format("task-definition/{}:{}", family, revision));
}

std::optional<std::string> cluster_name_of(std::string_view text, const Scope& scope) {
  if (text.empty()) return "default";
  if (!is_arn(text)) return std::string(text);
  return resource_of(text, "cluster", scope);
}

std::optional<std::string> id_of(std::string_view text,
                                 std::string_view kind,
                                 const Scope& scope,
                                 std::string_view cluster) {
  if (!is_arn(text)) return std::string(text);
  std::optional<std::string> resource = resource_of(text, kind, scope);
  if (!resource.has_value()) return std::nullopt;
  const Cut parts = cut(*resource, '/');
  if (!parts.found) return resource;
  if (parts.before != cluster) return std::nullopt;
  return std::string(parts.after);
}

std::optional<ServicePart> service_part_of(std::string_view text,
                                           std::string_view kind,
                                           const Scope& scope) {
  const std::optional<std::string> resource = resource_of(text, kind, scope);
  if (!resource.has_value()) return std::nullopt;
  const Cut cluster = cut(*resource, '/');
  const Cut service = cut(cluster.after, '/');
  if (!cluster.found || !service.found) return std::nullopt;
  return ServicePart{.cluster = std::string(cluster.before),
                     .service = std::string(service.before),
                     .id = std::string(service.after)};
}

std::optional<TaskDefinitionName> task_definition_name_of(std::string_view text,
                                                          const Scope& scope) {
  std::string name(text);
  if (is_arn(text)) {
    std::optional<std::string> resource = resource_of(text, "task-definition", scope);
    if (!resource.has_value()) return std::nullopt;
    name = std::move(*resource);
  }
  const Cut parts = cut(name, ':');
  TaskDefinitionName result{.family = std::string(parts.before), .revision = std::nullopt};
  if (!parts.found) return result;
  const Result<std::uint64_t> revision = parse_unsigned(parts.after, kMaxRevision);
  if (!revision.has_value()) return std::nullopt;
  result.revision = static_cast<std::int32_t>(*revision);
  return result;
}

}  // namespace ikada
