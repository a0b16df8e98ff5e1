#include "image/store_space.h"

#include <errno.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "image/build_cache.h"
#include "runtime/base/clock.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr std::int64_t kCacheUnusedSeconds = 86'400;

// Of the images that no container has. Layers that several have count for each.
Result<std::uint64_t> removable_bytes(const ImageStore& store) {
  IK_LET(images, store.list());
  std::uint64_t total = 0;
  for (const StoredImage& image : images) {
    IK_LET(holders, store.holders(image));
    if (holders.empty()) total += image.size_bytes;
  }
  // Their blobs are there, too, and are seldom larger.
  return 2 * total;
}

}  // namespace

Result<std::uint64_t> free_bytes(const ImageStore& store) {
  struct statvfs disk {};
  if (::statvfs(store.root().c_str(), &disk) != 0) return errno_error("statvfs {}", store.root());
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

bool is_out_of_space(const Error& error) {
  return error.code == "NO_SPACE" || error.errno_value == ENOSPC || error.errno_value == EDQUOT;
}

Error with_space_code(Error error) {
  if (is_out_of_space(error)) error.code = "NO_SPACE";
  return error;
}

Result<void> check_room(const ImageStore& store,
                        std::uint64_t needed_bytes,
                        std::uint64_t floor_bytes) {
  IK_LET(available, free_bytes(store));
  if (available >= floor_bytes && available - floor_bytes >= needed_bytes) return {};
  Error error = make_error(ErrorKind::kSystem,
                           "at least {} are needed below {}, where {} are free: No space left on "
                           "device",
                           format_decimal_size(needed_bytes),
                           store.root(),
                           format_decimal_size(available));
  error.errno_value = ENOSPC;
  error.code = "NO_SPACE";
  return error;
}

Result<std::uint64_t> floor_bytes(const ImageStore& store, const ImagePolicy& policy) {
  if (!policy.has_floor()) return std::uint64_t{0};
  struct statvfs disk {};
  if (::statvfs(store.root().c_str(), &disk) != 0) return errno_error("statvfs {}", store.root());
  const std::uint64_t total = std::uint64_t{disk.f_blocks} * disk.f_frsize;
  return std::max(policy.min_free_bytes, total / 100 * policy.min_free_percent);
}

Result<void> make_room(ImageStore& store, const ImagePolicy& policy, std::uint64_t needed_bytes) {
  IK_TRY(prune_build_cache(store.root(), {.unused_s = kCacheUnusedSeconds}).map([](auto&&) {}));
  IK_TRY(store.collect_unneeded().map([](auto&&) {}));
  IK_LET(available, free_bytes(store));
  IK_LET(removable, removable_bytes(store));
  if (available + removable < needed_bytes) needed_bytes = 0;
  return apply_image_policy(store, policy, unix_now(), needed_bytes).map([](auto&&) {});
}

}  // namespace ikada
