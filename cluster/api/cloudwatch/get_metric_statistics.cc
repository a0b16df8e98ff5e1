#include "cluster/api/cloudwatch/metric_actions.h"
#include "cluster/api/cloudwatch/metric_points.h"

namespace ikada::cloudwatch {
namespace {

struct StatisticsInput {
  MetricChoice choice;
  std::int32_t period = 0;
  std::vector<std::string> statistics;
  std::vector<std::string> extended;
  std::string unit;
};

void describe(JsonFields& fields, StatisticsInput& input) {
  describe(fields, input.choice);
  fields.field("Period", input.period);
  fields.field("Statistics", input.statistics);
  fields.field("ExtendedStatistics", input.extended);
  fields.field("Unit", input.unit);
}

}  // namespace

Result<Outcome> get_metric_statistics(const ApiCall& call, const State&) {
  IK_LET(input, parse_input<StatisticsInput>(call));
  if (input.statistics.empty() && input.extended.empty()) {
    return ecs_error("InvalidParameterCombination",
                     "At least one of the parameters Statistics and ExtendedStatistics must be "
                     "specified.");
  }
  IK_LET(times, parse_point_times(call, input.period));
  const MetricFacts* facts = find_balancer_metric(input.choice.name);
  const std::string unit = facts == nullptr ? "None" : std::string(facts->unit);
  Json points = Json::array();
  const bool has_unit = input.unit.empty() || input.unit == unit;
  for (const auto& [minute, point] : find_points(call, input.choice, times)) {
    if (!has_unit) break;
    Json shown = {{"Timestamp", minute_text(minute)}, {"Unit", unit}};
    for (const std::string& name : input.statistics) {
      IK_LET(value, statistic_value(point, name));
      if (value.has_value()) shown[name] = *value;
    }
    for (const std::string& name : input.extended) {
      IK_LET(value, statistic_value(point, name));
      if (value.has_value()) shown["ExtendedStatistics"][name] = *value;
    }
    points.push_back(std::move(shown));
  }
  return answer(Json{{"Label", input.choice.name}, {"Datapoints", std::move(points)}});
}

}  // namespace ikada::cloudwatch
