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

// The oldest first, as a log.
Result<void> print_new_events(const Json& service, std::set<std::string>& seen) {
  constexpr double kNanosPerSecond = 1e9;
  const Json& events = service["events"];
  for (auto each = events.rbegin(); each != events.rend(); ++each) {
    if (!seen.insert(each->value("id", "")).second) continue;
    const auto at =
        static_cast<UnixNanos>(std::llround(each->value("createdAt", 0.0) * kNanosPerSecond));
    ::printf("%s %s\n", format_rfc3339(at).c_str(), printable(each->value("message", "")).c_str());
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
