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

bool tells_steady_again(const ServiceEvent* newest, std::string_view message, Timestamp now) {
  if (newest == nullptr || newest->message != message) return true;
  const std::chrono::milliseconds age(now.milliseconds - newest->created_at.milliseconds);
  return age >= kSteadyAgainAfter;
}

std::string steady_event(const Service& service) {
  return service::event_subject(service) + " has reached a steady state.";
}

// The record with `told` (the newest first) in front of those before, of which the oldest make
// room. What stays is taken from the text of the record before.
std::string text_of(std::vector<ServiceEvent> told, const ServiceEvents& before) {
  constexpr std::string_view kStart = R"({"events":[)";
  if (told.size() > kMaxServiceEvents) told.resize(kMaxServiceEvents);
  const size_t staying = std::min(before.events.size(), kMaxServiceEvents - told.size());
  std::string end;
  for (size_t index = staying; index < before.events.size(); ++index) {
    end += ',' + to_text(before.events[index]);
  }
  end += "]}";
  std::string_view kept = before.text;
  if (staying == 0 || !kept.starts_with(kStart) || !kept.ends_with(end)) {
    told.insert(told.end(), before.events.begin(), before.events.begin() + staying);
    return to_text(ServiceEvents{.events = std::move(told)});
  }
  kept.remove_prefix(kStart.size());
  kept.remove_suffix(end.size());
  std::string text(kStart);
  for (const ServiceEvent& each : told) text += to_text(each) + ',';
  return text.append(kept).append("]}");
}

}  // namespace

void propose_events(Proposal& proposal,
                    const ApiCall& call,
                    const ServiceState& service,
                    const News& news) {
  const Service& record = service.record.value;
  const std::vector<ServiceEvent>& before = service.events.value.events;
  std::vector<ServiceEvent> told;  // In their order.
  const auto tell = [&](std::string message) {
    told.push_back({.id = call.random_hex(kEventIdBytes),
                    .created_at = call.now,
                    .message = std::move(message)});
  };
  for (const std::string& each : news.messages) tell(each);
  for (const std::string& each : news.repeated) {
    const bool is_known = was_told(told, each, call.now, kRepeatAfter) ||
                          was_told(before, each, call.now, kRepeatAfter);
    if (!is_known) tell(each);
  }
  if (news.is_steady) {
    std::string steady = steady_event(record);
    const ServiceEvent* newest = before.empty() ? nullptr : &before.front();
    if (!told.empty()) newest = &told.back();
    if (tells_steady_again(newest, steady, call.now)) tell(std::move(steady));
  }
  if (told.empty()) return;
  std::ranges::reverse(told);
  proposal.changes.push_back({.key = service_events_key(call.scope, record.cluster, record.name),
                              .value = text_of(std::move(told), service.events.value),
                              .expected = service.events.revision});
}

Timestamp steady_again_at(const ServiceState& service, Timestamp now) {
  const std::vector<ServiceEvent>& before = service.events.value.events;
  Timestamp told = now;
  if (!before.empty() &&
      !tells_steady_again(&before.front(), steady_event(service.record.value), now)) {
    told = before.front().created_at;
  }
  return {told.milliseconds + std::chrono::milliseconds(kSteadyAgainAfter).count()};
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
