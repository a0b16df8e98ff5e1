#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_store.h"

namespace ikada {
namespace {

struct TagOptions {
  std::string source;
  std::string target;
};

Result<void> tag(const TagOptions& options, const Context& context) {
  IK_LET(target, parse_reference(options.target));
  if (!target.digest.empty()) {
    return make_error(ErrorKind::kInvalid, "refusing to create a tag with a digest reference");
  }
  IK_LET(store, open_store(context));
  IK_LET(image, store.find(options.source));
  return store.tag(image, target);
}

}  // namespace

void add_tag_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<TagOptions>();
  CLI::App* command = app.add_subcommand("tag", "Give an image one more name");
  command->add_option("source", options->source, "Name or id of the image")->required();
  command->add_option("target", options->target, "NAME[:TAG]")->required();
  command->callback([options, &context] { context.finish(tag(*options, context)); });
}

}  // namespace ikada
