#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/time_span_option.h"

namespace ikada {
namespace {

constexpr std::int64_t kLongestLife = std::int64_t{3650} * 86'400;

struct ClusterTokenOptions {
  std::string role = "worker";
  std::int64_t expires_s = 0;
};

Result<void> cluster_token(const ClusterTokenOptions& options, const Context& context) {
  IK_LET(made,
         ask_cluster(context,
                     "POST",
                     "/cluster/token",
                     {{"role", options.role}, {"lifetimeSeconds", options.expires_s}}));
  ::printf("%s\n", made.value("token", "").c_str());
  return {};
}

}  // namespace

void add_cluster_token_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ClusterTokenOptions>();
  CLI::App* command =
      group.add_subcommand("token", "Make a new join token, with which the last one is void");
  command->add_option("ROLE", options->role, "worker or manager; worker");
  command
      ->add_option("--expires", options->expires_s, "How long it is valid: 90s, 15m, 24h; for ever")
      ->transform(as_seconds(kLongestLife));
  command->callback([options, &context] { context.finish(cluster_token(*options, context)); });
}

}  // namespace ikada
