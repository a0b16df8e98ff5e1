#include "cluster/daemon/target_reports.h"

#include <optional>
#include <string_view>

#include "cluster/loadbalancing/find_target_health.h"

namespace ikada {
namespace {

std::optional<TargetState> read_state(std::string_view word) {
  for (const TargetState each : {TargetState::kInitial,
                                 TargetState::kHealthy,
                                 TargetState::kUnhealthy,
                                 TargetState::kDraining,
                                 TargetState::kUnused}) {
    if (to_text(each) == word) return each;
  }
  return std::nullopt;
}

Result<TargetObservation> read_one(const Json& json) {
  TargetObservation result;
  std::string state;
  JsonReader reader(json, "target");
  reader.require("state", state);
  reader.read("reason", result.reason);
  reader.read("description", result.description);
  reader.read("sessions", result.sessions);
  IK_TRY(reader.done());
  const std::optional<TargetState> known = read_state(state);
  if (!known.has_value()) {
    return make_error(ErrorKind::kInvalid, "target: unknown state {}", state);
  }
  result.state = *known;
  return result;
}

}  // namespace

Json to_json(const TargetObservations& observations) {
  Json groups = Json::object();
  for (const auto& [name, targets] : observations) {
    Json& group = groups[name] = Json::object();
    for (const auto& [id, each] : targets) {
      group[id] = {{"state", to_text(each.state)},
                   {"reason", each.reason},
                   {"description", each.description},
                   {"sessions", each.sessions}};
    }
  }
  return {{"groups", std::move(groups)}};
}

Result<TargetObservations> read_observations(const Json& body) {
  const auto groups = body.is_object() ? body.find("groups") : body.end();
  if (groups == body.end() || !groups->is_object()) {
    return make_error(ErrorKind::kInvalid, "groups: missing");
  }
  TargetObservations result;
  for (const auto& [name, targets] : groups->items()) {
    auto& group = result[name];
    if (!targets.is_object()) return make_error(ErrorKind::kInvalid, "groups: expected objects");
    for (const auto& [id, target] : targets.items()) {
      IK_LET(one, read_one(target));
      group.emplace(id, std::move(one));
    }
  }
  return result;
}

void TargetReports::put(const std::string& node,
                        TargetObservations observations,
                        Clock::time_point now) {
  reports_[node] = {.observations = std::move(observations), .at = now};
}

TargetSights TargetReports::sights(const TargetObservations& own,
                                   const std::set<std::string>& others,
                                   Clock::time_point now) {
  std::erase_if(reports_, [&](const auto& entry) {
    return !others.contains(entry.first) || now - entry.second.at > kReportLife;
  });
  TargetSights result{.hosts = {own}, .has_all = reports_.size() == others.size()};
  for (const auto& [node, report] : reports_) result.hosts.push_back(report.observations);
  return result;
}

}  // namespace ikada
