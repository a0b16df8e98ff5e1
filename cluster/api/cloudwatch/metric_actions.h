// The actions of CloudWatch's API, version 2010-08-01, on the metrics that there are: those of
// AWS/ApplicationELB (cluster/loadbalancing/metric_minutes.h).
//
// They only read, and are answered by the leading manager, whom the others tell what they count.
//
// Source: Amazon CloudWatch API Reference, version 2010-08-01.
#pragma once

#include "cluster/api/actions.h"

namespace ikada::cloudwatch {

inline constexpr std::string_view kTargetPrefix = "GraniteServiceVersion20100801.";
inline constexpr std::string_view kVersion = "2010-08-01";
inline constexpr std::string_view kXmlNamespace = "http://monitoring.amazonaws.com/doc/2010-08-01/";

Result<Outcome> get_metric_data(const ApiCall& call, const State& state);
Result<Outcome> get_metric_statistics(const ApiCall& call, const State& state);
Result<Outcome> list_metrics(const ApiCall& call, const State& state);

// Null for a name that is no action.
const ActionEntry* find_action(std::string_view name);

}  // namespace ikada::cloudwatch
