// Volumes: directories that outlive containers, ROOT/volumes/NAME/_data, and volume.json beside it:
//
//   {"created": NANOSECONDS, "anonymous": true, "labels": {"key": "value"}}
//
// A volume is in use while a container's record names it, whether that container runs or not.
//
// A new volume takes over what the image has at the place where it is first mounted; one that has
// been used is never overwritten. Image paths are looked up inside the image's own tree and cannot
// leave it (CVE-2022-23648).
//
// Source: docker-volume(1); docker-run(1), --volume.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/engine/image_files.h"
#include "cluster/engine/layout.h"
#include "runtime/base/clock.h"
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

struct LocalVolume {
  std::string name = {};
  std::string data = {};  // The directory that is mounted.
  UnixNanos created = 0;
  bool anonymous = false;  // Nobody gave it a name.
  std::map<std::string, std::string> labels = {};
};

// Makes an empty volume; one that exists stays as it is.
Result<void> create_volume(const EngineLayout& layout, const LocalVolume& volume);

// kNotFound in docker's words.
Result<LocalVolume> find_volume(const EngineLayout& layout, const std::string& name);

// Sorted by name.
Result<std::vector<LocalVolume>> list_volumes(const EngineLayout& layout);

// Which containers name which volume: ids by the volume's name.
Result<std::map<std::string, std::vector<std::string>>> find_volume_users(
    const EngineLayout& layout);

// Removes one that no container names: kConflict in docker's words otherwise, kNotFound if there is
// none.
Result<void> remove_unused_volume(const EngineLayout& layout, const std::string& name);

// A volume's regular files together.
std::uint64_t measure_volume(const LocalVolume& volume);

// A missing volume is not an error.
Result<void> remove_volume(const EngineLayout& layout, const std::string& name);

}  // namespace ikada
