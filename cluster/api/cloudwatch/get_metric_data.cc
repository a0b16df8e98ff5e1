#include <algorithm>

#include "cluster/api/cloudwatch/metric_actions.h"
#include "cluster/api/cloudwatch/metric_points.h"

namespace ikada::cloudwatch {
namespace {

constexpr size_t kMaxQueries = 500;

struct StatInput {
  MetricChoice metric;
  std::int32_t period = 0;
  std::string stat;
};

void describe(JsonFields& fields, StatInput& input) {
  fields.required("Metric", input.metric);
  fields.field("Period", input.period);
  fields.required("Stat", input.stat);
}

struct QueryInput {
  std::string id;
  std::optional<StatInput> stat;
  std::string expression;
  std::string label;
  bool returns_data = true;
};

void describe(JsonFields& fields, QueryInput& input) {
  fields.required("Id", input.id);
  fields.field("MetricStat", input.stat);
  fields.field("Expression", input.expression);
  fields.field("Label", input.label);
  fields.field("ReturnData", input.returns_data);
}

struct DataInput {
  std::vector<QueryInput> queries;
  std::string scan_by = "TimestampDescending";
};

void describe(JsonFields& fields, DataInput& input) {
  fields.required("MetricDataQueries", input.queries);
  fields.field("ScanBy", input.scan_by);
}

}  // namespace

Result<Outcome> get_metric_data(const ApiCall& call, const State&) {
  IK_LET(input, parse_input<DataInput>(call));
  if (input.queries.size() > kMaxQueries) {
    return ecs_error("ValidationError", "There are more than {} queries.", kMaxQueries);
  }
  Json results = Json::array();
  for (const QueryInput& query : input.queries) {
    if (!query.expression.empty() || !query.stat.has_value()) {
      return ecs_error(
          "ValidationError", "{}: expressions are not supported, only a MetricStat is.", query.id);
    }
    if (!query.returns_data) continue;
    IK_LET(times, parse_point_times(call, query.stat->period));
    std::vector<std::pair<std::string, double>> values;
    for (const auto& [minute, point] : find_points(call, query.stat->metric, times)) {
      IK_LET(value, statistic_value(point, query.stat->stat));
      if (value.has_value()) values.emplace_back(minute_text(minute), *value);
    }
    if (input.scan_by != "TimestampAscending") std::reverse(values.begin(), values.end());
    Json timestamps = Json::array();
    Json numbers = Json::array();
    for (const auto& [time, value] : values) {
      timestamps.push_back(time);
      numbers.push_back(value);
    }
    results.push_back({{"Id", query.id},
                       {"Label", query.label.empty() ? query.stat->metric.name : query.label},
                       {"Timestamps", std::move(timestamps)},
                       {"Values", std::move(numbers)},
                       {"StatusCode", "Complete"}});
  }
  return answer(Json{{"MetricDataResults", std::move(results)}, {"Messages", Json::array()}});
}

}  // namespace ikada::cloudwatch
