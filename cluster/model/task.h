// A task and its containers, as records.
//
// Absent means absent: a running task has no stop code, reason or exit code. ARNs are made from the
// ids when a task is shown. `version` rises with every change that is told to others.
//
// Source: Amazon ECS API Reference, Task, Container, Attachment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/model/arn.h"
#include "cluster/model/attribute.h"
#include "cluster/model/tag.h"
#include "cluster/model/task_override.h"
#include "cluster/model/task_status.h"
#include "cluster/model/task_targets.h"

namespace ikada {

struct NetworkBinding {
  std::optional<std::string> bind_ip = {};
  std::optional<std::int32_t> container_port = {};
  std::optional<std::int32_t> host_port = {};
  std::optional<std::string> protocol = {};
  std::optional<std::string> container_port_range = {};
  std::optional<std::string> host_port_range = {};
};
void describe(JsonFields& fields, NetworkBinding& binding);

struct NetworkInterface {
  std::optional<std::string> attachment_id = {};
  std::optional<std::string> private_ipv4_address = {};
  std::optional<std::string> ipv6_address = {};
};
void describe(JsonFields& fields, NetworkInterface& interface);

struct TaskContainer {
  std::string id = {};  // 8-4-4-4-12 hexadecimal digits.
  std::string name = {};
  std::optional<std::string> image = {};
  std::optional<std::string> image_digest = {};
  std::optional<std::string> pinned_digest = {};  // The one that it is to have. Not shown.
  std::optional<std::string> runtime_id = {};
  std::string last_status = "PENDING";
  std::optional<std::int32_t> exit_code = {};
  std::optional<std::string> reason = {};
  std::vector<NetworkBinding> network_bindings = {};
  std::vector<NetworkInterface> network_interfaces = {};
  std::optional<std::string> health_status = {};
  std::string cpu = "0";
  std::optional<std::string> memory = {};
  std::optional<std::string> memory_reservation = {};
};
void describe(JsonFields& fields, TaskContainer& container);

struct Attachment {
  std::string id = {};
  std::string type = {};
  std::string status = {};
  std::vector<KeyValuePair> details = {};
};
void describe(JsonFields& fields, Attachment& attachment);

struct AwsVpcConfiguration {
  std::vector<std::string> subnets = {};
  OptionalList<std::string> security_groups = {};
  std::optional<std::string> assign_public_ip = {};
};
void describe(JsonFields& fields, AwsVpcConfiguration& configuration);

struct NetworkConfiguration {
  std::optional<AwsVpcConfiguration> awsvpc = {};
};
void describe(JsonFields& fields, NetworkConfiguration& configuration);

// What a task holds on its container instance until it is STOPPED.
struct Reservation {
  std::int64_t cpu_units = 0;
  std::int64_t memory_mib = 0;
  std::int64_t gpus = 0;                     // As many, whichever they are.
  std::vector<std::int32_t> tcp_ports = {};  // Fixed ones; dynamic ports are the host's affair.
  std::vector<std::int32_t> udp_ports = {};
};
void describe(JsonFields& fields, Reservation& reservation);

struct Task {
  std::string cluster = {};
  std::string id = {};  // 32 hexadecimal digits.
  std::string family = {};
  std::int32_t revision = 0;
  std::optional<std::string> container_instance = {};  // Its id; absent while none is found.
  TaskStatus last_status = TaskStatus::kPending;
  std::string desired_status = "RUNNING";  // RUNNING or STOPPED.
  std::vector<TaskContainer> containers = {};
  std::vector<Attachment> attachments = {};
  std::vector<Attribute> attributes = {};
  std::optional<std::string> availability_zone = {};
  std::optional<std::string> connectivity = {};
  std::optional<Timestamp> connectivity_at = {};
  std::string cpu = {};
  std::string memory = {};
  bool enable_execute_command = false;
  std::string group = {};
  std::string health_status = "UNKNOWN";
  std::string launch_type = "EC2";
  TaskOverride overrides = {};
  std::optional<NetworkConfiguration> network_configuration = {};  // Not shown by the API.
  Reservation reservation = {};                                    // Nor is this.
  std::optional<Timestamp> protected_until = {};                   // Nor this: from scale-in.
  std::optional<TaskTargets> targets = {};                         // Nor this.
  std::optional<std::string> started_by = {};
  std::optional<std::string> stop_code = {};
  std::optional<std::string> stopped_reason = {};
  std::optional<Timestamp> created_at = {};
  std::optional<Timestamp> pull_started_at = {};
  std::optional<Timestamp> pull_stopped_at = {};
  std::optional<Timestamp> started_at = {};
  std::optional<Timestamp> stopping_at = {};
  std::optional<Timestamp> execution_stopped_at = {};
  std::optional<Timestamp> stopped_at = {};
  std::vector<Tag> tags = {};
  std::int64_t version = 1;
};
void describe(JsonFields& fields, Task& task);

// The task of an agent that is not heard of again, stopped on its behalf.
Task stopped_unheard(const Task& task, std::string reason, Timestamp now);

// As the API shows it; tags only when they are asked for.
Json show_task(const Task& task, const Scope& scope, bool with_tags);

// Task-level sizes where there are any, else what the containers ask for: the soft limit of memory
// if given, else the hard one.
Reservation reservation_of(const TaskDefinition& overridden);

}  // namespace ikada
