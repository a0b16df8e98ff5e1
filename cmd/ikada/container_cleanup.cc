#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

Result<void> clean_up(const std::string& id, const Context& context) {
  IK_LET(engine, open_engine(context));
  const Result<ContainerRecord> record = load_record(engine.layout(), id);
  // Somebody was quicker, which is as good.
  if (!record.has_value() && record.error().kind == ErrorKind::kNotFound) return {};
  if (!record.has_value()) return record.error();
  return engine.clean_up(*record);
}

}  // namespace

// Not for people: the monitor runs it when its container has ended, still holding the container's
// mark.
void add_container_cleanup_command(CLI::App& app, Context& context) {
  auto id = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("container-cleanup", "");
  command->add_option("id", *id, "The container's whole id")->required();
  command->callback([id, &context] { context.finish(clean_up(*id, context)); });
}

}  // namespace ikada
