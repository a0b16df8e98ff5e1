#include "cluster/engine/engine_image.h"

namespace ikada {

Result<EngineImage> load_engine_image(const ImageStore& store,
                                      const StoredImage& image,
                                      const std::string& name) {
  IK_LET(config, store.config(image));
  IK_LET(layers, store.layer_directories(image));
  return EngineImage{.id = image.id,
                     .name = name,
                     .config = std::move(config),
                     .layers = std::move(layers),
                     .manifest_digest = image.manifest_digest};
}

}  // namespace ikada
