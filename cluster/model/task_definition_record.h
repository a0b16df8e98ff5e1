// What registering adds to a task definition: the defaults that ECS fills in, the attributes a
// container instance must have to run it, and the launch types it fits.
//
// Source: Amazon ECS API Reference, ContainerDefinition (defaults); Developer Guide, "Container
// agent capabilities" for the attributes' names.
#pragma once

#include <string>
#include <vector>

#include "cluster/model/task_definition.h"

namespace ikada {

// Port mappings get their protocol and host port, health checks their times, cpu and memory of the
// task become digits. Only for what check_task_definition() accepted; a second time changes
// nothing.
void fill_defaults(TaskDefinition& definition);

// The names of the attributes that it needs, sorted.
std::vector<Attribute> required_attributes(const TaskDefinition& definition);

// Those of EXTERNAL, EC2 and FARGATE that it fits.
std::vector<std::string> compatibilities_of(const TaskDefinition& definition);

// Everything that required_attributes() can ask for: what a host has that runs any task.
std::vector<std::string> all_capabilities();

}  // namespace ikada
