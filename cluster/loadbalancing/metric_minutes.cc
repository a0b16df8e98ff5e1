#include "cluster/loadbalancing/metric_minutes.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ikada {
namespace {

constexpr std::int64_t kExactSteps = 16;  // Up to 15 ms each has a step of its own.
constexpr int kStepsPerOctave = 8;
constexpr int kExactBits = 4;
constexpr std::int64_t kMaxTimeMs = std::int64_t{1} << 24;
constexpr size_t kMaxToldCells = 1000;

int step_of(std::int64_t ms) {
  if (ms < kExactSteps) return static_cast<int>(std::max<std::int64_t>(ms, 0));
  const auto capped = static_cast<std::uint64_t>(std::min(ms, kMaxTimeMs));
  const int octave = static_cast<int>(std::bit_width(capped)) - 1;  // At least kExactBits.
  const auto part = static_cast<int>(capped >> (octave - 3)) - kStepsPerOctave;
  return static_cast<int>(kExactSteps) + (octave - kExactBits) * kStepsPerOctave + part;
}

// The middle of a step.
double ms_of(int step) {
  if (step < kExactSteps) return step;
  const int above = step - static_cast<int>(kExactSteps);
  const double octave = std::exp2(above / kStepsPerOctave + kExactBits);
  return octave * (1 + (above % kStepsPerOctave + 0.5) / kStepsPerOctave);
}

Result<Statistic> read_statistic(const Json& json) {
  constexpr size_t kNumbers = 4;
  const bool is_good =
      json.is_array() && json.size() == kNumbers &&
      std::all_of(json.begin(), json.end(), [](const Json& each) { return each.is_number(); });
  if (!is_good) return make_error(ErrorKind::kInvalid, "no statistic");
  return Statistic{.count = json[0].get<double>(),
                   .sum = json[1].get<double>(),
                   .low = json[2].get<double>(),
                   .high = json[3].get<double>()};
}

Result<MetricCell> read_cell(const Json& json) {
  MetricCell cell;
  const auto values = json.find("values");
  const auto times = json.find("times");
  if (values == json.end() || !values->is_object() || times == json.end() || !times->is_array()) {
    return make_error(ErrorKind::kInvalid, "no cell of metrics");
  }
  for (const auto& [name, each] : values->items()) {
    const MetricFacts* facts = find_balancer_metric(name);
    if (facts == nullptr) continue;  // A newer manager's.
    IK_LET(statistic, read_statistic(each));
    cell.at(facts->metric) = statistic;
  }
  for (const Json& each : *times) {
    const bool is_pair = each.is_array() && each.size() == 2 && each[0].is_number_integer() &&
                         each[1].is_number_integer();
    if (!is_pair) return make_error(ErrorKind::kInvalid, "no steps of times");
    cell.times.set(std::clamp(each[0].get<int>(), 0, step_of(kMaxTimeMs)),
                   each[1].get<std::int64_t>());
  }
  return cell;
}

}  // namespace

const std::vector<MetricFacts>& balancer_metrics() {
  using enum BalancerMetric;
  static const std::vector<MetricFacts> facts = {
      {kActiveConnections, "ActiveConnectionCount", "Count", false, true},
      {kElb3xx, "HTTPCode_ELB_3XX_Count", "Count", false, true},
      {kElb4xx, "HTTPCode_ELB_4XX_Count", "Count", false, true},
      {kElb5xx, "HTTPCode_ELB_5XX_Count", "Count", false, true},
      {kTarget2xx, "HTTPCode_Target_2XX_Count", "Count", true, true},
      {kTarget3xx, "HTTPCode_Target_3XX_Count", "Count", true, true},
      {kTarget4xx, "HTTPCode_Target_4XX_Count", "Count", true, true},
      {kTarget5xx, "HTTPCode_Target_5XX_Count", "Count", true, true},
      {kHealthyHosts, "HealthyHostCount", "Count", true, false},
      {kNewConnections, "NewConnectionCount", "Count", false, true},
      {kProcessedBytes, "ProcessedBytes", "Bytes", false, true},
      {kRequests, "RequestCount", "Count", true, true},
      {kTargetConnectionErrors, "TargetConnectionErrorCount", "Count", true, true},
      {kTargetResponseTime, "TargetResponseTime", "Seconds", true, true},
      {kUnhealthyHosts, "UnHealthyHostCount", "Count", true, false},
  };
  return facts;
}

