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

struct RestartOptions {
  std::vector<std::string> containers;
  std::optional<std::int64_t> timeout_s;
  std::string signal;
};

Result<void> restart(const RestartOptions& options, Engine& engine, const ContainerRecord& record) {
  ContainerRecord wish = record;
  if (!options.signal.empty()) {
    IK_LET(signal, parse_signal(options.signal));
    static_cast<void>(signal);
    wish.spec.stop_signal = options.signal;
  }
  IK_TRY(engine.stop(wish, options.timeout_s));
  IK_LET(mark, engine.acquire(record));
  Result<pid_t> started = engine.start(record, mark);
  if (!started.has_value()) {
    mark.remove();
    return std::move(started.error());
  }
  return {};
}

}  // namespace

void add_restart_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<RestartOptions>();
  CLI::App* command = app.add_subcommand("restart", "Stop containers and start them again");
  command->add_option("container", options->containers, "Names or ids of containers")->required();
  command->add_option("-t,--time,--timeout",
                      options->timeout_s,
                      "Seconds to wait before SIGKILL; -1 waits for ever");
  command->add_option("-s,--signal", options->signal, "Signal to send instead of the container's");
  command->callback([options, &context] {
    for_each_container(
        context, options->containers, [&](Engine& engine, const ContainerRecord& record) {
          return restart(*options, engine, record);
        });
  });
}

}  // namespace ikada
