// An image of the store as the engine takes it.
#pragma once

#include <string>

#include "cluster/engine/engine.h"
#include "image/store.h"

namespace ikada {

// `name` is what `ps` shows. kNotFound if a layer is missing.
Result<EngineImage> load_engine_image(const ImageStore& store,
                                      const StoredImage& image,
                                      const std::string& name);

}  // namespace ikada
