#include "cluster/scheduler/request.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace ikada::scheduler {
namespace {

constexpr std::string_view kAttributeFieldPrefix = "attribute:";
constexpr const char* kZoneAttribute = "ecs.availability-zone";

Result<void> check_amount(std::uint32_t amount, std::string_view what) {
  if (amount <= Resources::kMaxAmount) return {};
  return make_error(ErrorKind::kInvalid, "{}: {} is too much", what, amount);
}

template <typename Items>
Result<void> check_count(const Items& items, size_t limit, std::string_view what) {
  if (items.size() <= limit) return {};
  return make_error(ErrorKind::kInvalid, "{} {}, at most {}", items.size(), what, limit);
}

}  // namespace

Result<void> check_request(const Request& request) {
  const Resources& resources = request.shape.resources;
  IK_TRY(check_amount(resources.cpu, "cpu"));
  IK_TRY(check_amount(resources.memory_mib, "memory"));
  IK_TRY(check_amount(resources.gpu, "gpu"));
  IK_TRY(check_amount(resources.eni, "network interfaces"));
  IK_TRY(check_count(request.shape.ports, Request::kMaxPorts, "host ports"));
  IK_TRY(check_count(request.member_of, Request::kMaxConstraints, "constraints"));
  IK_TRY(check_count(request.strategies, Request::kMaxStrategies, "strategies"));
  IK_TRY(check_count(
      request.required_attributes, Request::kMaxRequiredAttributes, "required attributes"));
  std::vector<HostPort> ports = request.shape.ports;
  std::sort(ports.begin(), ports.end());
  if (std::adjacent_find(ports.begin(), ports.end()) != ports.end()) {
    return make_error(ErrorKind::kInvalid, "a host port is asked for twice");
  }
  return {};
}

Result<void> add_constraint(Request& request, std::string_view type, std::string_view expression) {
  if (type == "distinctInstance") {
    if (!expression.empty()) {
      return make_error(ErrorKind::kInvalid, "distinctInstance takes no expression");
    }
    request.distinct_instance = true;
    return {};
  }
  if (type != "memberOf") {
    return make_error(ErrorKind::kInvalid, "unknown placement constraint: {}", type);
  }
  IK_LET(query, Query::parse(expression));
  request.member_of.push_back(std::move(query));
  return {};
}

Result<Strategy> parse_strategy(std::string_view type, std::string_view field) {
  const std::string lower_field = lower_case(field);
  if (type == "random") {
    if (!field.empty()) return make_error(ErrorKind::kInvalid, "random takes no field");
    return Strategy{.kind = StrategyKind::kRandom};
  }
  if (type == "binpack") {
    if (lower_field == "cpu") return Strategy{.kind = StrategyKind::kBinpackCpu};
    if (lower_field == "memory") {
      return Strategy{.kind = StrategyKind::kBinpackMemory};
    }
    return make_error(ErrorKind::kInvalid, "binpack takes the field cpu or memory, not {}", field);
  }
  if (type != "spread") {
    return make_error(ErrorKind::kInvalid, "unknown placement strategy: {}", type);
  }
  if (lower_field == "instanceid" || lower_field == "host") {
    return Strategy{.kind = StrategyKind::kSpreadHosts};
  }
  if (field.size() <= kAttributeFieldPrefix.size() || !field.starts_with(kAttributeFieldPrefix)) {
    return make_error(ErrorKind::kInvalid,
                      "spread takes the field instanceId, host or attribute:NAME, not {}",
                      field);
  }
  return Strategy{.kind = StrategyKind::kSpreadAttribute,
                  .attribute = std::string(field.substr(kAttributeFieldPrefix.size()))};
}

std::vector<Strategy> default_service_strategies() {
  return {Strategy{.kind = StrategyKind::kSpreadAttribute, .attribute = kZoneAttribute},
          Strategy{.kind = StrategyKind::kSpreadHosts}};
}

}  // namespace ikada::scheduler
