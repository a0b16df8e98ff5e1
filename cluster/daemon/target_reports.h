// What managers tell the leading one of the balancers' targets, each as its own proxy sees them,
// and of what they serve.
//
// A manager that is not heard of for kReportLife counts as missing: what needs all of them waits,
// what it said is forgotten, nobody waits for it to serve.
//
//   {"ask": "targets", "body": {"groups": {GROUP: {TARGET: {"state", "reason", "description",
//                                                           "sessions"}}},
//                               "serving": {"revision", "problems": {LISTENER: REASON}}}}
//       {} where it is not known yet; without it: everything that there is
//   -> {"addresses": [NUMBER…]}, of load balancers: those that are the node's
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "cluster/loadbalancing/target_sights.h"
#include "cluster/model/json_fields.h"

namespace ikada {

inline constexpr std::chrono::seconds kReportLife{15};
inline constexpr std::chrono::seconds kReportAgain{5};

Json to_json(const TargetObservations& observations);
// kInvalid for what is no report.
Result<TargetObservations> read_observations(const Json& body);

// A report's "serving", and back.
Json serving_to_json(const std::optional<Serving>& serving);
Result<std::optional<Serving>> read_serving(const Json& body);

struct TargetReport {
  TargetObservations observations = {};
  std::optional<Serving> serving = {};
};

class TargetReports {
 public:
  using Clock = std::chrono::steady_clock;

  void put(const std::string& node, TargetReport report, Clock::time_point now);
  void clear();

  // The hosts' names by their nodes.
  using Others = std::map<std::string, std::string>;

  // With our own, of all `others` that count; what else was told is forgotten. Carriers are the
  // others alone: one that has never told is among them for as long as one that tells no more.
  TargetSights sights(const TargetObservations& own, const Others& others, Clock::time_point now);

 private:
  struct Heard {
    TargetReport report;
    Clock::time_point at;
  };
  std::map<std::string, Heard> reports_;
  std::map<std::string, Clock::time_point> expected_;  // When it was heard of, or first asked for.
};

}  // namespace ikada
