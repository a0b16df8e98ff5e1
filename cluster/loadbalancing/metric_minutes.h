// What is counted of the balancers, by the minute: the metrics of AWS/ApplicationELB, as a host
// that carries the balancers sees them.
//
// Kept in memory only, for `kKeptMinutes`, or as long as `kMaxCells` reach: then the eldest minute
// goes first. A time of response has its place among some 160 steps, each an eighth of an octave or
// less, from which percentiles are told.
//
// Source: Elastic Load Balancing User Guide for Application Load Balancers, "CloudWatch metrics".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

inline constexpr std::int64_t kKeptMinutes = 6 * 60;
inline constexpr size_t kMaxCells = 10'000;

enum class BalancerMetric : std::uint8_t {
  kActiveConnections,
  kElb3xx,
  kElb4xx,
  kElb5xx,
  kHealthyHosts,
  kNewConnections,
  kProcessedBytes,
  kRequests,
  kTarget2xx,
  kTarget3xx,
  kTarget4xx,
  kTarget5xx,
  kTargetConnectionErrors,
  kTargetResponseTime,
  kUnhealthyHosts,
};

struct MetricFacts {
  BalancerMetric metric;
  std::string_view name;  // "RequestCount".
  std::string_view unit;  // "Count", "Seconds", "Bytes".
  bool is_of_group;       // Told of target groups, too.
  bool is_of_balancer;    // Told of a whole balancer.
};

// In the order of their names.
const std::vector<MetricFacts>& balancer_metrics();
// Null for a name that is none.
const MetricFacts* find_balancer_metric(std::string_view name);

// Of which balancer, and of which of its groups; a group is empty for what is the balancer's own.
struct MetricPlace {
  std::string balancer = {};  // ARNs.
  std::string group = {};

  auto operator<=>(const MetricPlace&) const = default;
};

struct Statistic {
  double count = 0;
  double sum = 0;
  double low = 0;
  double high = 0;

  void add(double value, double weight);
  void merge(const Statistic& other);
};

// How many times of response there were, by steps.
class ResponseTimes {
 public:
  void add(std::int64_t ms, std::int64_t weight);
  void merge(const ResponseTimes& other);
  bool is_empty() const { return steps_.empty(); }

  // The time that `percent` of them do not exceed, in seconds, not above `high`.
  double percentile(double percent, double high) const;

  const std::map<int, std::int64_t>& steps() const { return steps_; }
  void set(int step, std::int64_t count) { steps_[step] = count; }

 private:
  std::map<int, std::int64_t> steps_;
};

struct MetricCell {
  std::vector<std::pair<BalancerMetric, Statistic>> values = {};
  ResponseTimes times = {};

  Statistic& at(BalancerMetric metric);
  const Statistic* find(BalancerMetric metric) const;
};

class MetricMinutes {
 public:
  using Cells = std::map<MetricPlace, MetricCell>;

  // `minute`: since 1970.
  MetricCell& cell(std::int64_t minute, const MetricPlace& place);
  void forget_before(std::int64_t minute);

  const std::map<std::int64_t, Cells>& minutes() const { return minutes_; }

  // {"minute", "cells": [{"balancer", "group", "values": {NAME: [count, sum, low, high]}, "times":
  // [[step, count]…]}…]}: how a manager tells the leading one.
  Json to_json(std::int64_t minute) const;
  // In the place of what was known of that minute. kInvalid for what is no such thing.
  Result<void> put(const Json& json);

 private:
  std::map<std::int64_t, Cells> minutes_;
  size_t cells_ = 0;
};

// Of all hosts that carry the balancers: this one, and others by their nodes, as they tell it.
struct MetricBook {
  MetricMinutes own = {};
  std::map<std::string, MetricMinutes> others = {};
};

}  // namespace ikada
