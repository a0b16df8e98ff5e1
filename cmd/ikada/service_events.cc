#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/service_choice.h"
#include "runtime/base/clock.h"

namespace ikada {
namespace {

struct ServiceEventsOptions {
  ServiceChoice service;
  bool follow = false;
};

// "2026-11-23T21:10:15.123Z": the API's seconds are a double, good for milliseconds.
std::string event_time(const Json& event) {
  constexpr double kMillisPerSecond = 1e3;
  constexpr UnixNanos kNanosPerMilli = 1'000'000;
  constexpr size_t kLengthToMillis = 23;
  const auto millis = std::llround(event.value("createdAt", 0.0) * kMillisPerSecond);
  return format_rfc3339(millis * kNanosPerMilli).substr(0, kLengthToMillis) + "Z";
}

// The oldest first, as a log.
Result<void> print_new_events(const Json& service, std::set<std::string>& seen) {
  const Json& events = service["events"];
  for (auto each = events.rbegin(); each != events.rend(); ++each) {
    if (!seen.insert(each->value("id", "")).second) continue;
    const std::string message = printable(each->value("message", ""));
    ::printf("%s %s\n", event_time(*each).c_str(), message.c_str());
  }
  ::fflush(stdout);
  return {};
}

Result<void> print_events(const ServiceEventsOptions& options, const Context& context) {
  constexpr std::chrono::milliseconds kLookForNews{500};
  const ApiClient api(context);
  std::set<std::string> seen;
  while (true) {
    IK_LET(service, find_service(api, options.service));
    IK_TRY(print_new_events(service, seen));
    if (!options.follow) return {};
    std::this_thread::sleep_for(kLookForNews);
  }
}

}  // namespace

void add_service_events_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceEventsOptions>();
  CLI::App* command = group.add_subcommand("events", "Show what has happened to a service");
  command->add_option("service", options->service.name, "Its name")->required();
  command->add_option(
      "--cluster", options->service.cluster, "Name of the cluster, default by default");
  command->add_flag("-f,--follow", options->follow, "Go on with what happens");
  command->callback([options, &context] { context.finish(print_events(*options, context)); });
}

}  // namespace ikada