const MetricFacts* find_balancer_metric(std::string_view name) {
  for (const MetricFacts& each : balancer_metrics()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

void Statistic::add(double value, double weight) {
  low = count > 0 ? std::min(low, value) : value;
  high = count > 0 ? std::max(high, value) : value;
  count += weight;
  sum += value * weight;
}

void Statistic::merge(const Statistic& other) {
  if (other.count <= 0) return;
  low = count > 0 ? std::min(low, other.low) : other.low;
  high = count > 0 ? std::max(high, other.high) : other.high;
  count += other.count;
  sum += other.sum;
}

void ResponseTimes::add(std::int64_t ms, std::int64_t weight) { steps_[step_of(ms)] += weight; }

void ResponseTimes::merge(const ResponseTimes& other) {
  for (const auto& [step, count] : other.steps_) steps_[step] += count;
}

double ResponseTimes::percentile(double percent, double high) const {
  constexpr double kMsPerSecond = 1000;
  constexpr double kWhole = 100;
  std::int64_t all = 0;
  for (const auto& [step, count] : steps_) all += count;
  const double wanted = static_cast<double>(all) * percent / kWhole;
  std::int64_t seen = 0;
  for (const auto& [step, count] : steps_) {
    seen += count;
    if (static_cast<double>(seen) >= wanted) return std::min(ms_of(step) / kMsPerSecond, high);
  }
  return high;
}

Statistic& MetricCell::at(BalancerMetric metric) {
  for (auto& [each, statistic] : values) {
    if (each == metric) return statistic;
  }
  return values.emplace_back(metric, Statistic{}).second;
}

const Statistic* MetricCell::find(BalancerMetric metric) const {
  for (const auto& [each, statistic] : values) {
    if (each == metric) return &statistic;
  }
  return nullptr;
}

MetricCell& MetricMinutes::cell(std::int64_t minute, const MetricPlace& place) {
  const auto [at, is_new] = minutes_[minute].try_emplace(place);
  if (!is_new) return at->second;
  ++cells_;
  while (cells_ > kMaxCells && minutes_.begin()->first < minute) {
    cells_ -= minutes_.begin()->second.size();
    minutes_.erase(minutes_.begin());
  }
  return at->second;
}

void MetricMinutes::forget_before(std::int64_t minute) {
  while (!minutes_.empty() && minutes_.begin()->first < minute) {
    cells_ -= minutes_.begin()->second.size();
    minutes_.erase(minutes_.begin());
  }
}

Json MetricMinutes::to_json(std::int64_t minute) const {
  Json cells = Json::array();
  const auto found = minutes_.find(minute);
  if (found == minutes_.end()) return {{"minute", minute}, {"cells", std::move(cells)}};
  for (const auto& [place, cell] : found->second) {
    if (cells.size() >= kMaxToldCells) break;
    Json values = Json::object();
    for (const MetricFacts& facts : balancer_metrics()) {
      const Statistic* each = cell.find(facts.metric);
      if (each == nullptr) continue;
      values[std::string(facts.name)] = {each->count, each->sum, each->low, each->high};
    }
    Json times = Json::array();
    for (const auto& [step, count] : cell.times.steps()) times.push_back({step, count});
    cells.push_back({{"balancer", place.balancer},
                     {"group", place.group},
                     {"values", std::move(values)},
                     {"times", std::move(times)}});
  }
  return {{"minute", minute}, {"cells", std::move(cells)}};
}

Result<void> MetricMinutes::put(const Json& json) {
  const auto minute = json.find("minute");
  const auto cells = json.find("cells");
  if (minute == json.end() || !minute->is_number_integer() || cells == json.end() ||
      !cells->is_array() || cells->size() > kMaxToldCells) {
    return make_error(ErrorKind::kInvalid, "no minute of metrics");
  }
  Cells read;
  for (const Json& each : *cells) {
    const bool is_named = each.is_object() && each.contains("balancer") && each.contains("group") &&
                          each["balancer"].is_string() && each["group"].is_string();
    if (!is_named) return make_error(ErrorKind::kInvalid, "no cell of metrics");
    IK_LET(one, read_cell(each));
    read.emplace(MetricPlace{.balancer = each["balancer"].get<std::string>(),
                             .group = each["group"].get<std::string>()},
                 std::move(one));
  }
  for (auto& [place, one] : read) cell(minute->get<std::int64_t>(), place) = std::move(one);
  return {};
}

}  // namespace ikada
