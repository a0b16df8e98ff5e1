#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cluster_daemon.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {

void add_node_drain_command(CLI::App& group, Context& context) {
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* command = group.add_subcommand("drain", "Let nodes get no more tasks");
  command->add_option("NODE", *names, "Names or ids")->required();
  command->callback([names, &context] {
    for (const std::string& name : *names) {
      const Result<void> done = set_node_status(context, name, "DRAINING");
      context.finish(done);
      if (done.has_value()) ::printf("%s\n", name.c_str());
    }
  });
}

}  // namespace ikada
