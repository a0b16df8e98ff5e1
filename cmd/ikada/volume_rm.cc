#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/volumes.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

struct VolumeRmOptions {
  std::vector<std::string> names;
  bool force = false;
};

void volume_rm(const VolumeRmOptions& options, Context& context) {
  const Result<Engine> engine = open_engine(context);
  if (!engine.has_value()) return context.finish(engine.error());
  for (const std::string& name : options.names) {
    const Result<void> removed = remove_unused_volume(engine->layout(), name);
    const bool is_gone = !removed.has_value() && removed.error().kind == ErrorKind::kNotFound;
    if (removed.has_value() || (options.force && is_gone)) {
      ::printf("%s\n", name.c_str());
    } else {
      context.finish(removed);
    }
  }
}

}  // namespace

void add_volume_rm_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<VolumeRmOptions>();
  CLI::App* command = group.add_subcommand("rm", "Remove volumes that no container uses");
  command->add_option("volume", options->names, "Names of volumes")->required();
  command->add_flag("-f,--force", options->force, "A volume that is not there is no error");
  command->callback([options, &context] { volume_rm(*options, context); });
}

}  // namespace ikada
