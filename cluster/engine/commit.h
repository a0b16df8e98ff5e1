// A new image from what a container has written.
//
// Source: docker-commit(1).
#pragma once

#include <functional>
#include <string>

#include "cluster/engine/container_record.h"
#include "cluster/engine/layout.h"
#include "image/config.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

struct CommitOptions {
  std::string name = {};  // Canonical; empty for an image without a name.
  std::string author = {};
  std::string message = {};
  std::function<Result<void>(ImageConfig&)> change = {};  // May be empty; called last.
};

// The container's layer on top of its image, with the container's own settings (command,
// environment, labels …) as the image's. The container may run; who does not want half-written
// files pauses it.
Result<StoredImage> commit_container(ImageStore& store,
                                     const EngineLayout& layout,
                                     const ContainerRecord& record,
                                     const CommitOptions& options);

// `config` with the settings of the container.
void apply_container_settings(const ContainerRecord& record, ImageConfig& config);

}  // namespace ikada
