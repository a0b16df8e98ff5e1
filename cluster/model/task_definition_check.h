// Whether a task definition may be registered.
//
// The order of the checks is: the task's own fields, each container by itself, then what containers
// say of one another. The first mistake is the answer. Texts are those of ECS where they are known.
//
// Source: Amazon ECS API Reference, RegisterTaskDefinition and ContainerDefinition; Developer
// Guide, "Task definition parameters".
#pragma once

#include "cluster/model/task_definition.h"

namespace ikada {

// ClientException or InvalidParameterException.
Result<void> check_task_definition(const TaskDefinition& definition);

// The parts, each in a file of its own.
Result<void> check_container(const ContainerDefinition& container,
                             const TaskDefinition& definition);
Result<void> check_container_ports(const ContainerDefinition& container,
                                   const TaskDefinition& definition);
Result<void> check_linux_parameters(const ContainerDefinition& container);
Result<void> check_container_references(const TaskDefinition& definition);

}  // namespace ikada
