// How the history of a service follows from its record: who changes the record asks here what the
// history is to be then.
//
// Source: Amazon ECS API Reference, ServiceDeployment, ServiceRevision; Developer Guide, "View
// service history using Amazon ECS service deployments".
#pragma once

#include <optional>

#include "cluster/model/service_history.h"
#include "cluster/service/task_health.h"

namespace ikada::service {

// The history as it is to be when `service` is the record; nothing if it stays as it is. Of the
// view only the tasks and the time count.
std::optional<ServiceHistory> follow_history(const ServiceHistory& history,
                                             const Service& service,
                                             const ServiceView& view);

}  // namespace ikada::service
