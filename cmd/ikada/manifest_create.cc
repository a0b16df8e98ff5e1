#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/context.h"
#include "cmd/ikada/manifest_change.h"
#include "cmd/ikada/push_commands.h"
#include "image/manifest_lists.h"

namespace ikada {
namespace {

struct ManifestCreateOptions {
  std::string list;
  std::vector<std::string> images;
  bool amend = false;
  bool all = false;
};

Result<void> create(const ManifestCreateOptions& options, const Context& context) {
  IK_LET(name, parse_manifest_name(options.list));
  ManifestList list{.name = name.canonical(), .manifests = {}};
  for (const std::string& image : options.images) {
    IK_LET(found, find_manifests_of(context, image, options.all).context("{}", image));
    for (ListedManifest& manifest : found) list.put(std::move(manifest));
  }
  const ManifestLists lists(context.root);
  Result<void> added = lists.add(list);
  const bool exists = !added.has_value() && added.error().kind == ErrorKind::kConflict;
  if (exists && options.amend) {
    added = lists.change(name, [&](ManifestList& existing) -> Result<void> {
      for (ListedManifest& manifest : list.manifests) existing.put(std::move(manifest));
      return {};
    });
  }
  IK_TRY(std::move(added));
  ::printf("Created manifest list %s\n", name.canonical().c_str());
  return {};
}

}  // namespace

void add_manifest_create_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ManifestCreateOptions>();
  CLI::App* command =
      group.add_subcommand("create", "Begin a list of images for several platforms");
  command->add_option("list", options->list, "NAME[:TAG] of the list")->required();
  command->add_option("image", options->images, "Images to put into it");
  command->add_flag("-a,--amend", options->amend, "Add to the list if there is one already");
  command->add_flag("--all", options->all, "Of an image for several platforms take all");
  command->callback([options, &context] { context.finish(create(*options, context)); });
}

}  // namespace ikada
