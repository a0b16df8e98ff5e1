#include "cluster/loadbalancing/metric_minutes.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace ikada {
namespace {

const MetricPlace kPlace = {.balancer = "b", .group = "g"};

}  // namespace

TEST_CASE("a statistic has sum, count, least and most, and takes in another") {
  Statistic one;
  one.add(3, 1);
  one.add(1, 2);
  Statistic other;
  other.add(7, 1);

  one.merge(other);
  one.merge(Statistic{});

  CHECK(one.count == 4);
  CHECK(one.sum == 12);
  CHECK(one.low == 1);
  CHECK(one.high == 7);
}

TEST_CASE("percentiles of times are told to some percent") {
  ResponseTimes times;
  for (int ms = 1; ms <= 1000; ++ms) times.add(ms, 1);
  times.add(100'000'000, 1);

  CHECK(times.percentile(1, 1e6) == doctest::Approx(0.010).epsilon(0.11));
  CHECK(times.percentile(50, 1e6) == doctest::Approx(0.5).epsilon(0.07));
  CHECK(times.percentile(99, 1e6) == doctest::Approx(0.99).epsilon(0.07));
  CHECK(times.percentile(99, 0.9) == doctest::Approx(0.9));
  CHECK(ResponseTimes().percentile(50, 2) == 2);
}

TEST_CASE("times below sixteen milliseconds are exact") {
  for (int ms = 0; ms < 16; ++ms) {
    ResponseTimes times;
    times.add(ms, 3);
    CHECK(times.percentile(50, 1) == doctest::Approx(ms / 1000.0));
  }
}

TEST_CASE("minutes go from host to host") {
  MetricMinutes minutes;
  MetricCell& cell = minutes.cell(7, kPlace);
  cell.at(BalancerMetric::kRequests).add(1, 16);
  cell.at(BalancerMetric::kTargetResponseTime).add(0.25, 16);
  cell.times.add(250, 16);
  MetricMinutes told;

  REQUIRE(told.put(minutes.to_json(7)).has_value());
  REQUIRE(told.put(minutes.to_json(7)).has_value());

  const MetricCell& read = told.minutes().at(7).at(kPlace);
  CHECK(read.find(BalancerMetric::kRequests)->sum == 16);
  CHECK(read.find(BalancerMetric::kTargetResponseTime)->sum == 4);
  CHECK(read.times.steps() == cell.times.steps());
  CHECK(read.find(BalancerMetric::kElb5xx) == nullptr);
  CHECK_FALSE(told.put(Json::object()).has_value());
  CHECK_FALSE(told.put({{"minute", 1}, {"cells", {1}}}).has_value());
}

TEST_CASE("no more is kept than there is room for, the eldest goes first") {
  MetricMinutes minutes;
  for (int minute = 0; minute < 3; ++minute) {
    for (size_t place = 0; place < kMaxCells / 2; ++place) {
      minutes.cell(minute, {.balancer = fmt::format("{}", place), .group = ""});
    }
  }
  CHECK(minutes.minutes().size() == 2);
  CHECK(minutes.minutes().begin()->first == 1);

  minutes.forget_before(2);
  CHECK(minutes.minutes().size() == 1);
}

TEST_CASE("every metric has one name") {
  for (const MetricFacts& each : balancer_metrics()) {
    CHECK(find_balancer_metric(each.name) == &each);
    CHECK((each.is_of_balancer || each.is_of_group));
  }
  CHECK(find_balancer_metric("None") == nullptr);
}

}  // namespace ikada
