#include <stdio.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/live_status.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/open_store.h"

namespace ikada {
namespace {

constexpr size_t kShortId = 12;

struct RmiOptions {
  std::vector<std::string> images;
  bool force = false;
};

std::string short_image_id(const StoredImage& image) { return image.id.substr(7, kShortId); }

// Whether `reference` is one of the image's names, and not a number that an id begins with.
bool is_named(const StoredImage& image, const Reference& reference) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (reference.digest.empty()) return has(image.references, reference.canonical());
  return has(image.repo_digests,
             reference.registry + "/" + reference.repository + "@" + reference.digest);
}

// A container that runs keeps its image whatever is asked; one that does not, unless forced.
Result<void> check_unused(const ImageStore& store,
                          const StoredImage& image,
                          const std::string& object,
                          bool force,
                          const Context& context) {
  IK_LET(containers, store.holders(image));
  for (const std::string& id : containers) {
    if (live_status(engine_layout(context), id).is_running()) {
      return make_error(ErrorKind::kConflict,
                        "conflict: unable to {} (cannot be forced) - image is being used by "
                        "running container {}",
                        object,
                        id.substr(0, kShortId));
    }
  }
  if (force || containers.empty()) return {};
  return make_error(ErrorKind::kConflict,
                    "conflict: unable to {} (must be forced) - image is being used by stopped "
                    "container {}",
                    object,
                    containers.front().substr(0, kShortId));
}

Result<ImageStore::Removed> remove_image(ImageStore& store,
                                         const std::string& name,
                                         bool force,
                                         const Context& context) {
  IK_LET(image, store.find(name));
  const Result<Reference> reference = parse_reference(name);
  if (!reference.has_value() || !is_named(image, *reference)) {
    IK_TRY(check_unused(store, image, "delete " + short_image_id(image), force, context));
    return store.remove(image, force);
  }
  const bool is_last = image.references.size() <= 1;
  if (is_last) {
    const std::string object = "remove repository reference \"" + name + "\"";
    IK_TRY(check_unused(store, image, object, force, context));
  }
  return store.untag(*reference);
}

void rmi(const RmiOptions& options, Context& context) {
  Result<ImageStore> store = open_store(context);
  if (!store.has_value()) return context.finish(store.error());
  for (const std::string& name : options.images) {
    Result<ImageStore::Removed> removed = remove_image(*store, name, options.force, context);
    if (!removed.has_value()) {
      // What is not there need not be removed.
      const bool missing = removed.error().kind == ErrorKind::kNotFound;
      if (!(missing && options.force)) context.exit_status = 1;
      context.report(removed.error());
      continue;
    }
    for (const std::string& each : removed->untagged) ::printf("Untagged: %s\n", each.c_str());
    for (const std::string& each : removed->deleted) ::printf("Deleted: %s\n", each.c_str());
  }
}

}  // namespace

void add_rmi_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<RmiOptions>();
  CLI::App* command = app.add_subcommand("rmi", "Remove images");
  command->add_option("image", options->images, "Names or ids of images")->required();
  command->add_flag(
      "-f,--force", options->force, "Also with several names or used by stopped containers");
  command->callback([options, &context] { rmi(*options, context); });
}

}  // namespace ikada
