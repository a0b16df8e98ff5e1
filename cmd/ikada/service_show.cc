#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/print_objects.h"
#include "cmd/ikada/service_choice.h"
#include "cmd/ikada/service_failure.h"

namespace ikada {
namespace {

struct ServiceShowOptions {
  std::string cluster = "default";
  std::vector<std::string> names;
  std::string format;
};

// The service, and for each deployment why its tasks fail, if some did.
Result<Json> show_service(const ApiClient& api, const ServiceChoice& choice) {
  IK_LET(service, find_service(api, choice));
  for (Json& each : service["deployments"]) {
    IK_LET(why, find_failure(api, choice, each.value("id", "")));
    if (!why.empty()) each["lastFailure"] = why;
  }
  return service;
}

}  // namespace

void add_service_show_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceShowOptions>();
  CLI::App* command = group.add_subcommand("show", "Show everything about services");
  command->add_option("service", options->names, "Their names")->required();
  command->add_option("--cluster", options->cluster, "Name of the cluster, default by default");
  command->add_option("--format", options->format, "json or a Go template");
  command->callback([options, &context] {
    const ApiClient api(context);
    print_objects(
        options->names,
        options->format,
        [&](const std::string& name) {
          return show_service(api, {.cluster = options->cluster, .name = name});
        },
        context);
  });
}

}  // namespace ikada
