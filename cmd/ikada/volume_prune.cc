#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/terminal_prompt.h"
#include "cmd/ikada/volume_rows.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

struct VolumePruneOptions {
  bool all = false;
  bool force = false;
  std::vector<std::string> filters;
};

Result<bool> is_confirmed(const VolumePruneOptions& options) {
  if (options.force) return true;
  const std::string which = options.all ? "all" : "anonymous";
  IK_LET(answer,
         prompt_line(fmt::format("WARNING! This will remove {} local volumes not used by at least "
                                 "one container.\nAre you sure you want to continue? [y/N] ",
                                 which)));
  return answer == "y" || answer == "Y";
}

Result<void> volume_prune(const VolumePruneOptions& options, const Context& context) {
  IK_LET(confirmed, is_confirmed(options));
  if (!confirmed) return {};
  IK_LET(engine, open_engine(context));
  const EngineLayout& layout = engine.layout();
  IK_LET(listed, list_volumes(layout));
  IK_LET(volumes, filter_volumes(layout, std::move(listed), options.filters));
  std::uint64_t bytes = 0;
  bool is_first = true;
  for (const LocalVolume& each : volumes) {
    if (!options.all && !each.anonymous) continue;
    const std::uint64_t size = measure_volume(each);
    const Result<void> removed = remove_unused_volume(layout, each.name);
    // One that is in use stays.
    if (!removed.has_value() && (removed.error().kind == ErrorKind::kConflict ||
                                 removed.error().kind == ErrorKind::kNotFound)) {
      continue;
    }
    IK_TRY(removed);
    if (is_first) ::printf("Deleted Volumes:\n");
    is_first = false;
    ::printf("%s\n", each.name.c_str());
    bytes += size;
  }
  ::printf(
      "%sTotal reclaimed space: %s\n", is_first ? "" : "\n", format_decimal_size(bytes).c_str());
  return {};
}

}  // namespace

void add_volume_prune_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<VolumePruneOptions>();
  CLI::App* command = group.add_subcommand("prune", "Remove volumes that no container uses");
  command->add_flag("-a,--all", options->all, "Those with a name as well");
  command->add_flag("-f,--force", options->force, "Do not ask");
  command->add_option("--filter", options->filters, "Only volumes that match: label=key")
      ->allow_extra_args(false);
  command->callback([options, &context] { context.finish(volume_prune(*options, context)); });
}

}  // namespace ikada
