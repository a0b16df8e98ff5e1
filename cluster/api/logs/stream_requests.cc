#include <algorithm>

#include "cluster/api/logs/content_requests.h"
#include "cluster/api/logs/log_lookup.h"
#include "cluster/api/page.h"

namespace ikada::logs {
namespace {

constexpr std::int32_t kMaxStreamsShown = 50;
constexpr size_t kMaxPutEvents = 10'000;
constexpr size_t kMaxPutBytes = 1'048'576;
constexpr size_t kMaxPutMessage = size_t{256} << 10;
constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kOldestPutMs = 14 * kDayMs;
constexpr std::int64_t kNewestPutMs = kDayMs / 12;  // Two hours.

struct DescribeStreamsInput {
  GroupNaming group;
  std::string prefix;
  std::string order = "LogStreamName";
  bool is_descending = false;
  std::optional<std::string> next_token;
  std::optional<std::int32_t> limit;
};

void describe(JsonFields& fields, DescribeStreamsInput& input) {
  describe_naming(fields, input.group);
  fields.field("logStreamNamePrefix", input.prefix);
  fields.field("orderBy", input.order);
  fields.field("descending", input.is_descending);
  fields.field("nextToken", input.next_token);
  fields.field("limit", input.limit);
}

struct PutEventInput {
  std::int64_t time_ms = -1;
  std::string message;
};

void describe(JsonFields& fields, PutEventInput& input) {
  fields.required("timestamp", input.time_ms);
  fields.required("message", input.message);
}

struct PutInput {
  std::string group;
  std::string stream;
  std::vector<PutEventInput> events;
};

void describe(JsonFields& fields, PutInput& input) {
  fields.required("logGroupName", input.group);
  fields.required("logStreamName", input.stream);
  fields.field("logEvents", input.events);
}

Json shown_stream(const std::string& group_arn, const StreamSummary& stream) {
  Json shown = {{"logStreamName", stream.name},
                {"creationTime", stream.created_ms},
                {"arn", fmt::format("{}:log-stream:{}", group_arn, stream.name)},
                {"storedBytes", 0}};  // As AWS has answered since 2019.
  if (stream.first_ms.has_value()) shown["firstEventTimestamp"] = *stream.first_ms;
  if (stream.last_ms.has_value()) shown["lastEventTimestamp"] = *stream.last_ms;
  if (stream.ingested_ms.has_value()) shown["lastIngestionTime"] = *stream.ingested_ms;
  return shown;
}

Result<PutPlan> plan_put(const ApiCall& call, const State& state, const PutInput& input) {
  IK_LET(group, find_log_group(call, state, input.group));
  if (!is_log_stream_name(input.stream)) return invalid_parameter("Invalid logStreamName.");
  return PutPlan{.choice = {.region = call.scope.region,
                            .group = group->value.name,
                            .streams = {input.stream},
                            .group_created_ms = group->value.created_at.milliseconds},
                 .facts = {.region = call.scope.region,
                           .group = group->value.name,
                           .stream = input.stream,
                           .created_ms = call.now.milliseconds},
                 .events = {}};
}

Result<void> check_events(const std::vector<PutEventInput>& events) {
  if (events.empty() || events.size() > kMaxPutEvents) {
    return invalid_parameter("1 to {} logEvents are allowed.", kMaxPutEvents);
  }
  size_t bytes = 0;
  std::int64_t before = 0;
  for (const PutEventInput& each : events) {
    if (each.message.empty() || each.message.size() > kMaxPutMessage || each.time_ms < 0) {
      return invalid_parameter("Log event has a message of 0 or more than {} bytes, or no time.",
                               kMaxPutMessage);
    }
    if (each.time_ms < before) {
      return invalid_parameter(
          "Log events in a single PutLogEvents request must be in chronological order.");
    }
    before = each.time_ms;
    bytes += each.message.size() + kEventCost;
  }
  if (bytes > kMaxPutBytes)
    return invalid_parameter("Upload too large: {} bytes exceeds limit of {}", bytes, kMaxPutBytes);
  if (events.back().time_ms - events.front().time_ms > kDayMs) {
    return invalid_parameter(
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  return {};
}

}  // namespace

Result<StreamsPlan> plan_describe_log_streams(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeStreamsInput>(call));
  IK_LET(group, find_log_group(call, state, input.group));
  const bool by_time = input.order == "LastEventTime";
  if (!by_time && input.order != "LogStreamName") return invalid_parameter("Invalid orderBy.");
  if (by_time && !input.prefix.empty()) {
    return invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  const std::int32_t limit = input.limit.value_or(kMaxStreamsShown);
  if (limit < 1 || limit > kMaxStreamsShown) {
    return invalid_parameter("limit must be between 1 and {}.", kMaxStreamsShown);
  }
  const PageInput page{.next_token = input.next_token, .max_results = limit};
  return StreamsPlan{
      .choice = {.region = call.scope.region,
                 .group = group->value.name,
                 .prefix = input.prefix,
                 .group_created_ms = group->value.created_at.milliseconds},
      .show = [page,
               by_time,
               is_descending = input.is_descending,
               arn = log_group_arn(call.scope, group->value.name)](
                  const std::vector<StreamSummary>& streams) -> Result<Json> {
        std::vector<ListItem> items;
        for (const StreamSummary& each : streams) {
          std::string key = by_time ? key_before(each.last_ms.value_or(0)) + each.name : each.name;
          items.push_back({.key = std::move(key), .shown = shown_stream(arn, each)});
        }
        return is_descending ? page_of_descending(std::move(items), page, "logStreams")
                             : page_of(std::move(items), page, "logStreams");
      }};
}

Result<PutPlan> plan_create_log_stream(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<PutInput>(call));
  IK_LET(plan, plan_put(call, state, input));
  plan.makes_it = true;
  return plan;
}

Result<StreamChoice> plan_delete_log_stream(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<PutInput>(call));
  IK_LET(plan, plan_put(call, state, input));
  return plan.choice;
}

Error stream_in_use() {
  return ecs_error("OperationAbortedException",
                   "A container still writes to the specified log stream.");
}

Result<PutPlan> plan_put_log_events(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<PutInput>(call));
  IK_LET(plan, plan_put(call, state, input));
  IK_TRY(check_events(input.events));
  // What is too old or too new is left out and told.
  std::int32_t too_old = 0;
  std::int32_t index = 0;
  std::optional<std::int32_t> too_new;
  for (PutEventInput& each : input.events) {
    const std::int64_t age_ms = call.now.milliseconds - each.time_ms;
    if (age_ms > kOldestPutMs) {
      too_old = index + 1;
    } else if (age_ms < -kNewestPutMs) {
      if (!too_new.has_value()) too_new = index;
    } else {
      plan.events.push_back({.time_ms = each.time_ms, .message = std::move(each.message)});
    }
    ++index;
  }
  // Older clients want one; it means nothing any more.
  plan.answer["nextSequenceToken"] = fmt::format("{:056}", call.now.milliseconds);
  if (too_old > 0) plan.answer["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] = too_old;
  if (too_new.has_value()) {
    plan.answer["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"] = *too_new;
  }
  return plan;
}

}  // namespace ikada::logs
