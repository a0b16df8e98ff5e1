#include <doctest/doctest.h>

#include "cluster/api/query_xml.h"
#include "cluster/loadbalancing/metric_minutes.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

constexpr const char* kArn = "arn:aws:elasticloadbalancing:r:1:";
// 2023-11-14T22:12:00Z.
constexpr std::int64_t kMinute = 1'700'000'000 / 60 - 1;

// Two hosts, each with five requests in each of two minutes; one balancer with two groups.
MetricBook sample_book() {
  using enum BalancerMetric;
  MetricBook book;
  const std::string balancer = std::string(kArn) + "loadbalancer/app/web/01";
  for (MetricMinutes* host : {&book.own, &book.others["n2"]}) {
    for (std::int64_t minute = kMinute; minute < kMinute + 2; ++minute) {
      for (const char* name : {"a", "b"}) {
        MetricCell& cell =
            host->cell(minute, {balancer, std::string(kArn) + "targetgroup/" + name + "/02"});
        cell.at(kRequests).add(1, 5);
        cell.at(kHealthyHosts).add(minute == kMinute ? 2 : 3, 1);
        for (const int ms : {1, 2, 3, 4, 10}) {
          cell.at(kTargetResponseTime).add(ms / 1000.0, 1);
          cell.times.add(ms, 1);
        }
      }
      host->cell(minute, {balancer, ""}).at(kElb5xx).add(1, 2);
    }
  }
  return book;
}

struct MetricBench : ActionBench {
  MetricBook book = sample_book();

  MetricBench() { metrics = &book; }

  Json ask(const std::string& metric, const std::string& dimensions, const std::string& more) {
    return call("cloudwatch:GetMetricStatistics",
                fmt::format("{{'Namespace': 'AWS/ApplicationELB', 'MetricName': '{}', "
                            "'StartTime': '2023-11-14T22:12:00Z', "
                            "'EndTime': '2023-11-14T22:14:00Z', 'Dimensions': [{}], {}}}",
                            metric,
                            dimensions,
                            more));
  }
};

const std::string kBalancer = "{'Name': 'LoadBalancer', 'Value': 'app/web/01'}";
const std::string kGroup = "{'Name': 'TargetGroup', 'Value': 'targetgroup/a/02'}";
const std::string kSum = "'Period': 60, 'Statistics': ['Sum']";

}  // namespace

TEST_CASE("requests are summed up over hosts and groups") {
  MetricBench bench;
  const Json all = bench.ask("RequestCount", kBalancer, kSum);
  REQUIRE(all["Datapoints"].size() == 2);
  CHECK(all["Datapoints"][0]["Sum"] == 20);
  CHECK(all["Datapoints"][0]["Unit"] == "Count");
  CHECK(all["Datapoints"][0]["Timestamp"] == "2023-11-14T22:12:00Z");

  CHECK(bench.ask("RequestCount", kBalancer + "," + kGroup, kSum)["Datapoints"][0]["Sum"] == 10);
  CHECK(bench.ask("RequestCount", kGroup, kSum)["Datapoints"][0]["Sum"] == 10);
  const Json two = bench.ask("RequestCount", kBalancer, "'Period': 120, 'Statistics': ['Sum']");
  REQUIRE(two["Datapoints"].size() == 1);
  CHECK(two["Datapoints"][0]["Sum"] == 40);
}

TEST_CASE("what is told of a balancer only is not told of a group, and the other way round") {
  MetricBench bench;

  CHECK(bench.ask("HTTPCode_ELB_5XX_Count", kBalancer, kSum)["Datapoints"][0]["Sum"] == 4);
  CHECK(bench.ask("HTTPCode_ELB_5XX_Count", kGroup, kSum)["Datapoints"].empty());
  CHECK(bench.ask("HealthyHostCount", kBalancer, kSum)["Datapoints"].empty());
  const Json healthy = bench.ask("HealthyHostCount",
                                 kBalancer + "," + kGroup,
                                 "'Period': 120, 'Statistics': ['Minimum', 'Maximum', 'Average']");
  CHECK(healthy["Datapoints"][0]["Minimum"] == 2);
  CHECK(healthy["Datapoints"][0]["Maximum"] == 3);
  CHECK(healthy["Datapoints"][0]["Average"] == 2.5);
}

TEST_CASE("times have percentiles") {
  MetricBench bench;

  const Json times = bench.ask("TargetResponseTime",
                               kBalancer,
                               "'Period': 60, 'Statistics': ['Average', 'SampleCount'], "
                               "'ExtendedStatistics': ['p50', 'p99']");
  const Json& point = times["Datapoints"][0];
  CHECK(point["Average"].get<double>() == doctest::Approx(0.004));
  CHECK(point["SampleCount"] == 20);
  CHECK(point["ExtendedStatistics"]["p50"].get<double>() == doctest::Approx(0.003));
  CHECK(point["ExtendedStatistics"]["p99"].get<double>() == doctest::Approx(0.010));
  CHECK(point["Unit"] == "Seconds");
}

