// What a task counts as when its service is looked at.
//
// Source: Amazon ECS API Reference, DeploymentConfiguration, minimumHealthyPercent: without checks
// a task is healthy when it has been RUNNING for 40 seconds; with checks of its containers and with
// target groups when they all say so.
//
// What is not known of a target is neither good nor bad: a task that was healthy stays it, and none
// is stopped for it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/model/container_instance.h"
#include "cluster/model/service.h"

namespace ikada::service {

inline constexpr std::chrono::seconds kHealthyAfter{40};

// A port of the task that a target group finds unhealthy.
struct UnhealthyTarget {
  std::int32_t port = 0;
  std::string target_group_arn = {};
  std::string reason = {};  // "Request timed out"
};

// What the balancers see of a task that is a target.
struct TargetsView {
  enum class State { kUnknown, kHealthy, kUnhealthy };

  bool has_groups = false;  // Groups that some listener sends requests to, or that are missing.
  State state = State::kUnknown;
  std::vector<UnhealthyTarget> unhealthy = {};
  std::vector<std::string> missing = {};  // ARNs of groups that are not there.
  // Of one that is drained: when that is over.
  std::optional<Timestamp> drained_at = {};
};

struct ServiceTask {
  const Task* task = nullptr;
  bool has_health_check = false;  // An essential container of it has one.
  bool is_on_draining_host = false;
  bool is_last_on_host = false;  // Nothing but tasks of daemon services is left there.
  TargetsView targets = {};
  // Its instance, and what all tasks hold there; null if it has none or is STOPPED.
  const ContainerInstance* host = nullptr;
  const Amounts* reserved = nullptr;
};

// An ACTIVE instance, when tasks are spread over such.
struct BalanceHost {
  std::string zone = {};
  bool has_room = false;  // For one more task of the service.
};

struct ServiceView {
  const Service* service = nullptr;
  std::vector<ServiceTask> tasks = {};  // All that the state has, STOPPED ones too.
  // Containers of the PRIMARY deployment whose image is to be the same in all its tasks, and their
  // images, which are named without a digest.
  std::map<std::string, std::string> tagged = {};
  std::set<std::string> hosts = {};  // Of a daemon service: on which instances it is to run.
  // Where tasks can be moved from and to; empty when that need not be thought of.
  std::map<std::string, BalanceHost> balance = {};
  Timestamp now = {};
  std::chrono::milliseconds healthy_after = kHealthyAfter;
};

Timestamp operator+(Timestamp time, std::chrono::milliseconds by);

// Not STOPPED and not to be stopped.
bool is_live(const ServiceTask& task);
// Has been started and is not STOPPED.
bool has_started(const ServiceTask& task);
// Its targets are unhealthy, in its grace period, too.
bool has_unhealthy_targets(const ServiceTask& task);
// Its checks have failed, and it has no grace period any more.
bool is_unhealthy(const ServiceTask& task, const ServiceView& view);
// Live, started, and good enough for minimumHealthyPercent.
bool is_healthy(const ServiceTask& task, const ServiceView& view);

// Live, and its service is not to stop it for another deployment's, a host's or the count's sake.
bool is_protected(const ServiceTask& task, const ServiceView& view);

// From when on it is or has been healthy, as far as its record tells; nothing if it never was.
std::optional<Timestamp> healthy_since(const ServiceTask& task, const ServiceView& view);

// When a started task without checks becomes healthy, if that is still to come.
std::optional<Timestamp> will_be_healthy_at(const ServiceTask& task, const ServiceView& view);

}  // namespace ikada::service
