#include <stdio.h>

#include <filesystem>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {
namespace {

struct ClusterRestoreOptions {
  std::string file;
  std::string address;
  std::string name;
};

Result<void> cluster_restore(const ClusterRestoreOptions& options, const Context& context) {
  if (options.file.empty()) return make_error(ErrorKind::kInvalid, "FILE is empty");
  const std::string path = std::filesystem::absolute(options.file);
  IK_LET(made,
         ask_cluster(context,
                     "POST",
                     "/cluster/restore",
                     {{"path", path}, {"address", options.address}, {"name", options.name}}));
  ::printf("Cluster %s restored; this host is its manager, node %s.\n",
           made.value("cluster", "").c_str(),
           made.value("node", "").c_str());
  ::printf(
      "Hosts that were managers before must not start with their old state again: remove "
      "node.json and cluster/ in it first.\n");
  return {};
}

}  // namespace

void add_cluster_restore_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ClusterRestoreOptions>();
  CLI::App* command =
      group.add_subcommand("restore", "Make this host the manager of the cluster in a backup");
  command->add_option("FILE", options->file, "What ikada cluster backup wrote")->required();
  command->add_option("--advertise-addr",
                      options->address,
                      "Address that other hosts reach this one by; that of the route to the "
                      "outside");
  command->add_option("--name", options->name, "Name of this node; the host's");
  command->callback([options, &context] { context.finish(cluster_restore(*options, context)); });
}

}  // namespace ikada
