#include <memory>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {
namespace {

Result<void> cluster_leave(bool force, const Context& context) {
  IK_TRY(ask_cluster(context, "POST", "/cluster/leave", {{"force", force}}));
  return {};
}

}  // namespace

void add_cluster_leave_command(CLI::App& group, Context& context) {
  auto force = std::make_shared<bool>(false);
  CLI::App* command = group.add_subcommand("leave", "Take this host out of its cluster");
  command->add_flag(
      "-f,--force", *force, "Stop its tasks first; on the only manager, forget the cluster");
  command->callback([force, &context] { context.finish(cluster_leave(*force, context)); });
}

}  // namespace ikada
