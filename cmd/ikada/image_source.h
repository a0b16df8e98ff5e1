// The image of a new container: found in the store, or pulled.
#pragma once

#include <string>

#include "cluster/engine/engine.h"
#include "cmd/ikada/context.h"
#include "runtime/base/result.h"

namespace ikada {

struct ImageWish {
  std::string name;      // As typed.
  std::string pull;      // "always", "missing", "never"
  std::string platform;  // Empty: this host's.
  bool quiet = false;
};

// Says on stderr that it pulls. kNotFound in docker's words.
Result<EngineImage> obtain_image(const Context& context, const ImageWish& wish);

}  // namespace ikada
