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

Result<void> node_rm(const std::string& name, bool force, const Context& context) {
  IK_LET(node, find_cluster_node(context, name));
  const std::string path = "/cluster/nodes/" + node.value("id", "");
  IK_TRY(ask_cluster(context, "DELETE", force ? path + "?force=1" : path));
  ::printf("%s\n", name.c_str());
  return {};
}

}  // namespace

void add_node_rm_command(CLI::App& group, Context& context) {
  auto names = std::make_shared<std::vector<std::string>>();
  auto force = std::make_shared<bool>(false);
  CLI::App* command = group.add_subcommand("rm", "Take nodes out of the cluster that are gone");
  command->add_option("NODE", *names, "Names or ids")->required();
  command->add_flag("-f,--force", *force, "Also one that is connected");
  command->callback([names, force, &context] {
    for (const std::string& name : *names) context.finish(node_rm(name, *force, context));
  });
}

}  // namespace ikada
