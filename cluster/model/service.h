// A service and its deployments, as a record.
//
// What is counted (running, pending, failed tasks) is not in it: it follows from the service's
// tasks, whose group is "service:NAME" and whose startedBy is their deployment's id. Events are a
// record of their own, so that a change of the service stays small.
//
// Source: Amazon ECS API Reference, Service, Deployment, DeploymentConfiguration, ServiceEvent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/model/task.h"
#include "cluster/model/task_definition.h"

namespace ikada {

struct PlacementStrategy {
  std::string type = {};  // random, spread or binpack.
  std::string field = {};
};
void describe(JsonFields& fields, PlacementStrategy& strategy);

struct BreakerThreshold {
  std::string type = {};  // COUNT, BOUNDED_PERCENT or UNBOUNDED_PERCENT; empty: none is given.
  std::int32_t value = 0;
};
void describe(JsonFields& fields, BreakerThreshold& threshold);

struct CircuitBreaker {
  bool enable = false;
  bool rollback = false;
  // Whether a task that becomes healthy ends the row of failures; as ECS has it if absent.
  std::optional<bool> reset_on_healthy_task = {};
  BreakerThreshold threshold = {};
};
void describe(JsonFields& fields, CircuitBreaker& breaker);

struct DeploymentConfiguration {
  CircuitBreaker breaker = {};
  std::optional<std::int32_t> maximum_percent = {};          // Absent in requests only.
  std::optional<std::int32_t> minimum_healthy_percent = {};  // Likewise.
};
void describe(JsonFields& fields, DeploymentConfiguration& configuration);

// What a container's image was when the first task of a deployment took it.
struct ContainerImage {
  std::string container = {};
  std::string image = {};   // As the task definition names it.
  std::string digest = {};  // "sha256:…"; empty: not known yet.

  bool operator==(const ContainerImage&) const = default;
};
void describe(JsonFields& fields, ContainerImage& image);

struct Deployment {
  std::string id = {};             // "ecs-svc/" and 19 digits.
  std::string status = "PRIMARY";  // PRIMARY; ACTIVE for an older one.
  std::string family = {};         // Of its task definition.
  std::int32_t revision = 0;       // Likewise.
  std::int32_t desired_count = 0;  // 0 for an ACTIVE one.
  std::optional<NetworkConfiguration> network_configuration = {};
  std::vector<ServiceLoadBalancer> load_balancers = {};  // The API shows the service's.
  std::string rollout_state = "IN_PROGRESS";             // IN_PROGRESS, COMPLETED or FAILED.
  std::string rollout_state_reason = {};
  std::vector<ContainerImage> images = {};  // Those whose digest is known. Not shown.
  std::string stop_requested = {};          // ABORT or ROLLBACK, if StopServiceDeployment says so.
  std::string rolls_back = {};  // The id of that from which the service came back to this one.
  Timestamp created_at = {};
  Timestamp updated_at = {};
};
void describe(JsonFields& fields, Deployment& deployment);

struct ServiceEvent {
  std::string id = {};
  Timestamp created_at = {};
  std::string message = {};
};
void describe(JsonFields& fields, ServiceEvent& event);

// Newest first.
struct ServiceEvents {
  std::vector<ServiceEvent> events = {};
  std::string text = {};  // The record itself, if they are from one: no member of it.
};
void describe(JsonFields& fields, ServiceEvents& events);

inline constexpr size_t kMaxServiceEvents = 100;

// Tasks that are being moved to hosts that have fewer: each stays until another one is healthy
// there.
struct Rebalancing {
  std::vector<std::string> tasks = {};  // Those that are to go.
  Timestamp changed_at = {};            // When that began, or was last over.
};
void describe(JsonFields& fields, Rebalancing& rebalancing);

struct Service {
  std::string cluster = {};
  std::string name = {};
  std::string status = "ACTIVE";  // ACTIVE, DRAINING or INACTIVE.
  std::string family = {};        // Of the task definition it is to have.
  std::int32_t revision = 0;      // Likewise.
  std::int32_t desired_count = 0;
  std::string launch_type = "EC2";
  std::string scheduling_strategy = "REPLICA";
  DeploymentConfiguration deployment_configuration = {};
  std::vector<Deployment> deployments = {};       // Newest first; one is PRIMARY.
  std::optional<Deployment> last_completed = {};  // Where a roll-back goes. Not shown by the API.
  std::vector<PlacementConstraint> placement_constraints = {};
  std::vector<PlacementStrategy> placement_strategy = {};
  std::optional<std::int32_t> health_check_grace_period_seconds = {};
  std::string availability_zone_rebalancing = "DISABLED";  // Or ENABLED.
  std::optional<Rebalancing> rebalancing = {};             // Not shown.
  std::optional<std::string> role_arn = {};
  bool enable_ecs_managed_tags = false;
  bool enable_execute_command = false;
  std::string propagate_tags = "NONE";  // TASK_DEFINITION, SERVICE or NONE.
  std::vector<Tag> tags = {};
  Timestamp created_at = {};
  std::optional<Timestamp> inactive_at = {};  // Not shown.
  std::optional<std::string> created_by = {};
  std::optional<std::string> creation_digest = {};  // Of CreateService's request. Not shown.
  bool has_client_token = false;                    // That had a clientToken. Not shown.
};
void describe(JsonFields& fields, Service& service);

// "service:NAME", the group of its tasks.
std::string group_of_service(std::string_view name);

// The service's name of a task's group; nothing for another group.
std::optional<std::string> service_of_group(std::string_view group);

// Of the scheduling strategy DAEMON.
bool is_daemon(const Service& service);

// Some of its tasks are targets.
bool has_load_balancers(const Service& service);

// The PRIMARY one, or null.
const Deployment* primary_of(const Service& service);
Deployment* primary_of(Service& service);

}  // namespace ikada
