#include <stdio.h>

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "cmd/ikada/cid_file.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/container_options.h"
#include "cmd/ikada/foreground.h"
#include "cmd/ikada/image_source.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

struct RunOptions {
  ContainerOptions container;
  bool detach = false;
  bool forward_signals = true;
  std::string detach_keys;
};

bool wants(const std::vector<std::string>& attach, std::string_view stream) {
  return std::find(attach.begin(), attach.end(), stream) != attach.end();
}

Result<ForegroundOptions> plan_foreground(const RunOptions& options) {
  const std::vector<std::string>& attach = options.container.attach;
  for (const std::string& each : attach) {
    if (each == "stdin" || each == "stdout" || each == "stderr") continue;
    return make_error(ErrorKind::kInvalid,
                      "invalid argument \"{}\" for \"--attach\": valid "
                      "streams are stdin, stdout and stderr",
                      each);
  }
  return ForegroundOptions{
      .attach_stdin = options.container.interactive || wants(attach, "stdin"),
      .attach_stdout = attach.empty() || wants(attach, "stdout"),
      .attach_stderr = attach.empty() || wants(attach, "stderr"),
      .forward_signals = options.forward_signals,
      .detach_keys = options.detach_keys,
  };
}

Result<int> start(const RunOptions& options, Engine& engine, NewContainer& container) {
  if (!options.detach) {
    IK_LET(foreground, plan_foreground(options));
    return start_in_foreground(engine, container.record, container.mark, foreground);
  }
  IK_TRY(engine.start(container.record, container.mark));
  ::printf("%s\n", container.record.id.c_str());
  return 0;
}

Result<int> run(const RunOptions& options, std::vector<std::string> words, const Context& context) {
  IK_LET(spec, plan_container_spec(options.container, std::move(words)));
  IK_LET(foreground, plan_foreground(options));
  if (!options.detach) IK_TRY(check_terminal(foreground.attach_stdin, spec.terminal));
  spec.attach_stdout = !options.detach;
  spec.open_stdin = options.container.interactive;
  spec.stdin_once = spec.open_stdin && !options.detach;
  IK_TRY(check_cid_file(options.container.cid_file));
  IK_LET(engine, open_engine(context));
  IK_LET(container,
         create_container(context,
                          engine,
                          spec,
                          {.name = spec.image,
                           .pull = options.container.pull,
                           .platform = options.container.platform,
                           .quiet = options.container.quiet}));
  const std::string& cid_file = options.container.cid_file;
  const Result<void> written = write_cid_file(cid_file, container.record.id);
  Result<int> status = written.has_value() ? start(options, engine, container) : written.error();
  const bool has_started = container.mark.phase() == ActivePhase::kStarted;
  if (status.has_value() || has_started) return status;
  engine.discard(container);
  if (written.has_value()) remove_cid_file(cid_file);
  return status;
}

}  // namespace

void add_run_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Run a command in a new container");
  add_container_options(*command, options->container);
  command->add_flag("-d,--detach", options->detach, "Run in the background and print the id");
  command->add_flag(
      "--sig-proxy", options->forward_signals, "Pass signals on to the container, true by default");
  command->add_option("--detach-keys",
                      options->detach_keys,
                      "Keys that detach from the container, ctrl-p,ctrl-q by default");
  command->callback([options, command, &context] {
    const Result<int> status = run(*options, command->remaining(), context);
    if (status.has_value()) return context.finish_with(*status);
    context.finish(status.error(), start_exit_status(status.error()));
  });
}

}  // namespace ikada
