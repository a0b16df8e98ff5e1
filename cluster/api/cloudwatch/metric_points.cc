#include "cluster/api/cloudwatch/metric_points.h"

#include <algorithm>
#include <charconv>

#include "runtime/base/clock.h"

namespace ikada::cloudwatch {
namespace {

constexpr std::int64_t kSecondsPerMinute = 60;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kMaxSeconds = std::int64_t{1} << 33;

// What the dimensions choose: any balancer, any group, where they are empty.
struct Chosen {
  std::string balancer = {};
  std::string group = {};
  bool is_possible = true;
};

Chosen chosen_by(const std::vector<Dimension>& dimensions) {
  Chosen chosen;
  for (const Dimension& each : dimensions) {
    if (each.name == "LoadBalancer" && !each.value.empty()) {
      chosen.balancer = each.value;
    } else if (each.name == "TargetGroup" && !each.value.empty()) {
      chosen.group = each.value;
    } else {
      chosen.is_possible = false;
    }
  }
  if (chosen.balancer.empty() && chosen.group.empty()) chosen.is_possible = false;
  return chosen;
}

bool is_chosen(const Chosen& chosen, const MetricPlace& place, const Scope& scope) {
  if (!is_in_scope(place.balancer, scope)) return false;
  if (!chosen.balancer.empty() && dimension_of_balancer(place.balancer) != chosen.balancer) {
    return false;
  }
  return chosen.group.empty() || dimension_of_group(place.group) == chosen.group;
}

Result<std::int64_t> parse_time(const Json& body, const char* name) {
  const Json time = body.value(name, Json());
  if (time.is_number()) {
    const double seconds = time.get<double>();
    if (seconds >= 0 && seconds < static_cast<double>(kMaxSeconds)) {
      return static_cast<std::int64_t>(seconds);
    }
  } else if (time.is_string()) {
    const Result<UnixNanos> parsed = parse_rfc3339(time.get<std::string>());
    if (parsed.has_value() && *parsed >= 0) return *parsed / kNanosPerSecond;
  }
  return invalid_value(fmt::format("The parameter {} must be a time.", name));
}

void collect(const MetricMinutes& minutes,
             const Chosen& chosen,
             const MetricFacts& facts,
             const PointTimes& times,
             const Scope& scope,
             std::map<std::int64_t, Point>& points) {
  const auto& all = minutes.minutes();
  for (auto at = all.lower_bound(times.begin_minute);
       at != all.end() && at->first < times.end_minute;
       ++at) {
    for (const auto& [place, cell] : at->second) {
      const Statistic* statistic = cell.find(facts.metric);
      if (statistic == nullptr || !is_chosen(chosen, place, scope)) continue;
      const std::int64_t step = (at->first - times.begin_minute) / times.period_minutes;
      Point& point = points[times.begin_minute + step * times.period_minutes];
      point.statistic.merge(*statistic);
      if (facts.metric == BalancerMetric::kTargetResponseTime) point.times.merge(cell.times);
    }
  }
}

}  // namespace

void describe(JsonFields& fields, Dimension& dimension) {
  fields.required("Name", dimension.name);
  fields.field("Value", dimension.value);
}

void describe(JsonFields& fields, MetricChoice& choice) {
  fields.field("Namespace", choice.metric_namespace);
  fields.field("MetricName", choice.name);
  fields.field("Dimensions", choice.dimensions);
}

std::string dimension_of_balancer(const std::string& arn) {
  constexpr std::string_view kKind = ":loadbalancer/";
  const size_t at = arn.find(kKind);
  return at == std::string::npos ? "" : arn.substr(at + kKind.size());
}

std::string dimension_of_group(const std::string& arn) {
  const size_t at = arn.find(":targetgroup/");
  return at == std::string::npos ? "" : arn.substr(at + 1);
}

bool is_in_scope(const std::string& arn, const Scope& scope) {
  return arn.starts_with(
      fmt::format("arn:aws:elasticloadbalancing:{}:{}:", scope.region, scope.account));
}

Result<PointTimes> parse_point_times(const ApiCall& call, std::int32_t period) {
  constexpr std::int64_t kMaxPoints = 1440;
  IK_LET(from, parse_time(call.body, "StartTime"));
  IK_LET(until, parse_time(call.body, "EndTime"));
  if (from >= until) {
    return invalid_value("The parameter StartTime must be less than the parameter EndTime.");
  }
  if (period < 1 || (period > kSecondsPerMinute && period % kSecondsPerMinute != 0)) {
    return invalid_value("The parameter Period must be a multiple of 60.");
  }
  PointTimes times;
  times.period_minutes = std::max<std::int64_t>(period / kSecondsPerMinute, 1);
  times.begin_minute = from / kSecondsPerMinute;
  if (times.period_minutes > 1) times.begin_minute -= times.begin_minute % times.period_minutes;
  times.end_minute = (until + kSecondsPerMinute - 1) / kSecondsPerMinute;
  // More is asked for than is kept: what is older has no points.
  if ((times.end_minute - times.begin_minute) / times.period_minutes > kMaxPoints) {
    return ecs_error("InvalidParameterCombination",
                     "You have requested up to {} datapoints, which exceeds the limit of {}.",
                     (times.end_minute - times.begin_minute) / times.period_minutes,
                     kMaxPoints);
  }
  return times;
}

std::map<std::int64_t, Point> find_points(const ApiCall& call,
                                          const MetricChoice& choice,
                                          const PointTimes& times) {
  std::map<std::int64_t, Point> points;
  const MetricFacts* facts = find_balancer_metric(choice.name);
  const Chosen chosen = chosen_by(choice.dimensions);
  const bool is_told =
      facts != nullptr && (chosen.group.empty() ? facts->is_of_balancer : facts->is_of_group);
  if (call.metrics == nullptr || choice.metric_namespace != kNamespace || !is_told ||
      !chosen.is_possible) {
    return points;
  }
  collect(call.metrics->own, chosen, *facts, times, call.scope, points);
  for (const auto& [node, minutes] : call.metrics->others) {
    collect(minutes, chosen, *facts, times, call.scope, points);
  }
  return points;
}

Result<std::optional<double>> statistic_value(const Point& point, const std::string& name) {
  const Statistic& all = point.statistic;
  if (name == "SampleCount") return std::optional(all.count);
  if (name == "Sum") return std::optional(all.sum);
  if (name == "Minimum") return std::optional(all.low);
  if (name == "Maximum") return std::optional(all.high);
  if (name == "Average") return std::optional(all.count > 0 ? all.sum / all.count : 0);
  double percent = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = name.starts_with('p')
                                 ? std::from_chars(name.data() + 1, end, percent)
                                 : std::from_chars_result{name.data(), std::errc()};
  constexpr double kWhole = 100;
  const bool is_percentile = name.size() > 1 && name.starts_with('p') && error == std::errc() &&
                             rest == end && percent >= 0 && percent <= kWhole;
  if (!is_percentile) {
    return invalid_value(
        fmt::format("The value {} for the parameter Stat is not supported.", name));
  }
  if (point.times.is_empty()) return std::optional<double>();
  return std::optional(point.times.percentile(percent, all.high));
}

std::string minute_text(std::int64_t minute) {
  constexpr size_t kLength = 19;
  return format_rfc3339(minute * kSecondsPerMinute * kNanosPerSecond).substr(0, kLength) + "Z";
}

Error invalid_value(const std::string& message) {
  return ecs_error("InvalidParameterValue", "{}", message);
}

}  // namespace ikada::cloudwatch
