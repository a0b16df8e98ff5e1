#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/record_plan.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

struct StopOptions {
  std::vector<std::string> containers;
  std::optional<std::int64_t> timeout_s;
  std::string signal;
};

void stop(const StopOptions& options, Context& context) {
  if (!options.signal.empty()) {
    const Result<int> signal = parse_signal(options.signal);
    if (!signal.has_value()) return context.finish(signal.error());
  }
  for_each_container(
      context, options.containers, [&](Engine& engine, const ContainerRecord& record) {
        ContainerRecord wish = record;
        if (!options.signal.empty()) wish.spec.stop_signal = options.signal;
        return engine.stop(wish, options.timeout_s);
      });
}

}  // namespace

void add_stop_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<StopOptions>();
  CLI::App* command = app.add_subcommand("stop", "Stop running containers");
  command->add_option("container", options->containers, "Names or ids of containers")->required();
  command->add_option("-t,--time,--timeout",
                      options->timeout_s,
                      "Seconds to wait before SIGKILL; -1 waits for ever");
  command->add_option("-s,--signal", options->signal, "Signal to send instead of the container's");
  command->callback([options, &context] { stop(*options, context); });
}

}  // namespace ikada
