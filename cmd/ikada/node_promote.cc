#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/node_role.h"

namespace ikada {

void add_node_promote_command(CLI::App& group, Context& context) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = group.add_subcommand("promote", "Make a worker a manager");
  command->add_option("node", *name, "Id, beginning of an id, or name")->required();
  command->callback(
      [name, &context] { context.finish(change_node_role(context, *name, "manager")); });
}

}  // namespace ikada
