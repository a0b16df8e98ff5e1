// The image of a new container, found in the store or pulled, and the container.
#pragma once

#include <string>

#include "cluster/engine/engine.h"
#include "cmd/ikada/context.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

struct ImageWish {
  std::string name;      // As typed.
  std::string pull;      // "always", "missing", "never"
  std::string platform;  // Empty: this host's.
  bool quiet = false;
};

struct KeptImage {
  StoredImage image;
  UniqueFd keeping = {};  // Nothing of it is collected while this is open.
};

// The image in the store; pulled if need be.
Result<KeptImage> obtain_stored_image(const Context& context,
                                      ImageStore& store,
                                      const ImageWish& wish);

// A container of that image, which is kept from being collected until the container has it. Says on
// stderr that it pulls. kNotFound in docker's words.
Result<NewContainer> create_container(const Context& context,
                                      Engine& engine,
                                      const ContainerSpec& spec,
                                      const ImageWish& wish);

}  // namespace ikada
