#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {
namespace {

struct ClusterInitOptions {
  std::string address;
  std::string name;
  std::string task_network = "10.120.0.0/16";
  bool is_json = false;
};

std::string text_of(const Json& made, const char* key) { return made.value(key, ""); }

Result<void> cluster_init(const ClusterInitOptions& options, const Context& context) {
  IK_LET(made,
         ask_cluster(context,
                     "POST",
                     "/cluster/init",
                     {{"address", options.address},
                      {"name", options.name},
                      {"taskNetwork", options.task_network}}));
  const std::string warning = text_of(made, "warning");
  if (!warning.empty()) ::fprintf(stderr, "ikada cluster init: %s\n", printable(warning).c_str());
  if (options.is_json) {
    ::printf("%s\n", made.dump().c_str());
    return {};
  }
  const std::string manager = text_of(made, "address");
  ::printf("Cluster %s made; this host is its manager, node %s.\n\n",
           text_of(made, "cluster").c_str(),
           text_of(made, "node").c_str());
  ::printf("Other hosts join with this token, which is shown only now:\n\n    %s\n\n",
           text_of(made, "workerToken").c_str());
  ::printf(
      "On each of them, with the token in a file:\n\n"
      "    ikada cluster join --token-file FILE %s\n\n",
      manager.c_str());
  ::printf(
      "aws and boto3 reach the API at http://127.0.0.1:7439, from other hosts at https://%s:7440\n"
      "with %s/cluster/ca.pem as AWS_CA_BUNDLE, and with\n\n",
      manager.substr(0, manager.rfind(':')).c_str(),
      context.root.c_str());
  ::printf("    AWS_ACCESS_KEY_ID=%s\n    AWS_SECRET_ACCESS_KEY=%s\n",
           text_of(made, "accessKeyId").c_str(),
           text_of(made, "secretAccessKey").c_str());
  return {};
}

}  // namespace

void add_cluster_init_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ClusterInitOptions>();
  CLI::App* command = group.add_subcommand("init", "Make this host the manager of a new cluster");
  command->add_option("--advertise-addr",
                      options->address,
                      "Address that other hosts reach this one by; that of the route to the "
                      "outside");
  command->add_option("--name", options->name, "Name of this node; the host's");
  command
      ->add_option("--task-network",
                   options->task_network,
                   "Where tasks in network mode awsvpc have their addresses, a /24 for each "
                   "host; none: they have them on their own host only")
      ->capture_default_str();
  command->add_flag("--json", options->is_json, "Print JSON");
  command->callback([options, &context] { context.finish(cluster_init(*options, context)); });
}

}  // namespace ikada
