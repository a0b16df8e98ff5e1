// The image of a new container: found in the store, or pulled.
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

// The image in the store; pulled if need be.
Result<StoredImage> obtain_stored_image(const Context& context,
                                        ImageStore& store,
                                        const ImageWish& wish);

// Says on stderr that it pulls. kNotFound in docker's words.
Result<EngineImage> obtain_image(const Context& context, const ImageWish& wish);

}  // namespace ikada
