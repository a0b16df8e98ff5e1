#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/prune.h"

namespace ikada {
namespace {

struct ContainerPruneOptions {
  std::vector<std::string> filters;
  bool force = false;
};

Result<void> container_prune(const ContainerPruneOptions& options, const Context& context) {
  IK_LET(filter, parse_prune_filters(options.filters, unix_now()));
  IK_TRY(
      confirm_prune(context, "WARNING! This will remove all stopped containers.\n", options.force));
  IK_LET(freed, prune_containers(context, filter));
  print_reclaimed(freed);
  return {};
}

}  // namespace

void add_container_prune_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ContainerPruneOptions>();
  CLI::App* command = app.add_subcommand("prune", "Remove all containers that do not run");
  command
      ->add_option(
          "--filter", options->filters, "until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_flag("-f,--force", options->force, "Do not ask");
  command->callback([options, &context] { context.finish(container_prune(*options, context)); });
}

}  // namespace ikada
