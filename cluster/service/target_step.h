// What is put down and told of a service's tasks as targets: that they are, since when they are
// healthy, that they are deregistered and when that has come to its end.
//
// Source: Amazon ECS Developer Guide, "Service event messages"; "Load balancer connection
// draining".
#pragma once

#include <string>

#include "cluster/service/reconcile.h"

namespace ikada::service {

// No step puts down more, and none that starts and stops more than so many puts down anything: a
// transaction of etcd compares at most 128 records, those of the hosts among them.
inline constexpr size_t kMostTargetChanges = 16;
inline constexpr size_t kMostTasksBeside = 60;

// Adds to the decision what its tasks' TaskTargets are to be, and what is told of it.
void decide_targets(const ServiceView& view, const Service& service, Decision& decision);

// Tells what happens to those of the decision's stops that are targets.
void tell_stopped_targets(const ServiceView& view, const Service& service, Decision& decision);

// "(service web) has stopped 2 running tasks: (task 1) (task 2)."; of `tasks`, " (task 1)" each.
std::string stopped_event(const Service& service, int count, const std::string& tasks);

// "(service web) has begun draining connections on 2 tasks."
std::string draining_event(const Service& service, int count);

// "(service web) deregistered 2 targets in (target-group ARN)"
std::string deregistered_event(const Service& service, int count, const std::string& group);

}  // namespace ikada::service
