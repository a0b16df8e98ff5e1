#include "cluster/api/elb/target_group_input.h"

#include <algorithm>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada::elb {
namespace {

template <typename T>
void take(T& value, const std::optional<T>& given) {
  if (given.has_value()) value = *given;
}

// Codes and ranges with commas between them: "200,202", "200-299".
bool is_matcher(const std::string& text, std::uint64_t low, std::uint64_t high) {
  constexpr size_t kMaxMatcher = 255;
  if (text.empty() || text.size() > kMaxMatcher) return false;
  const auto parts = split(text, ',');
  return std::all_of(parts.begin(), parts.end(), [&](std::string_view part) {
    const Cut ends = cut(part, '-');
    const Result<std::uint64_t> first = parse_unsigned(ends.before, high);
    const Result<std::uint64_t> last = ends.found ? parse_unsigned(ends.after, high) : first;
    return first.has_value() && last.has_value() && *first >= low && *first <= *last;
  });
}

Result<void> check_numbers(const TargetHealthCheck& check) {
  const struct {
    const char* name;
    std::int32_t value;
    std::int32_t low;
    std::int32_t high;
  } numbers[] = {
      {"interval", check.interval_seconds, 1, 300},
      {"timeout", check.timeout_seconds, 1, 120},
      {"healthy threshold count", check.healthy_threshold, 1, 10},
      {"unhealthy threshold count", check.unhealthy_threshold, 1, 10},
  };
  for (const auto& each : numbers) {
    if (each.value >= each.low && each.value <= each.high) continue;
    return validation_error("Health check {} '{}' must be between {} and {}",
                            each.name,
                            each.value,
                            each.low,
                            each.high);
  }
  // With an interval of a second, which ikada allows, the timeout is that second.
  const bool is_shorter = check.timeout_seconds < check.interval_seconds ||
                          (check.interval_seconds == 1 && check.timeout_seconds == 1);
  if (is_shorter) return {};
  return validation_error(
      "Health check timeout '{}' must be smaller than or equal to the interval '{}'",
      check.timeout_seconds,
      check.interval_seconds);
}

Result<void> check_health_check(const TargetGroup& group) {
  constexpr std::uint64_t kMaxPort = 65'535;
  constexpr size_t kMaxPath = 1024;
  const TargetHealthCheck& check = group.health_check;
  if (check.protocol != "HTTP" && check.protocol != "HTTPS" && check.protocol != "TCP") {
    return validation_error("Health check protocol '{}' must be HTTP, HTTPS or TCP",
                            check.protocol);
  }
  const Result<std::uint64_t> port = parse_unsigned(check.port, kMaxPort);
  if (check.port != "traffic-port" && (!port.has_value() || *port == 0)) {
    return validation_error("Health check port '{}' must be 'traffic-port' or a port", check.port);
  }
  const bool is_path = check.path.starts_with("/") && check.path.size() <= kMaxPath &&
                       std::all_of(check.path.begin(), check.path.end(), [](unsigned char each) {
                         return each > 0x20 && each < 0x7f;
                       });
  if (!is_path) return validation_error("Health check path '{}' is not valid", check.path);
  const bool is_grpc = group.protocol_version == "GRPC";
  const bool matches =
      is_grpc ? is_matcher(check.matcher, 0, 99) : is_matcher(check.matcher, 200, 499);
  if (!matches) return validation_error("Health check matcher '{}' is not valid", check.matcher);
  if (!check.enabled)
    return validation_error("Health checks can only be disabled for lambda targets");
  return check_numbers(check);
}

}  // namespace

void describe(JsonFields& fields, MatcherInput& input) {
  fields.field("HttpCode", input.http_code);
  fields.field("GrpcCode", input.grpc_code);
}

void describe(JsonFields& fields, HealthCheckInput& input) {
  fields.field("HealthCheckProtocol", input.protocol);
  fields.field("HealthCheckPort", input.port);
  fields.field("HealthCheckEnabled", input.enabled);
  fields.field("HealthCheckPath", input.path);
  fields.field("HealthCheckIntervalSeconds", input.interval_seconds);
  fields.field("HealthCheckTimeoutSeconds", input.timeout_seconds);
  fields.field("HealthyThresholdCount", input.healthy_threshold);
  fields.field("UnhealthyThresholdCount", input.unhealthy_threshold);
  fields.field("Matcher", input.matcher);
}

Result<void> set_health_check(TargetGroup& group, const HealthCheckInput& input) {
  TargetHealthCheck& check = group.health_check;
  take(check.protocol, input.protocol);
  take(check.port, input.port);
  take(check.enabled, input.enabled);
  take(check.path, input.path);
  take(check.interval_seconds, input.interval_seconds);
  // A shorter interval alone takes the default timeout with it.
  if (input.interval_seconds.has_value() && !input.timeout_seconds.has_value() &&
      check.timeout_seconds >= check.interval_seconds) {
    check.timeout_seconds = std::max(1, check.interval_seconds - 1);
  }
  take(check.timeout_seconds, input.timeout_seconds);
  take(check.healthy_threshold, input.healthy_threshold);
  take(check.unhealthy_threshold, input.unhealthy_threshold);
  if (input.matcher.has_value()) {
    const bool is_grpc = group.protocol_version == "GRPC";
    take(check.matcher, is_grpc ? input.matcher->grpc_code : input.matcher->http_code);
  }
  return check_health_check(group);
}

}  // namespace ikada::elb
