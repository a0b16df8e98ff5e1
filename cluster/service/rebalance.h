// Moves tasks of a REPLICA service that sits unevenly, as after a host has come back: over
// availability zones first, then over the hosts of a zone.
//
// A few at a time, and only while nothing else is under way. Each move makes the distribution more
// even (the difference is at least two), so that none is ever undone; the task that is to go stays
// until the one that was started for it is healthy. What does not come to an end in time is given
// up, and there is a pause before each.
//
// Source: Amazon ECS Developer Guide, "Balancing an Amazon ECS service across Availability Zones".
#pragma once

#include <string_view>

#include "cluster/service/reconcile.h"

namespace ikada::service {

// Its strategies spread tasks over zones and hosts and over nothing else, and there may be more
// tasks than are desired while one is moved.
bool can_be_rebalanced(const Service& service);

// How the service's tasks sit on the hosts of a zone, of those that they may be spread over.
struct ZoneLoad {
  std::int32_t hosts = 0;
  std::vector<std::int32_t> tasks = {};  // Of each host; without those that have none.
};
using ZoneLoads = std::map<std::string_view, ZoneLoad>;

// Two zones, or two hosts of one, differ by two tasks or more.
bool is_uneven(const ZoneLoads& zones);

// It is time to look whether it sits unevenly.
bool may_rebalance(const Service& service, Timestamp now);

// Of moves under way. Tasks whose place is taken are put into `stops`; the rest of the service's
// step is for the next time then.
enum class Moves { kNone, kUnderWay, kDone };
Moves advance_moves(const ServiceView& view, Service& service, Decision& decision);

// Begins to move some, if the service is steady: says so, with the hosts in `starts_on`.
bool begin_moves(const ServiceView& view, Service& service, Decision& decision);

}  // namespace ikada::service
