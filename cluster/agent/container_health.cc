#include "cluster/agent/container_health.h"

namespace ikada {

std::string_view to_text(HealthStatus status) {
  switch (status) {
    case HealthStatus::kUnknown:
      return "UNKNOWN";
    case HealthStatus::kHealthy:
      return "HEALTHY";
    case HealthStatus::kUnhealthy:
      return "UNHEALTHY";
  }
  return "";
}

void ContainerHealth::start(const HealthRule& rule, std::int64_t now_ms) {
  *this = ContainerHealth{.next_check_ms = now_ms + rule.interval_ms};
}

void ContainerHealth::take(bool passed,
                           const HealthRule& rule,
                           std::int64_t started_ms,
                           std::int64_t now_ms) {
  is_checking = false;
  next_check_ms = now_ms + rule.interval_ms;
  if (passed) {
    status = HealthStatus::kHealthy;
    failures = 0;
    return;
  }
  const bool is_starting =
      status == HealthStatus::kUnknown && now_ms < started_ms + rule.start_period_ms;
  if (is_starting) return;
  ++failures;
  if (failures >= rule.retries) status = HealthStatus::kUnhealthy;
}

void describe(JsonFields& fields, ContainerHealth& health) {
  auto status = static_cast<std::int32_t>(health.status);
  fields.field("status", status);
  const bool is_known =
      status >= 0 && status <= static_cast<std::int32_t>(HealthStatus::kUnhealthy);
  health.status = is_known ? static_cast<HealthStatus>(status) : HealthStatus::kUnknown;
  fields.field("failures", health.failures);
  fields.field("next_check_ms", health.next_check_ms);
}

}  // namespace ikada
