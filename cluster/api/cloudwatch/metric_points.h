// Points of a metric in time, put together from what the hosts that carry the balancers have
// counted.
//
// Source: Amazon CloudWatch API Reference, GetMetricStatistics, MetricStat; Amazon CloudWatch User
// Guide, "CloudWatch statistics definitions".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/loadbalancing/metric_minutes.h"

namespace ikada::cloudwatch {

inline constexpr std::string_view kNamespace = "AWS/ApplicationELB";

struct Dimension {
  std::string name = {};
  std::string value = {};
};
void describe(JsonFields& fields, Dimension& dimension);

// "app/web/0123456789abcdef" of a balancer's ARN, "targetgroup/web/0123456789abcdef" of a group's.
std::string dimension_of_balancer(const std::string& arn);
std::string dimension_of_group(const std::string& arn);
// Whether the ARN is of that scope.
bool is_in_scope(const std::string& arn, const Scope& scope);

// From the first minute to before the last, in steps of a period.
struct PointTimes {
  std::int64_t begin_minute = 0;
  std::int64_t end_minute = 0;
  std::int64_t period_minutes = 1;
};
// Of the body's StartTime and EndTime: RFC 3339, or seconds since 1970.
Result<PointTimes> parse_point_times(const ApiCall& call, std::int32_t period);

struct Point {
  Statistic statistic = {};
  ResponseTimes times = {};
};

struct MetricChoice {
  std::string metric_namespace = {};
  std::string name = {};
  std::vector<Dimension> dimensions = {};
};
void describe(JsonFields& fields, MetricChoice& choice);

// By the minute that they begin with. Nothing for a metric that there is not.
std::map<std::int64_t, Point> find_points(const ApiCall& call,
                                          const MetricChoice& choice,
                                          const PointTimes& times);

// "Average", "Maximum", "Minimum", "SampleCount", "Sum"; "p50", "p99.9" where there are times.
// InvalidParameterValue for what is no statistic; nothing where the metric has no such.
Result<std::optional<double>> statistic_value(const Point& point, const std::string& name);

// "2026-11-27T23:00:00Z".
std::string minute_text(std::int64_t minute);

Error invalid_value(const std::string& message);

}  // namespace ikada::cloudwatch
