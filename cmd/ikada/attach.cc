#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/foreground.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

struct AttachCommandOptions {
  std::string container;
  std::string detach_keys;
  bool no_stdin = false;
  bool forward_signals = true;
};

Result<void> check_attachable(LiveState state) {
  switch (state) {
    case LiveState::kRunning:
      return {};
    case LiveState::kPaused:
      return make_error(ErrorKind::kConflict,
                        "You cannot attach to a paused container, unpause it first");
    case LiveState::kCreated:
    case LiveState::kExited:
      break;
  }
  return make_error(ErrorKind::kConflict,
                    "You cannot attach to a stopped container, start it first");
}

Result<int> attach(const AttachCommandOptions& options, const Context& context) {
  IK_LET(engine, open_engine(context));
  IK_LET(record, find_record(engine, options.container));
  IK_TRY(check_attachable(live_status(engine.layout(), record.id).state));
  const bool attach_stdin = record.spec.open_stdin && !options.no_stdin;
  IK_TRY(check_terminal(attach_stdin, record.spec.terminal));
  return attach_to_running(engine,
                           record,
                           {.attach_stdin = attach_stdin,
                            .forward_signals = options.forward_signals,
                            .detach_keys = options.detach_keys});
}

}  // namespace

void add_attach_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<AttachCommandOptions>();
  CLI::App* command = app.add_subcommand("attach", "Connect to a running container");
  command->add_option("container", options->container, "Name or id of the container")->required();
  command->add_option("--detach-keys",
                      options->detach_keys,
                      "Keys that detach from the container, ctrl-p,ctrl-q by default");
  command->add_flag("--no-stdin", options->no_stdin, "Do not connect stdin");
  command->add_flag("--sig-proxy,!--no-sig-proxy",
                    options->forward_signals,
                    "Pass signals on to the container, true by default");
  command->callback([options, &context] {
    const Result<int> status = attach(*options, context);
    if (status.has_value()) return context.finish_with(*status);
    context.finish(status.error());
  });
}

}  // namespace ikada
