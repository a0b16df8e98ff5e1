#include <stdio.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/service_choice.h"

namespace ikada {
namespace {

struct ServiceRmOptions {
  std::string cluster = "default";
  std::vector<std::string> names;
  bool force = false;
  bool wait = false;
};

Result<void> wait_for_end(const ApiClient& api, const ServiceChoice& choice) {
  constexpr std::chrono::milliseconds kLookForEnd{100};
  while (true) {
    const Result<Json> service = find_service(api, choice);
    if (!service.has_value() && service.error().kind != ErrorKind::kNotFound) {
      return service.error();
    }
    if (!service.has_value() || service->value("status", "") == "INACTIVE") return {};
    std::this_thread::sleep_for(kLookForEnd);
  }
}

Result<void> remove_service(const ApiClient& api,
                            const ServiceRmOptions& options,
                            const std::string& name) {
  IK_TRY(api.call("DeleteService",
                  {{"cluster", options.cluster}, {"service", name}, {"force", options.force}}));
  if (options.wait) IK_TRY(wait_for_end(api, {.cluster = options.cluster, .name = name}));
  ::printf("%s\n", name.c_str());
  return {};
}

}  // namespace

void add_service_rm_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceRmOptions>();
  CLI::App* command = group.add_subcommand("rm", "Remove services and stop their tasks");
  command->add_option("service", options->names, "Their names")->required();
  command->add_option("--cluster", options->cluster, "Name of the cluster, default by default");
  command->add_flag("-f,--force", options->force, "Also those that have tasks");
  command->add_flag("-w,--wait", options->wait, "Wait until their tasks have stopped");
  command->callback([options, &context] {
    const ApiClient api(context);
    for (const std::string& each : options->names) {
      context.finish(remove_service(api, *options, each));
    }
  });
}

}  // namespace ikada
