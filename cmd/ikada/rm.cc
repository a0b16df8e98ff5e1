#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

struct RmOptions {
  std::vector<std::string> containers;
  RemoveOptions remove;
};

void rm(const RmOptions& options, Context& context) {
  Result<Engine> engine = open_engine(context);
  if (!engine.has_value()) return context.finish(engine.error());
  for (const std::string& name : options.containers) {
    const Result<ContainerRecord> record = find_record(*engine, name);
    const Result<void> removed =
        record.has_value() ? engine->remove(*record, options.remove) : record.error();
    if (removed.has_value()) {
      ::printf("%s\n", name.c_str());
    } else if (options.remove.force && removed.error().kind == ErrorKind::kNotFound) {
      // With -f it is enough that there is no such container.
      context.report(removed.error());
    } else {
      context.finish(removed);
    }
  }
}

}  // namespace

void add_rm_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<RmOptions>();
  CLI::App* command = app.add_subcommand("rm", "Remove containers");
  command->add_option("container", options->containers, "Names or ids of containers")->required();
  command->add_flag("-f,--force", options->remove.force, "Kill a container that is running");
  command->add_flag(
      "-v,--volumes", options->remove.volumes, "Remove the container's anonymous volumes as well");
  command->callback([options, &context] { rm(*options, context); });
}

}  // namespace ikada