TEST_CASE("what is not there has no points, what cannot be is refused") {
  MetricBench bench;

  CHECK(bench.ask("NoMetric", kBalancer, kSum)["Datapoints"].empty());
  CHECK(bench.ask("RequestCount", "", kSum)["Datapoints"].empty());
  CHECK(bench.ask("RequestCount", "{'Name': 'AvailabilityZone', 'Value': 'a'}", kSum)["Datapoints"]
            .empty());
  CHECK(bench.ask("RequestCount", kBalancer, "'Period': 90, 'Statistics': ['Sum']")["__type"] ==
        "InvalidParameterValue");
  CHECK(bench.ask("RequestCount", kBalancer, "'Period': 60, 'Statistics': ['tm99']")["__type"] ==
        "InvalidParameterValue");
  CHECK(bench.ask("RequestCount", kBalancer, "'Period': 60")["__type"] ==
        "InvalidParameterCombination");
  bench.scope.region = "other";
  CHECK(bench.ask("RequestCount", kBalancer, kSum)["Datapoints"].empty());
}

TEST_CASE("several metrics are asked at once, the latest point first") {
  MetricBench bench;
  const std::string query =
      "{'Id': 'x', 'MetricStat': {'Metric': {'Namespace': 'AWS/ApplicationELB', 'MetricName': "
      "'RequestCount', 'Dimensions': [" +
      kBalancer + "]}, 'Period': 60, 'Stat': 'Sum'}}";

  const Json data = bench.call("cloudwatch:GetMetricData",
                               "{'StartTime': 1699999920, 'EndTime': '2023-11-14T22:14:00Z', "
                               "'MetricDataQueries': [" +
                                   query + "]}");
  const Json& result = data["MetricDataResults"][0];
  CHECK(result["Timestamps"] == Json{"2023-11-14T22:13:00Z", "2023-11-14T22:12:00Z"});
  CHECK(result["Values"] == Json{20.0, 20.0});
  CHECK(result["StatusCode"] == "Complete");
  CHECK(bench.call("cloudwatch:GetMetricData",
                   "{'StartTime': 1, 'EndTime': 2, 'MetricDataQueries': [{'Id': 'e', "
                   "'Expression': 'm1 * 2'}]}")["__type"] == "ValidationError");
}

TEST_CASE("metrics are listed with their dimensions") {
  MetricBench bench;

  const Json all = bench.call("cloudwatch:ListMetrics", "{'Namespace': 'AWS/ApplicationELB'}");
  // Of the balancer: errors, requests, times; of each group: healthy ones, requests, times.
  CHECK(all["Metrics"].size() == 3 + 2 * 3);
  const Json some = bench.call("cloudwatch:ListMetrics",
                               "{'MetricName': 'RequestCount', 'Dimensions': [{'Name': "
                               "'TargetGroup'}]}");
  CHECK(some["Metrics"].size() == 2);
  CHECK(some["Metrics"][0]["Dimensions"][1]["Value"] == "app/web/01");
  CHECK(bench.call("cloudwatch:ListMetrics", "{'Namespace': 'AWS/ECS'}")["Metrics"].empty());
}

TEST_CASE("an answer's map becomes entries in XML") {
  ApiReply reply = ok_reply({{"ExtendedStatistics", {{"p50", 0.5}, {"p99", 2.0}}}});
  CHECK(xml_reply("X", "u", reply)
            .body.find("<ExtendedStatistics><entry><key>p50</key><value>0.5</value></entry><entry>"
                       "<key>p99</key><value>2.0</value></entry></ExtendedStatistics>") !=
        std::string::npos);
}

TEST_CASE("a balancer that keeps an access log has a log group") {
  ActionBench bench;
  const Json made = bench.call("elb:CreateLoadBalancer", "{'Name': 'web', 'Subnets': ['a', 'b']}");
  const auto arn = made["LoadBalancers"][0]["LoadBalancerArn"].get<std::string>();
  const std::string turn = "{'LoadBalancerArn': '" + arn +
                           "', 'Attributes': [{'Key': 'access_logs.s3.enabled', 'Value': '";

  for (const char* value : {"true", "false", "true"}) {
    bench.call("elb:ModifyLoadBalancerAttributes", turn + value + "'}]}");
    REQUIRE(bench.state.scope(bench.scope).log_groups.size() == 1);
  }
  CHECK(bench.state.scope(bench.scope).log_groups.begin()->second.value.name == "/ikada/elb/web");
}

}  // namespace ikada
