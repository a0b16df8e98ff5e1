#include "image/store_garbage.h"

#include <errno.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

#include "image/build_cache.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

struct Needed {
  std::set<std::string> blobs;   // Hexadecimal, as the files are named.
  std::set<std::string> layers;  // Likewise; also of blobs.
};

Result<void> add_needed(const ImageStore& store, const Digest& manifest_digest, Needed& needed) {
  needed.blobs.emplace(manifest_digest.hex());
  const StoredImage image{.manifest_digest = manifest_digest.text()};
  IK_LET(manifest, store.manifest(image));
  needed.blobs.emplace(manifest.config.digest.hex());
  for (const Descriptor& layer : manifest.layers) {
    needed.blobs.emplace(layer.digest.hex());
    needed.layers.emplace(layer.digest.hex());
  }
  return {};
}

// Names of `directory` that `keep` does not have.
Result<std::vector<std::string>> list_unneeded(const std::string& directory,
                                               const std::set<std::string>& keep) {
  IK_LET(names, list_directory(directory));
  std::erase_if(names, [&](const std::string& name) { return keep.contains(name); });
  return names;
}

}  // namespace

Result<UniqueFd> lock_directory(const std::string& path, bool wait) {
  while (true) {
    IK_TRY(make_directories(path, 0700));
    Result<UniqueFd> fd = open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd.has_value() && fd.error().errno_value == ENOENT) continue;
    if (!fd.has_value()) return fd;
    if (::flock(fd->get(), wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return make_error(ErrorKind::kConflict, "{} is locked", path);
      if (errno == EINTR) continue;
      return errno_error("lock {}", path);
    }
    // The owner before us may have removed it while we waited.
    struct stat ours {};
    struct stat named {};
    if (::fstat(fd->get(), &ours) != 0) return errno_error("stat {}", path);
    if (::lstat(path.c_str(), &named) == 0 && named.st_ino == ours.st_ino) return fd;
  }
}

Result<void> remove_abandoned(const std::string& path) {
  constexpr int kAttempts = 100;
  for (int attempt = 1;; ++attempt) {
    Result<void> removed = remove_tree(path);
    const bool refilled = !removed.has_value() && removed.error().errno_value == ENOTEMPTY;
    if (!refilled || attempt == kAttempts) return removed;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Result<void> remove_stale_staging(const std::string& root) {
  const std::string staging = root + "/layers/staging";
  IK_LET(names, list_directory(staging));
  for (const std::string& name : names) {
    const std::string path = fmt::format("{}/{}", staging, name);
    const Result<UniqueFd> lock = lock_directory(path, false);
    if (lock.has_value()) IK_TRY(remove_abandoned(path));
  }
  return {};
}

Result<std::vector<Hold>> list_holds(const std::string& root) {
  const std::string containers = root + "/containers";
  std::vector<Hold> holds;
  Result<std::vector<std::string>> names = list_directory(containers);
  if (!names.has_value() && names.error().errno_value == ENOENT) return holds;
  if (!names.has_value()) return names.error();
  for (const std::string& name : *names) {
    char target[256];
    const ssize_t size =
        ::readlink(fmt::format("{}/{}/image", containers, name).c_str(), target, sizeof(target));
    if (size <= 0) continue;
    const std::string_view text(target, static_cast<size_t>(size));
    const size_t slash = text.rfind('/');
    Result<Digest> digest = Digest::parse("sha256:" + std::string(text.substr(slash + 1)));
    if (digest.has_value()) holds.push_back({name, std::move(*digest)});
  }
  return holds;
}

Result<std::vector<std::string>> collect_garbage(const ImageStore& store,
                                                 const std::vector<IndexedImage>& entries) {
  const Result<UniqueFd> alone = lock_out_pulls(store.root());
  if (!alone.has_value() && alone.error().kind == ErrorKind::kConflict) {
    return std::vector<std::string>();
  }
  if (!alone.has_value()) return alone.error();
  return collect_garbage_alone(store, entries);
}

Result<UniqueFd> lock_out_pulls(const std::string& root) {
  return lock_file(root + "/images/pulls.lock", false);
}

Result<std::vector<std::string>> collect_garbage_alone(const ImageStore& store,
                                                       const std::vector<IndexedImage>& entries) {
  const std::string& root = store.root();
  Needed needed;
  for (const IndexedImage& entry : entries) {
    IK_TRY(add_needed(store, entry.manifest.digest, needed));
  }
  IK_LET(holds, list_holds(root));
  for (const Hold& hold : holds) {
    Result<void> added = add_needed(store, hold.manifest, needed);
    // A link that somebody else made, to nothing of ours, must not stop every removal.
    if (!added.has_value() && added.error().kind != ErrorKind::kNotFound) return added.error();
  }

  IK_LET(cached, list_cached_blobs(root));
  needed.layers.insert(cached.begin(), cached.end());
  needed.blobs.merge(cached);

  // Files first: on a full disk there may be no room for the trash otherwise.
  IK_LET(blobs, list_unneeded(root + "/images/blobs/sha256", needed.blobs));
  for (const std::string& hex : blobs)
    IK_TRY(remove_tree(fmt::format("{}/images/blobs/sha256/{}", root, hex)));
  IK_LET(partials, list_unneeded(root + "/images/partial", {}));
  for (const std::string& hex : partials)
    IK_TRY(remove_tree(fmt::format("{}/images/partial/{}", root, hex)));

  // Layers leave their place by one rename each, so that a kill in the middle of the removal leaves
  // no part of one there; the rest is staging like any other.
  IK_LET(layers, list_unneeded(root + "/layers/sha256", needed.layers));
  const std::string trash = root + "/layers/staging/" + random_hex(8);
  std::vector<std::string> removed;
  if (!layers.empty()) {
    IK_LET(lock, lock_directory(trash, true));
    for (const std::string& hex : layers) {
      const std::string from = fmt::format("{}/layers/sha256/{}", root, hex);
      if (::rename(from.c_str(), fmt::format("{}/{}", trash, hex).c_str()) != 0) {
        return errno_error("rename {}", from);
      }
      removed.push_back("sha256:" + hex);
    }
    IK_TRY(remove_tree(trash));
  }
  return removed;
}

}  // namespace ikada
