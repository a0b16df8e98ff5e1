#include "cmd/ikada/service_targets.h"

#include <algorithm>

#include <fmt/core.h>

namespace ikada {
namespace {

// "arn:…:targetgroup/NAME/ID"
std::string group_name(const std::string& arn) {
  const size_t end = arn.rfind('/');
  const size_t begin = arn.rfind('/', end - 1) + 1;
  return arn.substr(begin, end - begin);
}

}  // namespace

std::string describe_awaited_targets(const Json& targets, int tasks) {
  const auto count = [&](std::string_view wanted) {
    return static_cast<int>(std::count_if(targets.begin(), targets.end(), [&](const Json& each) {
      const auto health = each.find("TargetHealth");
      return health != each.end() && health->value("State", "") == wanted;
    }));
  };
  if (count("unused") > 0) return {};
  // Those are not checked.
  const int good = count("healthy") + count("unavailable");
  const int initial = count("initial");
  if (good >= tasks && initial == 0) return {};
  return fmt::format("{} of {} targets are healthy", good, std::max(tasks, good + initial));
}

Result<std::string> find_awaited_targets(const ApiClient& api, const Json& service) {
  const auto balancers = service.find("loadBalancers");
  if (balancers == service.end()) return std::string();
  for (const Json& each : *balancers) {
    const std::string arn = each.value("targetGroupArn", "");
    if (arn.empty()) continue;
    const Result<Json> answer =
        api.call_balancing("DescribeTargetHealth", {{"TargetGroupArn", arn}});
    if (!answer.has_value() && answer.error().kind == ErrorKind::kNotFound) continue;
    if (!answer.has_value()) return answer.error();
    const std::string awaited = describe_awaited_targets(
        answer->value("TargetHealthDescriptions", Json::array()), service.value("runningCount", 0));
    if (!awaited.empty()) return fmt::format("target group {}: {}", group_name(arn), awaited);
  }
  return std::string();
}

}  // namespace ikada
