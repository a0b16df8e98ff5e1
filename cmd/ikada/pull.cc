#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/pull_display.h"

namespace ikada {
namespace {

struct PullCommandOptions {
  std::string image;
  PullWish wish;
};

Result<void> pull(const PullCommandOptions& options, const Context& context) {
  IK_LET(reference, parse_reference(options.image));
  IK_LET(store, open_store(context));
  const bool tag_typed = options.image.ends_with(":" + reference.tag);
  if (!options.wish.quiet && reference.digest.empty() && !tag_typed) {
    ::printf("Using default tag: %s\n", reference.tag.c_str());
  }
  IK_LET(pulled, pull_and_show(context, store, reference, options.wish));
  ::printf("%s\n", reference.canonical().c_str());
  return {};
}

}  // namespace

void add_pull_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<PullCommandOptions>();
  CLI::App* command = app.add_subcommand("pull", "Fetch an image from a registry");
  command->add_option("image", options->image, "NAME[:TAG|@DIGEST]")->required();
  command->add_flag("-q,--quiet", options->wish.quiet, "Print the image's name only");
  command->add_option("--platform", options->wish.platform, "OS/ARCH[/VARIANT], e.g. linux/arm64");
  command->callback([options, &context] { context.finish(pull(*options, context)); });
}

}  // namespace ikada
