#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

struct RenameOptions {
  std::string container;
  std::string name;
};

Result<void> rename(const RenameOptions& options, const Context& context) {
  IK_LET(engine, open_engine(context));
  IK_LET(record, find_record(engine, options.container));
  return engine.rename(record, options.name);
}

}  // namespace

void add_rename_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<RenameOptions>();
  CLI::App* command = app.add_subcommand("rename", "Give a container another name");
  command->add_option("container", options->container, "Name or id of the container")->required();
  command->add_option("name", options->name, "Its new name")->required();
  command->callback([options, &context] { context.finish(rename(*options, context)); });
}

}  // namespace ikada
