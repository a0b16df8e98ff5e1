#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {
namespace {

struct ClusterJoinOptions {
  std::string manager;
  std::string token_file = "-";
  std::string address;
  std::string name;
};

Result<void> cluster_join(const ClusterJoinOptions& options, const Context& context) {
  IK_LET(token, read_token(options.token_file));
  IK_LET(joined,
         ask_cluster(context,
                     "POST",
                     "/cluster/join",
                     {{"manager", options.manager},
                      {"token", token},
                      {"address", options.address},
                      {"name", options.name}}));
  ::printf("This host is a %s of cluster %s, node %s.\n",
           joined.value("role", "").c_str(),
           joined.value("cluster", "").c_str(),
           joined.value("node", "").c_str());
  return {};
}

}  // namespace

void add_cluster_join_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ClusterJoinOptions>();
  CLI::App* command = group.add_subcommand("join", "Make this host a node of a cluster");
  command->add_option("MANAGER", options->manager, "Address of a manager: ADDRESS[:PORT]")
      ->required();
  command->add_option("--token-file",
                      options->token_file,
                      "File with the token; - for standard input, the default");
  command->add_option("--advertise-addr",
                      options->address,
                      "Address that other hosts reach this one by; the one that it reaches the "
                      "manager from");
  command->add_option("--name", options->name, "Name of this node; the host's");
  command->callback([options, &context] { context.finish(cluster_join(*options, context)); });
}

}  // namespace ikada
