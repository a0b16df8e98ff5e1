#include <memory>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/service_options.h"

namespace ikada {
namespace {

Result<void> deploy_service(ServiceOptions options, const Context& context) {
  options.force = true;
  IK_LET(input, service_input(options));
  return update_service(ApiClient(context), options, std::move(input));
}

}  // namespace

void add_service_deploy_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceOptions>();
  CLI::App* command = group.add_subcommand("deploy", "Replace a service's tasks by new ones");
  command->add_option("service", options->service.name, "Its name")->required();
  command
      ->add_option(
          "task-definition", options->definition, "FAMILY or FAMILY:REVISION; the same by default")
      ->check(not_empty);
  command->add_option(
      "--cluster", options->service.cluster, "Name of the cluster, default by default");
  command->add_flag("-w,--wait", options->wait, "Wait until all its tasks are new");
  command->callback([options, &context] { context.finish(deploy_service(*options, context)); });
}

}  // namespace ikada
