#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/time_argument.h"
#include "cmd/ikada/api_client.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/table.h"

namespace ikada {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

struct BalancerMetricsOptions {
  std::string name;
  std::string group;
  std::string since = "15m";
  int period_s = 60;
  std::string format;
};

constexpr std::array kMetricColumns = {
    Column{"Time", "TIME"},
    Column{"Requests", "REQUESTS"},
    Column{"Target2xx", "2XX"},
    Column{"Target3xx", "3XX"},
    Column{"Target4xx", "4XX"},
    Column{"Target5xx", "5XX"},
    Column{"Elb4xx", "ELB 4XX"},
    Column{"Elb5xx", "ELB 5XX"},
    Column{"Average", "AVERAGE"},
    Column{"P50", "P50"},
    Column{"P99", "P99"},
    Column{"Connections", "CONNECTIONS"},
    Column{"Healthy", "HEALTHY"},
    Column{"Unhealthy", "UNHEALTHY"},
};

// What a column shows: a metric's statistic. Some are told of a whole balancer or of groups only.
struct ShownMetric {
  const char* field;
  const char* metric;
  const char* statistic;
};

constexpr std::array kOfBoth = {
    ShownMetric{"Requests", "RequestCount", "Sum"},
    ShownMetric{"Target2xx", "HTTPCode_Target_2XX_Count", "Sum"},
    ShownMetric{"Target3xx", "HTTPCode_Target_3XX_Count", "Sum"},
    ShownMetric{"Target4xx", "HTTPCode_Target_4XX_Count", "Sum"},
    ShownMetric{"Target5xx", "HTTPCode_Target_5XX_Count", "Sum"},
    ShownMetric{"Average", "TargetResponseTime", "Average"},
    ShownMetric{"P50", "TargetResponseTime", "p50"},
    ShownMetric{"P99", "TargetResponseTime", "p99"},
};
constexpr std::array kOfBalancer = {
    ShownMetric{"Elb4xx", "HTTPCode_ELB_4XX_Count", "Sum"},
    ShownMetric{"Elb5xx", "HTTPCode_ELB_5XX_Count", "Sum"},
    ShownMetric{"Connections", "NewConnectionCount", "Sum"},
};
constexpr std::array kOfGroup = {
    ShownMetric{"Healthy", "HealthyHostCount", "Minimum"},
    ShownMetric{"Unhealthy", "UnHealthyHostCount", "Maximum"},
};

std::string behind(const std::string& text, std::string_view mark, size_t skip) {
  const size_t at = text.find(mark);
  return at == std::string::npos ? text : text.substr(at + skip);
}

Result<Json> find_dimensions(const ApiClient& api, const BalancerMetricsOptions& options) {
  IK_LET(balancers,
         api.call_balancing("DescribeLoadBalancers", {{"Names", Json::array({options.name})}}));
  const std::string balancer = balancers["LoadBalancers"][0].value("LoadBalancerArn", "");
  constexpr std::string_view kBalancer = ":loadbalancer/";
  Json dimensions = Json::array(
      {{{"Name", "LoadBalancer"}, {"Value", behind(balancer, kBalancer, kBalancer.size())}}});
  if (options.group.empty()) return dimensions;
  IK_LET(groups,
         api.call_balancing("DescribeTargetGroups", {{"Names", Json::array({options.group})}}));
  const std::string group = groups["TargetGroups"][0].value("TargetGroupArn", "");
  dimensions.push_back({{"Name", "TargetGroup"}, {"Value", behind(group, ":targetgroup/", 1)}});
  return dimensions;
}

Json query_of(const ShownMetric& shown, const Json& dimensions, int period_s) {
  return {{"Id", shown.field},
          {"MetricStat",
           {{"Metric",
             {{"Namespace", "AWS/ApplicationELB"},
              {"MetricName", shown.metric},
              {"Dimensions", dimensions}}},
            {"Period", period_s},
            {"Stat", shown.statistic}}}};
}

Json queries_of(const BalancerMetricsOptions& options, const Json& dimensions) {
  Json queries = Json::array();
  const auto add = [&](const ShownMetric& each) {
    queries.push_back(query_of(each, dimensions, options.period_s));
  };
  for (const ShownMetric& each : kOfBoth) add(each);
  if (options.group.empty()) {
    for (const ShownMetric& each : kOfBalancer) add(each);
  } else {
    for (const ShownMetric& each : kOfGroup) add(each);
  }
  return queries;
}

// A time of response in milliseconds, else a number without a fraction.
std::string shown_value(const std::string& field, double value) {
  constexpr double kMsPerSecond = 1000;
  const bool is_time = field == "Average" || field == "P50" || field == "P99";
  return is_time ? fmt::format("{:.1f}ms", value * kMsPerSecond) : fmt::format("{:.0f}", value);
}

Result<void> show_metrics(const BalancerMetricsOptions& options, const Context& context) {
  const ApiClient api(context);
  const UnixNanos now = unix_now();
  IK_LET(since, parse_time_argument(options.since, now));
  IK_LET(dimensions, find_dimensions(api, options));
  IK_LET(data,
         api.call_metrics("GetMetricData",
                          {{"StartTime", since / kNanosPerSecond},
                           {"EndTime", now / kNanosPerSecond + 1},
                           {"ScanBy", "TimestampAscending"},
                           {"MetricDataQueries", queries_of(options, dimensions)}}));
  std::map<std::string, Json> rows;  // By time.
  for (const Json& result : data["MetricDataResults"]) {
    const std::string field = result.value("Id", "");
    for (size_t i = 0; i < result["Values"].size(); ++i) {
      rows[result["Timestamps"][i].get<std::string>()][field] =
          shown_value(field, result["Values"][i].get<double>());
    }
  }
  std::vector<Json> shown;
  for (auto& [time, row] : rows) {
    row["Time"] = time;
    for (const Column& each : kMetricColumns) {
      if (!row.contains(each.field)) row[std::string(each.field)] = "-";
    }
    shown.push_back(std::move(row));
  }
  const std::string_view tail = options.group.empty() ? "{{.Elb4xx}}\t{{.Elb5xx}}\t{{.Connections}}"
                                                      : "{{.Healthy}}\t{{.Unhealthy}}";
  const std::string table = fmt::format(
      "table {}\t{}",
      "{{.Time}}\t{{.Requests}}\t{{.Target2xx}}\t{{.Target3xx}}\t{{.Target4xx}}\t{{.Target5xx}}"
      "\t{{.Average}}\t{{.P50}}\t{{.P99}}",
      tail);
  return print_rows({kMetricColumns, table}, shown, options.format);
}

}  // namespace

void add_balancer_metrics_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<BalancerMetricsOptions>();
  CLI::App* command =
      group.add_subcommand("metrics", "Show what a load balancer did, by the minute");
  command->add_option("balancer", options->name, "Its name")->required();
  command->add_option("--group", options->group, "Only what went to this target group");
  command->add_option("--since", options->since, "From when on: 1h, or a time; 15m by default");
  command->add_option("--period", options->period_s, "Seconds of a row, 60 by default");
  command->add_option("--format", options->format, "json, table TEMPLATE, or a Go template");
  command->callback([options, &context] { context.finish(show_metrics(*options, context)); });
}

}  // namespace ikada
