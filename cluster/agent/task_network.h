// The network of a task in mode awsvpc: one namespace with an address of its own, in which all its
// containers are.
//
// A container of the agent's own holds the namespace: it is started before all others and ends
// after them, so that the address stays whichever of them come and go. The machine and the driver
// treat it as one more container; a task's record does not have it. While it starts the task is
// PROVISIONING, while it ends DEPROVISIONING. Pure.
//
// Source: Amazon ECS Developer Guide, "Allocate a network interface for an Amazon ECS task"; API
// Reference, Attachment.
#pragma once

#include <string>

#include "cluster/model/task.h"

namespace ikada {

inline constexpr const char* kNetworkHolder = "~internal~ecs~pause";

struct TaskAddress {
  std::string ipv4 = {};  // "10.88.0.5"
  std::string mac = {};
};

// The definition with the container that holds the network, on which all others depend; as it is
// in another network mode.
TaskDefinition with_network_holder(TaskDefinition definition);

// "ip-10-88-0-5".
std::string host_name_of(const TaskAddress& address);

// The task has that address now: its attachment says so, and its containers' interfaces.
void attach_address(Task& task, const TaskAddress& address);

// It has gone.
void detach_address(Task& task);

}  // namespace ikada
