#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/volumes.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/option_grammar.h"
#include "runtime/base/random_id.h"

namespace ikada {
namespace {

struct VolumeCreateOptions {
  std::string name;
  std::vector<std::string> labels;
  std::string driver = "local";
};

Result<void> volume_create(const VolumeCreateOptions& options, const Context& context) {
  if (options.driver != "local") {
    return make_error(ErrorKind::kNotFound, "error looking up volume plugin {}", options.driver);
  }
  LocalVolume volume{.name = options.name, .created = unix_now()};
  if (volume.name.empty()) {
    volume.name = random_hex(32);
    volume.anonymous = true;
  }
  for (const std::string& each : options.labels) volume.labels.insert(parse_key_value(each));
  IK_LET(engine, open_engine(context));
  IK_TRY(create_volume(engine.layout(), volume));
  ::printf("%s\n", volume.name.c_str());
  return {};
}

}  // namespace

void add_volume_create_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<VolumeCreateOptions>();
  CLI::App* command = group.add_subcommand("create", "Make a volume");
  command->add_option("name", options->name, "Its name; a random one if it is left out");
  command->add_option("--label", options->labels, "Label: key=value")->allow_extra_args(false);
  command->add_option("-d,--driver", options->driver, "Only local is there");
  command->callback([options, &context] { context.finish(volume_create(*options, context)); });
}

}  // namespace ikada
