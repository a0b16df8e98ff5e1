// What managers tell the leading one of the balancers' targets, each as its own proxy sees them.
//
// A manager that is not heard of for kReportLife counts as missing: what needs all of them waits,
// what it said is forgotten.
//
//   {"ask": "targets", "body": {"groups": {GROUP: {TARGET: {"state", "reason", "description",
//                                                           "sessions"}}}}}
//   -> {"addresses": [NUMBER…]}, of load balancers: those that are the node's
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "cluster/loadbalancing/target_sights.h"
#include "cluster/model/json_fields.h"

namespace ikada {

inline constexpr std::chrono::seconds kReportLife{15};
inline constexpr std::chrono::seconds kReportAgain{5};

Json to_json(const TargetObservations& observations);
// kInvalid for what is no report.
Result<TargetObservations> read_observations(const Json& body);

class TargetReports {
 public:
  using Clock = std::chrono::steady_clock;

  void put(const std::string& node, TargetObservations observations, Clock::time_point now);
  void clear() { reports_.clear(); }

  // With our own, of all `others` that count; what else was told is forgotten.
  TargetSights sights(const TargetObservations& own,
                      const std::set<std::string>& others,
                      Clock::time_point now);

 private:
  struct Report {
    TargetObservations observations;
    Clock::time_point at;
  };
  std::map<std::string, Report> reports_;
};

}  // namespace ikada
