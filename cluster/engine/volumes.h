// Volumes: directories that outlive containers, ROOT/volumes/NAME/_data.
//
// A new volume takes over what the image has at the place where it is first mounted; one that has
// been used is never overwritten. Image paths are looked up inside the image's own tree and cannot
// leave it (CVE-2022-23648).
//
// Source: docker-volume(1); docker-run(1), --volume.
#pragma once

#include <string>
#include <string_view>

#include "cluster/engine/image_files.h"
#include "cluster/engine/layout.h"
#include "runtime/base/result.h"

namespace ikada {

// Letters, digits, '_', '.', '-', beginning with a letter or digit. kInvalid in docker's words.
Result<void> check_volume_name(std::string_view name);

struct VolumeWish {
  std::string name = {};
  std::string destination = {};  // In the image, for what it holds there.
  bool copy = true;
  bool anonymous = false;
};

// Makes the volume if it does not exist; if it is empty and copying is wanted, fills it from
// `image`. Two commands at once do not fill it twice. True if it was made now.
Result<bool> prepare_volume(const EngineLayout& layout, const VolumeWish& wish, ImageFiles& image);

// A missing volume is not an error.
Result<void> remove_volume(const EngineLayout& layout, const std::string& name);

}  // namespace ikada
