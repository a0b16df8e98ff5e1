#include "cluster/api/service_events.h"

#include <algorithm>
#include <utility>

#include "cluster/service/rollout.h"

namespace ikada {
namespace {

constexpr size_t kEventIdBytes = 16;
constexpr std::string_view kGuide =
    "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

struct Shortage {
  std::string_view reason;
  std::string_view text;
};

// The closest first: what only lacks room could have taken the task.
constexpr Shortage kShortages[] = {
    {"RESOURCE:CPU", "has insufficient CPU units available"},
    {"RESOURCE:MEMORY", "has insufficient memory available"},
    {"RESOURCE:PORTS", "is already using a port required by your task"},
    {"RESOURCE:GPU", "has insufficient GPU available"},
    {"ATTRIBUTE", "is missing an attribute required by your task"},
    {"AGENT", "encountered error \"AGENT\""},
};

bool was_told(const std::vector<ServiceEvent>& events,
              std::string_view message,
              Timestamp now,
              std::chrono::milliseconds within) {
  return std::any_of(events.begin(), events.end(), [&](const ServiceEvent& each) {
    return each.message == message &&
           now.milliseconds - each.created_at.milliseconds < within.count();
  });
}

bool tells_steady_again(const std::vector<ServiceEvent>& events,
                        std::string_view message,
                        Timestamp now) {
  if (events.empty() || events.front().message != message) return true;
  const std::chrono::milliseconds age(now.milliseconds - events.front().created_at.milliseconds);
  return age >= kSteadyAgainAfter;
}

// Most steps tell nothing.
bool tells_something(const std::vector<ServiceEvent>& events,
                     const News& news,
                     const std::string& steady,
                     Timestamp now) {
  if (!news.messages.empty()) return true;
  if (news.is_steady && tells_steady_again(events, steady, now)) return true;
  return std::any_of(news.repeated.begin(), news.repeated.end(), [&](const std::string& each) {
    return !was_told(events, each, now, kRepeatAfter);
  });
}

}  // namespace

void propose_events(Proposal& proposal,
                    const ApiCall& call,
                    const ServiceState& service,
                    const News& news) {
  const Service& record = service.record.value;
  const std::string steady = service::event_subject(record) + " has reached a steady state.";
  if (!tells_something(service.events.value.events, news, steady, call.now)) return;
  ServiceEvents kept = service.events.value;
  std::vector<ServiceEvent>& events = kept.events;
  const auto tell = [&](const std::string& message) {
    events.insert(
        events.begin(),
        {.id = call.random_hex(kEventIdBytes), .created_at = call.now, .message = message});
  };
  for (const std::string& each : news.messages) tell(each);
  for (const std::string& each : news.repeated) {
    if (!was_told(events, each, call.now, kRepeatAfter)) tell(each);
  }
  if (news.is_steady && tells_steady_again(events, steady, call.now)) tell(steady);
  if (events.size() > kMaxServiceEvents) events.resize(kMaxServiceEvents);
  proposal.put(
      service_events_key(call.scope, record.cluster, record.name), kept, service.events.revision);
}

std::string started_event(const Service& service,
                          const std::vector<std::string>& tasks,
                          std::int32_t replaced_unhealthy) {
  std::string text =
      fmt::format("{} has started {} tasks:", service::event_subject(service), tasks.size());
  for (const std::string& each : tasks) text += fmt::format(" (task {})", each);
  text += ".";
  if (replaced_unhealthy > 0) {
    text += fmt::format(" Amazon ECS replaced {} tasks due to an unhealthy status.",
                        replaced_unhealthy);
  }
  return text;
}

std::string unplaced_event(const Service& service, const Json& failures) {
  const std::string start = fmt::format(
      "{} was unable to place a task because no container instance met all of its requirements.",
      service::event_subject(service));
  for (const Shortage& each : kShortages) {
    for (const Json& failure : failures) {
      if (failure.value("reason", "") != each.reason) continue;
      const std::string arn = failure.value("arn", "");
      return fmt::format("{} The closest matching (container-instance {}) {}. {}",
                         start,
                         arn.substr(arn.rfind('/') + 1),
                         each.text,
                         kGuide);
    }
  }
  if (!failures.empty()) {
    const std::string arn = failures[0].value("arn", "");
    return fmt::format(
        "{} The closest matching (container-instance {}) encountered error \"{}\". {}",
        start,
        arn.substr(arn.rfind('/') + 1),
        failures[0].value("reason", ""),
        kGuide);
  }
  return fmt::format(
      "{} Reason: No Container Instances were found in your cluster. {}", start, kGuide);
}

}  // namespace ikada
