#include <set>
#include <tuple>

#include "cluster/api/cloudwatch/metric_actions.h"
#include "cluster/api/cloudwatch/metric_points.h"
#include "runtime/base/number.h"

namespace ikada::cloudwatch {
namespace {

constexpr size_t kPage = 500;

struct ListInput {
  MetricChoice choice;
  std::string next_token;
};

void describe(JsonFields& fields, ListInput& input) {
  describe(fields, input.choice);
  fields.field("NextToken", input.next_token);
}

// Name, and what its dimensions are; either may be empty.
using Known = std::tuple<std::string_view, std::string, std::string>;

void add_known(const MetricMinutes& minutes, const Scope& scope, std::set<Known>& known) {
  for (const auto& [minute, cells] : minutes.minutes()) {
    for (const auto& [place, cell] : cells) {
      if (!is_in_scope(place.balancer, scope)) continue;
      const std::string balancer = dimension_of_balancer(place.balancer);
      const std::string group = dimension_of_group(place.group);
      for (const auto& [metric, statistic] : cell.values) {
        for (const MetricFacts& facts : balancer_metrics()) {
          if (facts.metric != metric) continue;
          if (facts.is_of_balancer) known.emplace(facts.name, balancer, "");
          if (facts.is_of_group && !group.empty()) known.emplace(facts.name, balancer, group);
        }
      }
    }
  }
}

// A dimension without a value chooses all that have it.
bool is_listed(const Known& known, const MetricChoice& choice) {
  const auto& [name, balancer, group] = known;
  if (!choice.name.empty() && choice.name != name) return false;
  for (const Dimension& each : choice.dimensions) {
    const std::string& value = each.name == "TargetGroup" ? group : balancer;
    if (each.name != "TargetGroup" && each.name != "LoadBalancer") return false;
    if (value.empty() || (!each.value.empty() && each.value != value)) return false;
  }
  return true;
}

Json shown_metric(const Known& known) {
  const auto& [name, balancer, group] = known;
  Json dimensions = Json::array();
  if (!group.empty()) dimensions.push_back({{"Name", "TargetGroup"}, {"Value", group}});
  dimensions.push_back({{"Name", "LoadBalancer"}, {"Value", balancer}});
  return {{"Namespace", kNamespace}, {"MetricName", name}, {"Dimensions", std::move(dimensions)}};
}

}  // namespace

Result<Outcome> list_metrics(const ApiCall& call, const State&) {
  IK_LET(input, parse_input<ListInput>(call));
  std::uint64_t first = 0;
  if (!input.next_token.empty()) {
    const Result<std::uint64_t> parsed = parse_unsigned(input.next_token);
    if (!parsed.has_value()) return invalid_value("The parameter NextToken is not valid.");
    first = *parsed;
  }
  std::set<Known> known;
  const bool is_ours =
      input.choice.metric_namespace.empty() || input.choice.metric_namespace == kNamespace;
  if (call.metrics != nullptr && is_ours) {
    add_known(call.metrics->own, call.scope, known);
    for (const auto& [node, minutes] : call.metrics->others) add_known(minutes, call.scope, known);
  }
  std::erase_if(known, [&](const Known& each) { return !is_listed(each, input.choice); });
  Json metrics = Json::array();
  std::uint64_t place = 0;
  for (const Known& each : known) {
    if (place++ < first || metrics.size() >= kPage) continue;
    metrics.push_back(shown_metric(each));
  }
  Json shown = {{"Metrics", std::move(metrics)}};
  if (known.size() > first + kPage) shown["NextToken"] = fmt::format("{}", first + kPage);
  return answer(std::move(shown));
}

}  // namespace ikada::cloudwatch
