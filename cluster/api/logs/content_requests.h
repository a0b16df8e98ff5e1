// Requests about what streams hold, on their way to the hosts: what to ask of each host's log
// store, and what of the answers to show. Pure.
//
// Two members are ikada's own, for its commands: FilterLogEvents takes "ikadaTask", the id of a
// task or its beginning, in the place of a group, and "ikadaContainer" besides.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/logstore/event_append.h"
#include "cluster/logstore/event_query.h"
#include "cluster/state/state.h"

namespace ikada::logs {

struct EventsPlan {
  EventQuery query;               // Without the host.
  bool must_have_stream = false;  // ResourceNotFoundException if no host has it.
  std::function<Json(const EventPage& page)> show;
};
Result<EventsPlan> plan_get_log_events(const ApiCall& call, const State& state);
Result<EventsPlan> plan_filter_log_events(const ApiCall& call, const State& state);

struct StreamsPlan {
  StreamChoice choice;
  std::function<Result<Json>(const std::vector<StreamSummary>& streams)> show;
};
Result<StreamsPlan> plan_describe_log_streams(const ApiCall& call, const State& state);

// Events, perhaps none, for a stream of this manager's host.
struct PutPlan {
  StreamChoice choice;    // Of the stream, to find whether there is one.
  bool makes_it = false;  // CreateLogStream: there must be none.
  LogStreamFacts facts;
  std::vector<PutEvent> events;
  Json answer = Json::object();
};
Result<PutPlan> plan_create_log_stream(const ApiCall& call, const State& state);
Result<PutPlan> plan_put_log_events(const ApiCall& call, const State& state);

// DeleteLogStream: the stream, wherever its parts are.
Result<StreamChoice> plan_delete_log_stream(const ApiCall& call, const State& state);

Error no_such_stream();
// OperationAbortedException.
Error stream_in_use();

}  // namespace ikada::logs
