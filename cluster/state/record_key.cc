#include "cluster/state/record_key.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "cluster/model/image_repository.h"
#include "cluster/model/log_group.h"
#include "cluster/model/stored_secret.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

// In the order of RecordKind.
constexpr std::array<std::string_view, 23> kWords = {
    "cluster",    "instance", "family",       "definition",      "task",       "token",
    "setting",    "node",     "grant",        "network",         "service",    "service-events",
    "balancer",   "listener", "target-group", "listener-port",   "secret",     "log-group",
    "repository", "image",    "image-tag",    "service-history", "certificate"};
constexpr size_t kShortParts = 5;
constexpr size_t kLongParts = 6;

std::string make_key(const Scope& scope, RecordKind kind, std::string_view first) {
  return fmt::format("{}{}/{}/{}/{}",
                     kRecordPrefix,
                     scope.account,
                     scope.region,
                     kWords[static_cast<size_t>(kind)],
                     first);
}

std::string make_key(const Scope& scope,
                     RecordKind kind,
                     std::string_view first,
                     std::string_view second) {
  return fmt::format("{}/{}", make_key(scope, kind, first), second);
}

bool has_one_name(RecordKind kind) {
  return kind == RecordKind::kCluster || kind == RecordKind::kFamily || kind == RecordKind::kNode ||
         kind == RecordKind::kGrant || kind == RecordKind::kNetwork ||
         kind == RecordKind::kBalancer || kind == RecordKind::kTargetGroup ||
         kind == RecordKind::kListenerPort || kind == RecordKind::kSecret ||
         kind == RecordKind::kLogGroup || kind == RecordKind::kRepository ||
         kind == RecordKind::kCertificate;
}

}  // namespace

std::string cluster_key(const Scope& scope, std::string_view cluster) {
  return make_key(scope, RecordKind::kCluster, cluster);
}

std::string instance_key(const Scope& scope, std::string_view cluster, std::string_view id) {
  return make_key(scope, RecordKind::kInstance, cluster, id);
}

std::string family_key(const Scope& scope, std::string_view family) {
  return make_key(scope, RecordKind::kFamily, family);
}

std::string definition_key(const Scope& scope, std::string_view family, std::int32_t revision) {
  return make_key(scope, RecordKind::kDefinition, family, fmt::format("{:010}", revision));
}

std::string task_key(const Scope& scope, std::string_view cluster, std::string_view id) {
  return make_key(scope, RecordKind::kTask, cluster, id);
}

std::string token_key(const Scope& scope, std::string_view cluster, std::string_view token) {
  return make_key(scope, RecordKind::kToken, cluster, token);
}

std::string service_key(const Scope& scope, std::string_view cluster, std::string_view name) {
  return make_key(scope, RecordKind::kService, cluster, name);
}

std::string service_events_key(const Scope& scope,
                               std::string_view cluster,
                               std::string_view name) {
  return make_key(scope, RecordKind::kServiceEvents, cluster, name);
}

std::string service_history_key(const Scope& scope,
                                std::string_view cluster,
                                std::string_view name) {
  return make_key(scope, RecordKind::kServiceHistory, cluster, name);
}

std::string setting_key(const Scope& scope, std::string_view principal, std::string_view name) {
  return make_key(scope, RecordKind::kSetting, principal, name);
}

std::string node_key(const Scope& scope, std::string_view id) {
  return make_key(scope, RecordKind::kNode, id);
}

std::string grant_key(const Scope& scope, std::string_view role) {
  return make_key(scope, RecordKind::kGrant, role);
}

std::string network_key(const Scope& scope) {
  return make_key(scope, RecordKind::kNetwork, "tasks");
}

std::string balancer_key(const Scope& scope, std::string_view name) {
  return make_key(scope, RecordKind::kBalancer, name);
}

std::string listener_key(const Scope& scope, std::string_view balancer, std::string_view id) {
  return make_key(scope, RecordKind::kListener, balancer, id);
}

std::string target_group_key(const Scope& scope, std::string_view name) {
  return make_key(scope, RecordKind::kTargetGroup, name);
}

std::string listener_port_key(const Scope& home, std::int32_t port) {
  return make_key(home, RecordKind::kListenerPort, std::to_string(port));
}

std::string balancer_address_key(const Scope& home, std::string_view address) {
  return make_key(home, RecordKind::kListenerPort, address);
}

std::string secret_key(const Scope& scope, std::string_view name) {
  return make_key(scope, RecordKind::kSecret, secret_record_name(name));
}

std::string certificate_key(const Scope& scope, std::string_view id) {
  return make_key(scope, RecordKind::kCertificate, id);
}

std::string log_group_key(const Scope& scope, std::string_view name) {
  return make_key(scope, RecordKind::kLogGroup, log_group_record_name(name));
}

std::string repository_key(const Scope& home, std::string_view name) {
  return make_key(home, RecordKind::kRepository, repository_record_name(name));
}

std::string image_key(const Scope& home, std::string_view repository, std::string_view digest) {
  return make_key(home, RecordKind::kImage, repository_record_name(repository), digest);
}

std::string image_tag_key(const Scope& home, std::string_view repository, std::string_view tag) {
  return make_key(home, RecordKind::kImageTag, repository_record_name(repository), tag);
}

std::optional<RecordKey> parse_record_key(std::string_view key) {
  const std::vector<std::string_view> parts = split(key, '/');
  if (parts.size() != kShortParts && parts.size() != kLongParts) return std::nullopt;
  if (parts[0] != "ecs") return std::nullopt;
  const auto* const word = std::find(kWords.begin(), kWords.end(), parts[3]);
  if (word == kWords.end()) return std::nullopt;
  RecordKey result{.kind = static_cast<RecordKind>(word - kWords.begin()),
                   .scope = {.account = std::string(parts[1]), .region = std::string(parts[2])},
                   .first = std::string(parts[4]),
                   .second = {}};
  const bool is_short = has_one_name(result.kind);
  if (is_short != (parts.size() == kShortParts)) return std::nullopt;
  if (!is_short) result.second = std::string(parts[kShortParts]);
  return result;
}

}  // namespace ikada
