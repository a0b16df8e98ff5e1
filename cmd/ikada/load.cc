#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/input_archive.h"
#include "cmd/ikada/open_store.h"
#include "image/archive_load.h"

namespace ikada {
namespace {

struct LoadCommandOptions {
  std::string input;
  std::string platform;
  bool quiet = false;
};

Result<void> load(const LoadCommandOptions& options, const Context& context) {
  IK_LET(source, open_input_archive(options.input));
  IK_LET(store, open_store(context));
  IK_LET(policy, load_image_policy(context.config_path));
  IK_LET(loaded,
         load_images(store, source.get(), {.platform = options.platform, .policy = policy}));
  for (const LoadedImage& each : loaded) {
    if (each.names.empty()) ::printf("Loaded image ID: %s\n", each.image.id.c_str());
    for (const std::string& name : each.names) {
      IK_LET(reference, parse_reference(name));
      ::printf("Loaded image: %s\n", reference.familiar().c_str());
    }
  }
  return {};
}

}  // namespace

void add_load_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<LoadCommandOptions>();
  CLI::App* command = app.add_subcommand("load", "Read images from an archive");
  command->add_option("-i,--input", options->input, "A file instead of stdin");
  command->add_option("--platform", options->platform, "OS/ARCH[/VARIANT], e.g. linux/arm64");
  command->add_flag("-q,--quiet", options->quiet, "No progress; there is none anyway");
  command->callback([options, &context] { context.finish(load(*options, context)); });
}

}  // namespace ikada
