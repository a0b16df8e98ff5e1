#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/record_plan.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

struct KillOptions {
  std::vector<std::string> containers;
  std::string signal = "KILL";
};

void kill(const KillOptions& options, Context& context) {
  const Result<int> signal = parse_signal(options.signal);
  if (!signal.has_value()) return context.finish(signal.error());
  for_each_container(
      context,
      options.containers,
      [&](Engine& engine, const ContainerRecord& record) -> Result<void> {
        IK_TRY(engine.kill(record, *signal).context("cannot kill container {}", record.name));
        return {};
      });
}

}  // namespace

void add_kill_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<KillOptions>();
  CLI::App* command = app.add_subcommand("kill", "Send a signal to running containers");
  command->add_option("container", options->containers, "Names or ids of containers")->required();
  command->add_option("-s,--signal", options->signal, "Signal to send, KILL by default");
  command->callback([options, &context] { kill(*options, context); });
}

}  // namespace ikada
