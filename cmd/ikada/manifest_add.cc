#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/context.h"
#include "cmd/ikada/manifest_change.h"
#include "cmd/ikada/push_commands.h"
#include "image/manifest_lists.h"

namespace ikada {
namespace {

struct ManifestAddOptions {
  std::string list;
  std::string image;
  bool all = false;
  ManifestChange change;
};

Result<void> add(const ManifestAddOptions& options, const Context& context) {
  IK_LET(name, parse_manifest_name(options.list));
  const ManifestLists lists(context.root);
  // Before the registry is asked.
  IK_TRY(lists.load(name).map([](const ManifestList&) {}));
  IK_LET(found, find_manifests_of(context, options.image, options.all));
  for (ListedManifest& manifest : found) IK_TRY(options.change.apply(manifest));
  IK_TRY(lists.change(name, [&](ManifestList& list) -> Result<void> {
    for (const ListedManifest& manifest : found) list.put(manifest);
    return {};
  }));
  for (const ListedManifest& manifest : found) {
    ::printf("%s\n", manifest.descriptor.digest.text().c_str());
  }
  return {};
}

}  // namespace

void add_manifest_add_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ManifestAddOptions>();
  CLI::App* command = group.add_subcommand("add", "Put an image into a list");
  command->add_option("list", options->list, "NAME[:TAG] of the list")->required();
  command->add_option("image", options->image, "Image of this host or of a registry")->required();
  command->add_flag("--all", options->all, "Of an image for several platforms take all");
  options->change.add_options(*command);
  command->callback([options, &context] { context.finish(add(*options, context)); });
}

}  // namespace ikada
