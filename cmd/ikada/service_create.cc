#include <stdio.h>

#include <memory>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/service_options.h"

namespace ikada {
namespace {

Result<void> create_a_service(const ServiceOptions& options, const Context& context) {
  const ApiClient api(context);
  IK_LET(input, service_input(options));
  if (!options.service.name.empty()) input["serviceName"] = options.service.name;
  if (!input.contains("serviceName") || !input.contains("taskDefinition")) {
    return make_error(ErrorKind::kInvalid,
                      "which service of which task definition? NAME FAMILY[:REVISION] or --file");
  }
  if (options.daemon) input["schedulingStrategy"] = "DAEMON";
  const bool for_each_host = input.value("schedulingStrategy", "") == "DAEMON";
  if (!for_each_host && !input.contains("desiredCount")) input["desiredCount"] = 1;
  IK_LET(answer, api.call("CreateService", input));
  const std::string name = answer["service"].value("serviceName", "");
  if (options.wait) {
    IK_TRY(wait_for_service(api, {.cluster = input.value("cluster", "default"), .name = name}));
  }
  ::printf("%s\n", name.c_str());
  return {};
}

}  // namespace

void add_service_create_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceOptions>();
  CLI::App* command = group.add_subcommand("create", "Keep a number of tasks running");
  command->add_option("service", options->service.name, "Its name");
  command->add_option("task-definition", options->definition, "FAMILY or FAMILY:REVISION")
      ->check(not_empty);
  command->add_flag("--daemon", options->daemon, "One task on every host instead of a number");
  add_service_options(*command, *options);
  command->callback([options, &context] { context.finish(create_a_service(*options, context)); });
}

}  // namespace ikada
