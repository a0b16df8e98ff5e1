#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/context.h"
#include "cmd/ikada/manifest_change.h"
#include "cmd/ikada/push_commands.h"
#include "image/manifest_lists.h"

namespace ikada {
namespace {

struct ManifestAnnotateOptions {
  std::string list;
  std::string image;
  ManifestChange change;
};

// An entry is meant by its digest or by the name it was added under.
Result<std::string> parse_entry(const std::string& text) {
  const Result<Digest> digest = Digest::parse(text);
  if (digest.has_value()) return text;
  IK_LET(reference, parse_manifest_name(text));
  return reference.canonical();
}

Result<void> annotate(const ManifestAnnotateOptions& options, const Context& context) {
  IK_LET(name, parse_manifest_name(options.list));
  IK_LET(entry, parse_entry(options.image));
  return ManifestLists(context.root).change(name, [&](ManifestList& list) -> Result<void> {
    ListedManifest* const manifest = list.find(entry);
    if (manifest == nullptr) {
      return make_error(
          ErrorKind::kNotFound, "{} is not in manifest list {}", options.image, options.list);
    }
    return options.change.apply(*manifest);
  });
}

}  // namespace

void add_manifest_annotate_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ManifestAnnotateOptions>();
  CLI::App* command =
      group.add_subcommand("annotate", "Change what a list says of an image's platform");
  command->add_option("list", options->list, "NAME[:TAG] of the list")->required();
  command->add_option("image", options->image, "Name or digest of an image in it")->required();
  options->change.add_options(*command);
  command->callback([options, &context] { context.finish(annotate(*options, context)); });
}

}  // namespace ikada
