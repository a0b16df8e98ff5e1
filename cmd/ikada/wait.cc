#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/exit_wait.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

Result<void> wait_for(const Engine& engine, const std::string& name) {
  IK_LET(record, find_record(engine, name));
  IK_LET(code, wait_for_exit(engine.layout(), record.id));
  ::printf("%d\n", code);
  ::fflush(stdout);
  return {};
}

void wait(const std::vector<std::string>& containers, Context& context) {
  const Result<Engine> engine = open_engine(context);
  if (!engine.has_value()) return context.finish(engine.error());
  for (const std::string& each : containers) context.finish(wait_for(*engine, each));
}

}  // namespace

void add_wait_command(CLI::App& app, Context& context) {
  auto containers = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("wait", "Wait until containers end, print exit codes");
  command->add_option("container", *containers, "Names or ids of containers")->required();
  command->callback([containers, &context] { wait(*containers, context); });
}

}  // namespace ikada
