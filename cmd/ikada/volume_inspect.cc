#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/print_objects.h"
#include "cmd/ikada/volume_rows.h"

namespace ikada {
namespace {

struct VolumeInspectOptions {
  std::vector<std::string> names;
  std::string format;
};

void volume_inspect(const VolumeInspectOptions& options, Context& context) {
  const Result<Engine> engine = open_engine(context);
  if (!engine.has_value()) return context.finish(engine.error());
  print_objects(
      options.names,
      options.format,
      [&](const std::string& name) -> Result<Json> {
        IK_LET(volume, find_volume(engine->layout(), name));
        return describe_volume(volume);
      },
      context);
}

}  // namespace

void add_volume_inspect_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<VolumeInspectOptions>();
  CLI::App* command = group.add_subcommand("inspect", "Show everything about volumes");
  command->add_option("volume", options->names, "Names of volumes")->required();
  command->add_option("-f,--format", options->format, "json, or a Go template");
  command->callback([options, &context] { volume_inspect(*options, context); });
}

}  // namespace ikada
