// Whether a container is well, by the results of its health check. Pure.
//
// The first check comes an interval after the start, each further one an interval after the result
// of the last. Failures in a row make it unhealthy; those of the start period do not count, and a
// success ends that period.
//
// Source: Amazon ECS API Reference, HealthCheck; docker-run(1), --health-cmd.
#pragma once

#include <cstdint>
#include <string_view>

#include "cluster/agent/task_rules.h"
#include "cluster/model/json_fields.h"

namespace ikada {

enum class HealthStatus { kUnknown, kHealthy, kUnhealthy };

std::string_view to_text(HealthStatus status);

struct ContainerHealth {
  HealthStatus status = HealthStatus::kUnknown;
  std::int32_t failures = 0;       // In a row.
  std::int64_t next_check_ms = 0;  // On the steady clock.
  bool is_checking = false;

  void start(const HealthRule& rule, std::int64_t now_ms);
  bool is_due(std::int64_t now_ms) const { return !is_checking && now_ms >= next_check_ms; }
  void take(bool passed, const HealthRule& rule, std::int64_t started_ms, std::int64_t now_ms);
};
void describe(JsonFields& fields, ContainerHealth& health);

}  // namespace ikada
