#include "cluster/daemon/target_reports.h"

#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "cluster/loadbalancing/find_target_health.h"

namespace ikada {

struct ToldServing {
  std::optional<std::int64_t> revision = {};
  std::map<std::string, std::string> problems = {};
};

void describe(JsonFields& fields, ToldServing& told) {
  fields.field("revision", told.revision);
  fields.field("problems", told.problems);
}

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

Json serving_to_json(const std::optional<Serving>& serving) {
  if (!serving.has_value()) return Json::object();
  return to_json(ToldServing{.revision = serving->revision, .problems = serving->problems});
}

Result<std::optional<Serving>> read_serving(const Json& body) {
  const auto found = body.find("serving");
  if (found == body.end()) return Serving{.revision = std::numeric_limits<std::int64_t>::max()};
  IK_LET(told, from_json<ToldServing>(*found, "serving"));
  if (!told.revision.has_value()) return std::optional<Serving>();
  return Serving{.revision = *told.revision, .problems = std::move(told.problems)};
}

void TargetReports::put(const std::string& node, TargetReport report, Clock::time_point now) {
  reports_[node] = {.report = std::move(report), .at = now};
  expected_[node] = now;
}

void TargetReports::clear() {
  reports_.clear();
  expected_.clear();
}

TargetSights TargetReports::sights(const TargetObservations& own,
                                   const Others& others,
                                   Clock::time_point now) {
  std::erase_if(reports_, [&](const auto& entry) {
    return !others.contains(entry.first) || now - entry.second.at > kReportLife;
  });
  std::erase_if(expected_, [&](const auto& entry) { return !others.contains(entry.first); });
  TargetSights result{.hosts = {own}, .has_all = reports_.size() == others.size()};
  for (const auto& [node, name] : others) {
    const auto found = reports_.find(node);
    if (found != reports_.end()) {
      const TargetReport& report = found->second.report;
      result.hosts.push_back(report.observations);
      result.serving.carriers.push_back({.host = name, .told = report.serving});
    } else if (now - expected_.try_emplace(node, now).first->second <= kReportLife) {
      result.serving.carriers.push_back({.host = name});
    }
  }
  return result;
}

}  // namespace ikada
