// What is told of a service: its newest hundred events, without repeating itself.
//
// Source: Amazon ECS Developer Guide, "Service event messages".
#pragma once

#include <string>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"
#include "cluster/service/reconcile.h"
#include "cluster/state/state.h"

namespace ikada {

struct News {
  std::vector<std::string> messages = {};  // In their order.
  // Told unless the same was told within kRepeatAfter.
  std::vector<std::string> repeated = {};
  // Told unless it was the last that was told, within kSteadyAgainAfter.
  bool is_steady = false;
};

inline constexpr std::chrono::minutes kRepeatAfter{10};
inline constexpr std::chrono::hours kSteadyAgainAfter{6};

// Adds what is new to the service's events, and their record to the proposal if there is any.
void propose_events(Proposal& proposal,
                    const ApiCall& call,
                    const ServiceState& service,
                    const News& news);

// When it is due again that the service is steady, after it has been proposed now if it was due.
Timestamp steady_again_at(const ServiceState& service, Timestamp now);

// "(service NAME) has started 2 tasks: (task ID) (task ID)."
std::string started_event(const Service& service,
                          const std::vector<std::string>& tasks,
                          std::int32_t replaced_unhealthy);

// The task fits nowhere; of the entries of failures[], the instance that came closest is named.
std::string unplaced_event(const Service& service, const Json& failures);

}  // namespace ikada
