// When images go by themselves: the part `images` of the configuration.
//
//   images:
//     keep_days: 30     # those that no container has used for so long
//     min_free: 10%     # or "5g": when less is free, the longest unused go first, until it is
//
// `ikada image gc` applies it, and a pull, a load or a build that finds too little room
// (image/store_space.h).
//
// Used is an image when it is pulled, loaded or made, and when a container is made of it. Images
// that containers need stay whatever the rules say. Age only decides what may go; what is in use is
// found by looking (image/store_garbage.h), so runs and pulls may go on meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "image/store.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace ikada {

struct ImagePolicy {
  std::optional<std::uint64_t> keep_days = {};
  std::uint64_t min_free_bytes = 0;
  std::uint64_t min_free_percent = 0;

  bool has_floor() const { return min_free_bytes > 0 || min_free_percent > 0; }
};

// kInvalid with the line.
Result<ImagePolicy> parse_image_policy(std::string_view yaml);

// From a file that need not exist.
Result<ImagePolicy> load_image_policy(const std::string& config_path);

// Removes what the policy lets go; with a floor, until `needed_bytes` are free above it. For the
// floor's sake nothing goes while a pull or a build keeps all from being collected.
Result<ImageStore::Removed> apply_image_policy(ImageStore& store,
                                               const ImagePolicy& policy,
                                               UnixNanos now,
                                               std::uint64_t needed_bytes = 0);

}  // namespace ikada
