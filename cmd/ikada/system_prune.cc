#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/prune.h"

namespace ikada {
namespace {

struct SystemPruneOptions {
  std::vector<std::string> filters;
  bool all = false;
  bool volumes = false;
  bool force = false;
};

std::string warning(const SystemPruneOptions& options) {
  std::string text = "WARNING! This will remove:\n  - all stopped containers\n";
  if (options.volumes) text += "  - all anonymous volumes not used by at least one container\n";
  text += options.all ? "  - all images without at least one container associated to them\n"
                      : "  - all dangling images\n";
  text += options.all ? "  - all build cache\n" : "  - all dangling build cache\n";
  return text + "\n";
}

Result<void> system_prune(const SystemPruneOptions& options, const Context& context) {
  IK_LET(filter, parse_prune_filters(options.filters, unix_now()));
  if (options.volumes && filter.until != INT64_MAX) {
    return make_error(ErrorKind::kInvalid,
                      "the \"until\" filter is not supported with \"--volumes\"");
  }
  IK_TRY(confirm_prune(context, warning(options), options.force));
  IK_LET(containers, prune_containers(context, filter));
  std::uint64_t freed = containers;
  if (options.volumes) {
    IK_LET(volumes, prune_anonymous_volumes(context));
    freed += volumes;
  }
  IK_LET(images, prune_images(context, filter, options.all));
  IK_LET(builds, prune_builds(context, filter, options.all));
  print_reclaimed(freed + images + builds);
  return {};
}

}  // namespace

void add_system_prune_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<SystemPruneOptions>();
  CLI::App* command =
      app.add_subcommand("prune", "Remove containers, images and build cache that nothing uses");
  command->add_flag("-a,--all", options->all, "Also images that have names, and all build cache");
  command
      ->add_option(
          "--filter", options->filters, "until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_flag("-f,--force", options->force, "Do not ask");
  command->add_flag("--volumes", options->volumes, "Also anonymous volumes");
  command->callback([options, &context] { context.finish(system_prune(*options, context)); });
}

}  // namespace ikada
