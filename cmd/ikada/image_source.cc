#include "cmd/ikada/image_source.h"

#include <stdio.h>

#include "cluster/engine/engine_image.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/pull_display.h"
#include "image/platform.h"
#include "image/store.h"

namespace ikada {
namespace {

// An image of another platform than the one asked for is as good as none.
Result<bool> fits(const ImageStore& store, const StoredImage& image, const std::string& platform) {
  if (platform.empty()) return true;
  IK_LET(wanted, parse_platform(platform));
  IK_LET(config, store.config(image));
  const Platform offered = normalize_platform(
      {.os = config.os, .architecture = config.architecture, .variant = config.variant});
  return platform_distance(normalize_platform(wanted), offered).has_value();
}

Result<KeptImage> pull(const Context& context, ImageStore& store, const ImageWish& wish) {
  IK_LET(reference, parse_reference(wish.name));
  IK_LET(pulled,
         pull_and_show(context,
                       store,
                       reference,
                       {.platform = wish.platform, .quiet = wish.quiet, .out = stderr}));
  return KeptImage{.image = std::move(pulled.image), .keeping = std::move(pulled.keeping)};
}

}  // namespace

Result<KeptImage> obtain_stored_image(const Context& context,
                                      ImageStore& store,
                                      const ImageWish& wish) {
  if (wish.pull != "always") {
    IK_LET(keeping, store.begin_pull());
    Result<StoredImage> found = store.find(wish.name);
    if (found.has_value()) {
      IK_LET(fitting, fits(store, *found, wish.platform));
      if (fitting) return KeptImage{.image = std::move(*found), .keeping = std::move(keeping)};
    } else if (found.error().kind != ErrorKind::kNotFound) {
      return std::move(found.error());
    }
    if (wish.pull == "never") {
      return make_error(ErrorKind::kNotFound, "No such image: {}", wish.name);
    }
    IK_LET(reference, parse_reference(wish.name));
    if (!wish.quiet) {
      ::fprintf(stderr, "Unable to find image '%s' locally\n", reference.familiar().c_str());
    }
  }
  return pull(context, store, wish);
}

Result<NewContainer> create_container(const Context& context,
                                      Engine& engine,
                                      const ContainerSpec& spec,
                                      const ImageWish& wish) {
  IK_LET(store, open_store(context));
  IK_LET(kept, obtain_stored_image(context, store, wish));
  IK_LET(image, load_engine_image(store, kept.image, wish.name));
  return engine.create(spec, image);
}

}  // namespace ikada
