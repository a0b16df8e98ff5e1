#include <algorithm>
#include <limits>

#include "cluster/api/logs/content_requests.h"
#include "cluster/api/logs/log_lookup.h"
#include "cluster/logstore/filter_pattern.h"

namespace ikada::logs {
namespace {

constexpr std::int64_t kMsPerDay = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kNanosInMs = 1'000'000;
// 9999-12-31, so that a time in nanoseconds fits.
constexpr std::int64_t kLastMs = std::numeric_limits<std::int64_t>::max() / kNanosInMs - 1;
constexpr size_t kMaxNamedStreams = 100;

struct EventsInput {
  GroupNaming group;
  std::string stream;
  std::vector<std::string> streams;
  std::string prefix;
  std::optional<std::int64_t> start_ms;
  std::optional<std::int64_t> end_ms;
  std::optional<std::string> next_token;
  std::optional<std::int32_t> limit;
  bool from_head = false;
  std::string pattern;
  std::string task;
  std::string container;
};

void describe(JsonFields& fields, EventsInput& input) {
  describe_naming(fields, input.group);
  fields.field("logStreamName", input.stream);
  fields.field("logStreamNames", input.streams);
  fields.field("logStreamNamePrefix", input.prefix);
  fields.field("startTime", input.start_ms);
  fields.field("endTime", input.end_ms);
  fields.field("nextToken", input.next_token);
  fields.field("limit", input.limit);
  fields.field("startFromHead", input.from_head);
  fields.field("filterPattern", input.pattern);
  fields.field("ikadaTask", input.task);
  fields.field("ikadaContainer", input.container);
}

std::string key_at(std::int64_t time_ms) {
  return key_before(std::clamp<std::int64_t>(time_ms, 0, kLastMs) * kNanosInMs);
}

// What group and times say; the end is the first millisecond that is not meant.
Result<EventQuery> plan_query(const ApiCall& call,
                              const State& state,
                              const EventsInput& input,
                              std::int64_t end_ms) {
  EventQuery query;
  std::int64_t start_ms = input.start_ms.value_or(0);
  if (start_ms < 0 || end_ms < 0) return invalid_parameter("Times must not be negative.");
  query.choice.region = call.scope.region;
  if (input.task.empty()) {
    IK_LET(group, find_log_group(call, state, input.group));
    query.choice.group = group->value.name;
    query.choice.group_created_ms = group->value.created_at.milliseconds;
    if (group->value.retention_days.has_value()) {
      start_ms =
          std::max(start_ms, call.now.milliseconds - *group->value.retention_days * kMsPerDay);
    }
  }
  query.choice.task = input.task;
  query.choice.container = input.container;
  query.range.low = key_at(start_ms);
  query.range.high = key_at(end_ms);
  const std::int32_t limit = input.limit.value_or(static_cast<std::int32_t>(kMaxPageEvents));
  if (limit < 1 || limit > static_cast<std::int32_t>(kMaxPageEvents)) {
    return invalid_parameter("limit must be between 1 and {}.", kMaxPageEvents);
  }
  query.range.limit = static_cast<size_t>(limit);
  return query;
}

Json shown_event(const LogEvent& event) {
  return {{"timestamp", event.time_ms},
          {"message", event.message},
          {"ingestionTime", event.ingested_ms}};
}

// "f/KEY/s" of what comes behind KEY, "b/KEY/s" of what stands before it, as AWS's tokens look.
std::string token_of(char way, const std::string& key) { return fmt::format("{}/{}/s", way, key); }

Result<std::string> key_of_token(const std::string& token) {
  const bool has_form = token.size() > 4 && (token.starts_with("f/") || token.starts_with("b/")) &&
                        token.ends_with("/s");
  std::string key = has_form ? token.substr(2, token.size() - 4) : std::string();
  if (is_event_key(key)) return key;
  return invalid_parameter("The specified nextToken is invalid.");
}

// At an end the same token comes again, which says so.
Json shown_page(const EventPage& page, const std::string& before, const std::string& behind) {
  Json events = Json::array();
  for (const LogEvent& each : page.events) events.push_back(shown_event(each));
  const bool is_empty = page.events.empty();
  return {
      {"events", std::move(events)},
      {"nextForwardToken", token_of('f', is_empty ? behind : page.events.back().key)},
      {"nextBackwardToken", token_of('b', is_empty ? before : page.events.front().key)},
  };
}

}  // namespace

Error no_such_stream() {
  return ecs_error("ResourceNotFoundException", "The specified log stream does not exist.");
}

Result<EventsPlan> plan_get_log_events(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<EventsInput>(call));
  if (!is_log_stream_name(input.stream)) return invalid_parameter("Invalid logStreamName.");
  if (!input.task.empty()) return invalid_parameter("ikadaTask is not taken here.");
  IK_LET(query, plan_query(call, state, input, input.end_ms.value_or(kLastMs)));
  query.choice.streams = {input.stream};
  query.range.from_head = input.from_head;
  // Tokens for a page without events.
  std::string before = query.range.low;
  std::string behind = query.range.low;
  if (input.next_token.has_value()) {
    IK_LET(key, key_of_token(*input.next_token));
    const bool is_forward = input.next_token->starts_with('f');
    query.range.from_head = is_forward;
    std::string& end = is_forward ? query.range.low : query.range.high;
    end = is_forward ? std::max(end, key) : std::min(end, key);
    before = key;
    behind = key;
  }
  return EventsPlan{
      .query = std::move(query),
      .must_have_stream = true,
      .show = [before, behind](const EventPage& page) { return shown_page(page, before, behind); }};
}

Result<EventsPlan> plan_filter_log_events(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<EventsInput>(call));
  if (!input.streams.empty() && !input.prefix.empty()) {
    return invalid_parameter("logStreamNames and logStreamNamePrefix exclude each other.");
  }
  if (input.streams.size() > kMaxNamedStreams) {
    return invalid_parameter("logStreamNames has more than {} names.", kMaxNamedStreams);
  }
  const Result<FilterPattern> pattern = FilterPattern::parse(input.pattern);
  if (!pattern.has_value()) {
    return invalid_parameter("Invalid filter pattern: {}.", pattern.error().message);
  }
  const std::int64_t end_ms = input.end_ms.value_or(kLastMs - 1);
  IK_LET(query, plan_query(call, state, input, end_ms < kLastMs ? end_ms + 1 : end_ms));
  query.choice.streams = input.streams;
  query.choice.prefix = input.prefix;
  query.pattern = input.pattern;
  if (input.next_token.has_value()) {
    IK_LET(key, key_of_token(*input.next_token));
    query.range.low = std::max(query.range.low, key);
  }
  return EventsPlan{
      .query = std::move(query), .must_have_stream = false, .show = [](const EventPage& page) {
        Json events = Json::array();
        for (const LogEvent& each : page.events) {
          Json shown = shown_event(each);
          shown["logStreamName"] = each.stream;
          shown["eventId"] = each.key;
          events.push_back(std::move(shown));
        }
        Json shown = {{"events", std::move(events)}, {"searchedLogStreams", Json::array()}};
        if (!page.is_complete && !page.events.empty()) {
          shown["nextToken"] = token_of('f', page.events.back().key);
        }
        return shown;
      }};
}

}  // namespace ikada::logs
