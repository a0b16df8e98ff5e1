#include "tests/cluster/api/action_bench.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "cluster/api/acm/certificate_actions.h"
#include "cluster/api/cloudwatch/metric_actions.h"
#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/elb/elb_actions.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

template <typename Map>
std::int64_t revision_in(const Map& map, const std::string& name) {
  const auto found = map.find(name);
  return found == map.end() ? 0 : found->second.revision;
}

std::int64_t revision_of(const State& state, const std::string& key) {
  const RecordKey name = *parse_record_key(key);
  const ScopeState& scope = state.scope(name.scope);
  const auto cluster = scope.clusters.find(name.first);
  const bool has_cluster = cluster != scope.clusters.end();
  const auto family = scope.families.find(name.first);
  const auto in = [&](const auto& map) { return revision_in(map, name.second); };
  switch (name.kind) {
    case RecordKind::kCluster:
      return has_cluster ? cluster->second.record.revision : 0;
    case RecordKind::kInstance: {
      if (!has_cluster) return 0;
      const auto found = cluster->second.instances.find(name.second);
      return found == cluster->second.instances.end() ? 0 : found->second.record.revision;
    }
    case RecordKind::kTask:
      return has_cluster ? in(cluster->second.tasks) : 0;
    case RecordKind::kToken:
      return has_cluster ? in(cluster->second.tokens) : 0;
    case RecordKind::kService: {
      const ServiceState* found =
          has_cluster ? find_service(cluster->second, name.second) : nullptr;
      return found == nullptr ? 0 : found->record.revision;
    }
    case RecordKind::kFamily:
      return family == scope.families.end() ? 0 : family->second.record.revision;
    case RecordKind::kDefinition: {
      if (family == scope.families.end()) return 0;
      const auto found = family->second.revisions.find(std::stoi(name.second));
      return found == family->second.revisions.end() ? 0 : found->second.revision;
    }
    case RecordKind::kBalancer:
      return revision_in(scope.balancers, name.first);
    case RecordKind::kListener: {
      const auto listeners = scope.listeners.find(name.first);
      return listeners == scope.listeners.end() ? 0 : in(listeners->second);
    }
    case RecordKind::kTargetGroup:
      return revision_in(scope.target_groups, name.first);
    case RecordKind::kListenerPort:
      return revision_in(scope.listener_ports, name.first);
    case RecordKind::kSecret:
      return revision_in(scope.secrets, name.first);
    case RecordKind::kCertificate:
      return revision_in(scope.certificates, name.first);
    case RecordKind::kLogGroup:
      return revision_in(scope.log_groups, name.first);
    case RecordKind::kRepository:
    case RecordKind::kImage:
    case RecordKind::kImageTag: {
      const auto found = scope.repositories.find(name.first);
      if (found == scope.repositories.end()) return 0;
      if (name.kind == RecordKind::kRepository) return found->second.record.revision;
      return name.kind == RecordKind::kImage ? in(found->second.images) : in(found->second.tags);
    }
    case RecordKind::kServiceEvents:
    case RecordKind::kServiceHistory:
    case RecordKind::kSetting:
    case RecordKind::kNode:
    case RecordKind::kGrant:
    case RecordKind::kNetwork:
      return 0;
  }
  return 0;
}

// Events and history of a service, too.
std::int64_t revision_in_store(const State& state, const std::string& key) {
  const RecordKey name = *parse_record_key(key);
  const bool is_history = name.kind == RecordKind::kServiceHistory;
  if (name.kind != RecordKind::kServiceEvents && !is_history) return revision_of(state, key);
  const auto& clusters = state.scope(name.scope).clusters;
  const auto cluster = clusters.find(name.first);
  if (cluster == clusters.end()) return 0;
  const auto service = cluster->second.services.find(name.second);
  if (service == cluster->second.services.end()) return 0;
  return is_history ? service->second.history.revision : service->second.events.revision;
}

}  // namespace

Json quoted(std::string text) {
  std::replace(text.begin(), text.end(), '\'', '"');
  const Result<Json> json = parse_json(text);
  REQUIRE_MESSAGE(json.has_value(), text);
  return *json;
}

ApiCall ActionBench::own_call() {
  static const Json nothing = Json::object();
  return {.body = nothing,
          .scope = scope,
          .caller_arn = "",
          .now = now,
          .options = options,
          .random_hex = [this](size_t bytes) { return fmt::format("{:0{}x}", ++ids, bytes * 2); },
          .placer = &placer};
}

bool ActionBench::make(const Proposal& proposal) {
  for (const RecordGuard& guard : proposal.guards) {
    if (revision_in_store(state, guard.key) != guard.expected) return false;
  }
  for (const RecordChange& change : proposal.changes) {
    if (revision_in_store(state, change.key) != change.expected) return false;
  }
  const std::int64_t revision = state.revision() + 1;
  for (const RecordChange& change : proposal.changes) {
    std::optional<std::string_view> value;
    if (change.value.has_value()) value = *change.value;
    REQUIRE(state.apply(change.key, value, revision));
    placer.note_change(change.key);
  }
  state.set_revision(revision);
  return true;
}

Json ActionBench::call(const std::string& action, std::string body) {
  const Json json = quoted(std::move(body));
  const Cut name = cut(action, ':');
  const ActionEntry* entry = find_action(action);
  if (name.before == "ecr") entry = ecr::find_action(name.after);
  if (name.before == "acm") entry = acm::find_action(name.after);
  if (name.before == "elb") entry = elb::find_action(name.after);
  if (name.before == "cloudwatch") entry = cloudwatch::find_action(name.after);
  if (name.before == "own") entry = ecr::find_own_action(name.after);
  REQUIRE_MESSAGE(entry != nullptr, action);
  while (true) {
    const ApiCall given{
        .body = json,
        .scope = scope,
        .caller_arn = caller,
        .now = now,
        .options = options,
        .random_hex = [&](size_t bytes) { return fmt::format("{:0{}x}", ++ids, bytes * 2); },
        .losses = losses,
        .placer = &placer,
        .metrics = metrics};
    Result<Outcome> outcome = entry->action(given, state);
    if (!outcome.has_value()) {
      return {{"__type", outcome.error().code}, {"message", outcome.error().message}};
    }
    if (outcome->refusal.has_value()) return *outcome->refusal;
    if (!outcome->proposal.has_value()) return outcome->answer;
    most_proposed = std::max(most_proposed, outcome->proposal->changes.size());
    const bool made = make(*outcome->proposal);
    if (outcome->proposal->settled) outcome->proposal->settled(made);
    REQUIRE(made);
    if (!outcome->proposal->again) return outcome->proposal->then(state);
  }
}

}  // namespace ikada
