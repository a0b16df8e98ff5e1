#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cluster/engine/container_tree.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/open_store.h"

namespace ikada {
namespace {

Result<void> diff(const std::string& name, const Context& context) {
  IK_LET(engine, open_engine(context));
  IK_LET(record, find_record(engine, name));
  IK_LET(store, open_store(context));
  IK_LET(tree, ContainerTree::open(store, engine.layout(), record.id));
  IK_LET(changes, tree.changes());
  for (const PathChange& change : changes) ::printf("%c %s\n", change.kind, change.path.c_str());
  return {};
}

}  // namespace

void add_diff_command(CLI::App& app, Context& context) {
  auto container = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("diff", "Show what a container changed in its files");
  command->add_option("container", *container, "Name or id of the container")->required();
  command->callback([container, &context] { context.finish(diff(*container, context)); });
}

}  // namespace ikada
