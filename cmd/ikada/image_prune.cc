#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/prune.h"

namespace ikada {
namespace {

struct ImagePruneOptions {
  std::vector<std::string> filters;
  bool all = false;
  bool force = false;
};

Result<void> image_prune(const ImagePruneOptions& options, const Context& context) {
  IK_LET(filter, parse_prune_filters(options.filters, unix_now()));
  IK_TRY(confirm_prune(context,
                       options.all
                           ? "WARNING! This will remove all images without at least one container "
                             "associated to them.\n"
                           : "WARNING! This will remove all dangling images.\n",
                       options.force));
  IK_LET(freed, prune_images(context, filter, options.all));
  print_reclaimed(freed);
  return {};
}

}  // namespace

void add_image_prune_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ImagePruneOptions>();
  CLI::App* command = app.add_subcommand("prune", "Remove images that nothing uses");
  command->add_flag("-a,--all", options->all, "Also those that have names");
  command
      ->add_option(
          "--filter", options->filters, "until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_flag("-f,--force", options->force, "Do not ask");
  command->callback([options, &context] { context.finish(image_prune(*options, context)); });
}

}  // namespace ikada
