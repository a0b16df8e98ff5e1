#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/node_role.h"

namespace ikada {

void add_node_demote_command(CLI::App& group, Context& context) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = group.add_subcommand("demote", "Make a manager a worker");
  command->add_option("node", *name, "Id, beginning of an id, or name")->required();
  command->callback(
      [name, &context] { context.finish(change_node_role(context, *name, "worker")); });
}

}  // namespace ikada
