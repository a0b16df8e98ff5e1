#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cluster/engine/container_tree.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/output_file.h"
#include "image/tree_tar.h"

namespace ikada {
namespace {

struct ExportOptions {
  std::string container;
  std::string output;
};

Result<void> export_container(const ExportOptions& options, const Context& context) {
  IK_LET(engine, open_engine(context));
  IK_LET(record, find_record(engine, options.container));
  IK_LET(store, open_store(context));
  IK_LET(tree, ContainerTree::open(store, engine.layout(), record.id));
  IK_LET(root, tree.merged_fd());
  IK_LET(file, OutputFile::create(options.output));
  TarWriter tar([&file](std::string_view bytes) { return file.write(bytes); });
  IK_LET(size, write_tree_tar(root, {.as_layer = false}, tar));
  static_cast<void>(size);
  IK_TRY(tar.finish());
  return file.finish();
}

}  // namespace

void add_export_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "Write a container's files as a tar archive");
  command->add_option("container", options->container, "Name or id of the container")->required();
  command->add_option("-o,--output", options->output, "A file instead of stdout");
  command->callback([options, &context] { context.finish(export_container(*options, context)); });
}

}  // namespace ikada
