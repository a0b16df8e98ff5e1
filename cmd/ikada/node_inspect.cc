#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {
namespace {

Result<void> node_inspect(const std::vector<std::string>& names, const Context& context) {
  Json all = Json::array();
  for (const std::string& name : names) {
    IK_LET(node, find_cluster_node(context, name));
    all.push_back(std::move(node));
  }
  ::printf("%s\n", all.dump(4).c_str());
  return {};
}

}  // namespace

void add_node_inspect_command(CLI::App& group, Context& context) {
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* command = group.add_subcommand("inspect", "Show everything about nodes, as JSON");
  command->add_option("NODE", *names, "Names or ids")->required();
  command->callback([names, &context] { context.finish(node_inspect(*names, context)); });
}

}  // namespace ikada
