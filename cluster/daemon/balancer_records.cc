#include "cluster/daemon/balancer_records.h"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/loadbalancing/access_log_line.h"
#include "cluster/loadbalancing/rule_actions.h"
#include "cluster/model/arn.h"

namespace ikada {
namespace {

constexpr std::int64_t kMsPerMinute = 60'000;
constexpr size_t kMaxPending = 20'000;  // Lines of one log.
constexpr size_t kMaxToldMinutes = 20;
constexpr size_t kMaxNewsCells = 300;

std::int64_t minute_of(Timestamp time) { return time.milliseconds / kMsPerMinute; }

std::optional<BalancerMetric> code_metric(int status, bool is_of_target) {
  using enum BalancerMetric;
  constexpr int kClass = 100;
  switch (status / kClass) {
    case 2:
      return is_of_target ? std::optional(kTarget2xx) : std::nullopt;
    case 3:
      return is_of_target ? kTarget3xx : kElb3xx;
    case 4:
      return is_of_target ? kTarget4xx : kElb4xx;
    case 5:
      return is_of_target ? kTarget5xx : kElb5xx;
    default:
      return std::nullopt;
  }
}

}  // namespace

BalancerRecords::BalancerRecords(boost::asio::io_context& loop, EngineLayout layout)
    : loop_(loop), layout_(std::move(layout)) {}

BalancerRecords::~BalancerRecords() {
  *is_here_ = false;
  thread_.join();
}

void BalancerRecords::set_plan(const BalancerPlan& plan) {
  places_.clear();
  arns_.clear();
  groups_.clear();
  for (const PlannedGroup& group : plan.groups) {
    arns_[group_section(group.name)] = group.arn;
    arns_[open_section(group.name)] = group.arn;
    groups_[group.name] = group.arn;
  }
  for (const PlannedListener& listener : plan.listeners) {
    const Result<Arn> arn = parse_arn(listener.balancer_arn);
    Place place{
        .listener = listener, .region = arn.has_value() ? arn->scope.region : "", .groups = {}};
    for (const std::string& name : forwarded_groups(listener.default_actions)) {
      place.groups.insert(name);
    }
    for (const ListenerRule& rule : listener.rules) {
      for (const std::string& name : forwarded_groups(rule.actions)) place.groups.insert(name);
    }
    places_.emplace(listener_section(listener.name), std::move(place));
  }
}

MetricCell& BalancerRecords::cell(Timestamp now,
                                  const std::string& balancer,
                                  const std::string& group) {
  const std::int64_t minute = minute_of(now);
  changed_.insert(minute);
  return book_.own.cell(minute, {.balancer = balancer, .group = group});
}

void BalancerRecords::take(const std::vector<RequestRecord>& requests, Timestamp now) {
  for (const RequestRecord& request : requests) {
    const auto place = places_.find(request.listener);
    if (place == places_.end()) continue;
    count(request, place->second, now);
    if (!place->second.listener.log_group.empty()) log(request, place->second, now);
  }
}

void BalancerRecords::count(const RequestRecord& request, const Place& place, Timestamp now) {
  using enum BalancerMetric;
  constexpr double kMsPerSecond = 1000;
  const std::string& balancer = place.listener.balancer_arn;
  const auto weight = static_cast<double>(request.weight);
  const bool is_of_target = request.is_answered_by_target();
  const auto group = arns_.find(request.section);
  const std::optional<BalancerMetric> code = code_metric(request.status, is_of_target);
  {
    MetricCell& own = cell(now, balancer, "");
    own.at(kProcessedBytes)
        .add(static_cast<double>(request.received_bytes + request.sent_bytes), weight);
    if (code.has_value() && !is_of_target) own.at(*code).add(1, weight);
  }
  if (group == arns_.end()) return;
  MetricCell& of_group = cell(now, balancer, group->second);
  of_group.at(kRequests).add(1, weight);
  const bool is_refused = request.queue_ms >= 0 && request.connect_ms < 0;
  if (is_refused) of_group.at(kTargetConnectionErrors).add(1, weight);
  if (!is_of_target) return;
  if (code.has_value()) of_group.at(*code).add(1, weight);
  of_group.at(kTargetResponseTime)
      .add(static_cast<double>(request.response_ms) / kMsPerSecond, weight);
  of_group.times.add(request.response_ms, request.weight);
}

void BalancerRecords::log(const RequestRecord& request, const Place& place, Timestamp now) {
  // Of a HAProxy that has not been told yet that there is a log.
  if (request.client == "-") return;
  Pending& pending = pending_[place.listener.log_group];
  pending.region = place.region;
  pending.left_out += request.weight - 1;
  if (pending.events.size() >= kMaxPending) {
    ++pending.left_out;
    return;
  }
  const auto group = arns_.find(request.section);
  const std::string arn = group == arns_.end() ? "" : group->second;
  pending.events.push_back(
      {.time_ms = now.milliseconds,
       .message = access_log_line(request, place.listener, arn, now.milliseconds)});
}

void BalancerRecords::look(const Sight& sight, Timestamp now) {
  book_.own.forget_before(minute_of(now) - kKeptMinutes);
  for (auto& [node, minutes] : book_.others) minutes.forget_before(minute_of(now) - kKeptMinutes);
  count_targets(sight.targets, now);
  count_connections(sight.connections, now);
  write_lines(sight.host, now);
  complain(now);
}

void BalancerRecords::count_targets(const TargetObservations& targets, Timestamp now) {
  std::set<MetricPlace> counted;
  for (const auto& [section, place] : places_) {
    for (const std::string& name : place.groups) {
      const auto group = groups_.find(name);
      const auto seen = targets.find(name);
      if (group == groups_.end() || seen == targets.end()) continue;
      const std::string& balancer = place.listener.balancer_arn;
      if (!counted.insert({.balancer = balancer, .group = group->second}).second) continue;
      double healthy = 0;
      double unhealthy = 0;
      for (const auto& [id, target] : seen->second) {
        if (target.state == TargetState::kHealthy) ++healthy;
        if (target.state == TargetState::kUnhealthy) ++unhealthy;
      }
      MetricCell& of_group = cell(now, balancer, group->second);
      of_group.at(BalancerMetric::kHealthyHosts).add(healthy, 1);
      of_group.at(BalancerMetric::kUnhealthyHosts).add(unhealthy, 1);
    }
  }
}

void BalancerRecords::count_connections(const std::map<std::string, ConnectionCounts>& counts,
                                        Timestamp now) {
  std::map<std::string, ConnectionCounts> by_balancer;
  for (const auto& [section, count] : counts) {
    const auto place = places_.find(section);
    if (place == places_.end()) continue;
    ConnectionCounts& sum = by_balancer[place->second.listener.balancer_arn];
    sum.open += count.open;
    const auto last = connections_.find(section);
    if (last == connections_.end()) continue;
    // Less than before is a new worker's count.
    const bool is_same = count.opened >= last->second.opened;
    sum.opened += is_same ? count.opened - last->second.opened : count.opened;
  }
  connections_ = counts;
  for (const auto& [balancer, sum] : by_balancer) {
    MetricCell& own = cell(now, balancer, "");
    own.at(BalancerMetric::kActiveConnections).add(static_cast<double>(sum.open), 1);
    own.at(BalancerMetric::kNewConnections).add(static_cast<double>(sum.opened), 1);
  }
}

void BalancerRecords::write_lines(const std::string& host, Timestamp now) {
  if (is_writing_ || pending_.empty()) return;
  is_writing_ = true;
  auto pending = std::make_shared<std::map<std::string, Pending>>(std::exchange(pending_, {}));
  boost::asio::post(thread_,
                    [this,
                     &io = loop_,
                     pending,
                     host,
                     now,
                     is_here = is_here_,
                     guard = boost::asio::make_work_guard(loop_)] {
                      std::int64_t left_out = 0;
                      for (const auto& [group, each] : *pending) {
                        left_out += each.left_out;
                        const LogStreamFacts facts{.region = each.region,
                                                   .group = group,
                                                   .stream = host,
                                                   .created_ms = now.milliseconds};
                        const Result<void> written =
                            append_log_events(layout_, facts, each.events, now.milliseconds);
                        if (written.has_value()) continue;
                        left_out += static_cast<std::int64_t>(each.events.size());
                        spdlog::warn("access log {}: {}", group, written.error().message);
                      }
                      boost::asio::post(io, [this, is_here, left_out] {
                        if (!*is_here) return;
                        is_writing_ = false;
                        left_out_ += left_out;
                      });
                    });
}

void BalancerRecords::complain(Timestamp now) {
  if (untold_ + left_out_ == 0 || now.milliseconds - complained_ms_ < kMsPerMinute) return;
  complained_ms_ = now.milliseconds;
  if (untold_ > 0) {
    spdlog::warn("load balancers: too busy to count {} requests", std::exchange(untold_, 0));
  }
  if (left_out_ > 0) {
    spdlog::warn("load balancers: {} requests are not in the access logs",
                 std::exchange(left_out_, 0));
  }
}

Json BalancerRecords::take_news() {
  Json news = Json::array();
  size_t cells = 0;
  while (!changed_.empty() && news.size() < kMaxToldMinutes && cells < kMaxNewsCells) {
    // The latest first: it is what is asked for.
    const auto latest = std::prev(changed_.end());
    Json minute = book_.own.to_json(*latest);
    cells += minute["cells"].size();
    if (!minute["cells"].empty()) news.push_back(std::move(minute));
    changed_.erase(latest);
  }
  return news;
}

void BalancerRecords::give_back(const Json& news) {
  for (const Json& each : news) changed_.insert(each["minute"].get<std::int64_t>());
}

void BalancerRecords::tell_all_anew() {
  for (const auto& [minute, cells] : book_.own.minutes()) changed_.insert(minute);
}

Result<void> BalancerRecords::put(const std::string& node, const Json& news) {
  if (!news.is_array() || news.size() > kMaxToldMinutes) {
    return make_error(ErrorKind::kInvalid, "metrics: expected minutes");
  }
  for (const Json& each : news) IK_TRY(book_.others[node].put(each));
  return {};
}

void BalancerRecords::keep_others(const std::map<std::string, std::string>& names) {
  std::erase_if(book_.others, [&](const auto& each) { return !names.contains(each.first); });
}

}  // namespace ikada
