#include <memory>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/service_options.h"

namespace ikada {

void add_service_update_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceOptions>();
  CLI::App* command = group.add_subcommand("update", "Change a service");
  command->add_option("service", options->service.name, "Its name")->required();
  command
      ->add_option("--task-definition", options->definition, "FAMILY or FAMILY:REVISION to deploy")
      ->check(not_empty);
  command->add_flag(
      "--force-new-deployment", options->force, "Replace its tasks although nothing else changes");
  add_service_options(*command, *options);
  command->callback([options, &context] {
    Result<Json> input = service_input(*options);
    if (!input.has_value()) return context.finish(input.error());
    context.finish(update_service(ApiClient(context), *options, std::move(*input)));
  });
}

}  // namespace ikada
