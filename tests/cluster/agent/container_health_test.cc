#include "cluster/agent/container_health.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr HealthRule kRule{
    .interval_ms = 10, .timeout_ms = 5, .start_period_ms = 100, .retries = 2};

ContainerHealth make_started() {
  ContainerHealth health;
  health.start(kRule, 1000);
  return health;
}

}  // namespace

TEST_CASE("a container's health is unknown until its first check, an interval after the start") {
  const ContainerHealth health = make_started();

  CHECK(health.status == HealthStatus::kUnknown);
  CHECK_FALSE(health.is_due(1009));
  CHECK(health.is_due(1010));
}

TEST_CASE("failures in the start period do not count until a check has passed") {
  ContainerHealth health = make_started();

  health.take(false, kRule, 1000, 1010);
  health.take(false, kRule, 1000, 1020);
  health.take(false, kRule, 1000, 1030);
  CHECK(health.status == HealthStatus::kUnknown);
  health.take(true, kRule, 1000, 1040);
  CHECK(health.status == HealthStatus::kHealthy);
  health.take(false, kRule, 1000, 1050);
  CHECK(health.status == HealthStatus::kHealthy);
  health.take(false, kRule, 1000, 1060);
  CHECK(health.status == HealthStatus::kUnhealthy);
}

TEST_CASE("as many failures in a row as there are retries make a container unhealthy") {
  ContainerHealth health = make_started();

  health.take(false, kRule, 1000, 1100);
  CHECK(health.status == HealthStatus::kUnknown);
  health.take(true, kRule, 1000, 1110);
  health.take(false, kRule, 1000, 1120);
  CHECK(health.status == HealthStatus::kHealthy);
  health.take(false, kRule, 1000, 1130);
  CHECK(health.status == HealthStatus::kUnhealthy);
  health.take(true, kRule, 1000, 1140);
  CHECK(health.status == HealthStatus::kHealthy);
}

TEST_CASE("no second check begins while one is under way") {
  ContainerHealth health = make_started();
  health.is_checking = true;

  CHECK_FALSE(health.is_due(5000));
  health.take(true, kRule, 1000, 5000);
  CHECK_FALSE(health.is_due(5009));
  CHECK(health.is_due(5010));
}

TEST_CASE("a container's health is the same after a way over the disk, the check asked for anew") {
  ContainerHealth health = make_started();
  health.take(false, kRule, 1000, 1100);
  health.is_checking = true;

  const auto again = from_json<ContainerHealth>(to_json(health), "health");

  REQUIRE(again.has_value());
  CHECK(again->failures == 1);
  CHECK(again->next_check_ms == 1110);
  CHECK_FALSE(again->is_checking);
}

}  // namespace ikada
