#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/foreground.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

struct StartOptions {
  std::vector<std::string> containers;
  bool attach = false;
  bool interactive = false;
  std::string detach_keys;
};

Result<void> check_not_paused(const LiveStatus& status, const ContainerRecord& record) {
  if (status.state != LiveState::kPaused) return {};
  return make_error(ErrorKind::kConflict,
                    "cannot start a paused container, try unpause instead: {}",
                    record.name);
}

Result<void> start_in_background(Engine& engine, const ContainerRecord& record) {
  const LiveStatus status = live_status(engine.layout(), record.id);
  IK_TRY(check_not_paused(status, record));
  if (status.is_running()) return {};
  Result<ActiveMark> mark = engine.acquire(record);
  if (!mark.has_value()) {
    // Another command was faster.
    if (live_status(engine.layout(), record.id).is_running()) return {};
    return std::move(mark.error());
  }
  Result<pid_t> started = engine.start(record, *mark);
  if (started.has_value()) return {};
  mark->remove();
  return std::move(started.error());
}

Result<int> start_attached(const StartOptions& options, const Context& context) {
  if (options.containers.size() != 1) {
    return make_error(ErrorKind::kInvalid,
                      "you cannot start and attach multiple containers at once");
  }
  IK_LET(engine, open_engine(context));
  IK_LET(record, find_record(engine, options.containers[0]));
  const bool attach_stdin = options.interactive && record.spec.open_stdin;
  IK_TRY(check_terminal(attach_stdin, record.spec.terminal));
  const ForegroundOptions foreground{.attach_stdin = attach_stdin,
                                     .detach_keys = options.detach_keys};
  const auto is_running = [&] { return live_status(engine.layout(), record.id).is_running(); };
  IK_TRY(check_not_paused(live_status(engine.layout(), record.id), record));
  if (is_running()) return attach_to_running(engine, record, foreground);
  Result<ActiveMark> mark = engine.acquire(record);
  // Another command was faster.
  if (!mark.has_value() && is_running()) return attach_to_running(engine, record, foreground);
  if (!mark.has_value()) return std::move(mark.error());
  Result<int> status = start_in_foreground(engine, record, *mark, foreground);
  if (!status.has_value()) mark->remove();
  return status;
}

}  // namespace

void add_start_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<StartOptions>();
  CLI::App* command = app.add_subcommand("start", "Start containers that do not run");
  command->add_option("container", options->containers, "Names or ids of containers")->required();
  command->add_flag("-a,--attach", options->attach, "Show the output and end with its status");
  command->add_flag("-i,--interactive", options->interactive, "Connect stdin as well");
  command->add_option("--detach-keys",
                      options->detach_keys,
                      "Keys that detach from the container, ctrl-p,ctrl-q by default");
  command->callback([options, &context] {
    if (!options->attach && !options->interactive) {
      return for_each_container(context, options->containers, start_in_background);
    }
    const Result<int> status = start_attached(*options, context);
    if (status.has_value()) return context.finish_with(*status);
    context.finish(status.error());
  });
}

}  // namespace ikada
