#include "image/build_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>

#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxEntryBytes = size_t{64} << 10;

std::string cache_directory(const std::string& root) { return root + "/build/cache"; }

Result<CachedStep> read_entry(const std::string& path) {
  IK_LET(text, read_file(path, kMaxEntryBytes));
  IK_LET(json, parse_json(text).context("{}", path));
  CachedStep step;
  std::string diff_id;
  std::string digest;
  JsonReader reader(json, path);
  reader.read("diff_id", diff_id);
  reader.require("created", step.created);
  reader.read("step", step.step);
  JsonReader blob = reader.object("blob");
  blob.read("mediaType", step.blob.media_type);
  blob.read("digest", digest);
  blob.read("size", step.blob.size_bytes);
  IK_TRY(reader.done());
  if (diff_id.empty()) return step;
  IK_LET(parsed_diff_id, Digest::parse(diff_id));
  IK_LET(parsed_digest, Digest::parse(digest));
  step.diff_id = std::move(parsed_diff_id);
  step.blob.digest = std::move(parsed_digest);
  return step;
}

std::string format_entry(const CachedStep& step) {
  Json json = {{"created", step.created}, {"step", step.step}};
  if (!step.diff_id.empty()) {
    json["diff_id"] = step.diff_id.text();
    json["blob"] = {{"mediaType", step.blob.media_type},
                    {"digest", step.blob.digest.text()},
                    {"size", step.blob.size_bytes}};
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// Names of the directory; none if it is not there.
Result<std::vector<std::string>> list_if_there(const std::string& directory) {
  Result<std::vector<std::string>> names = list_directory(directory);
  if (!names.has_value() && names.error().errno_value == ENOENT) return std::vector<std::string>();
  return names;
}

// Builds hold the lock of pulls while they run; nobody's mount is taken from under them.
Result<void> prune_mounts(const std::string& root, std::vector<std::string>& removed) {
  const Result<UniqueFd> alone = lock_file(root + "/images/pulls.lock", false);
  if (!alone.has_value() && alone.error().kind == ErrorKind::kConflict) return {};
  if (!alone.has_value()) return alone.error();
  const std::string directory = cache_mounts_directory(root);
  IK_LET(names, list_if_there(directory));
  for (const std::string& name : names) {
    IK_TRY(remove_tree(fmt::format("{}/{}", directory, name)));
    if (!name.ends_with(".lock")) removed.push_back(name);
  }
  return {};
}

}  // namespace

std::string cache_mounts_directory(const std::string& root) { return root + "/build/mounts"; }

Result<BuildCache> BuildCache::open(const std::string& root) {
  if (!exists(cache_directory(root))) {
    IK_TRY(make_directories(cache_mounts_directory(root), 0700));
    IK_TRY(make_directories(cache_directory(root), 0700));
  }
  return BuildCache(root);
}

std::string BuildCache::path(const Digest& key) const {
  return fmt::format("{}/{}", cache_directory(root_), key.hex());
}

std::optional<CachedStep> BuildCache::find(const Digest& key) const {
  const std::string place = path(key);
  Result<CachedStep> step = read_entry(place);
  if (!step.has_value()) return std::nullopt;
  if (!step->diff_id.empty()) {
    const std::string layer = fmt::format("{}/layers/sha256/{}", root_, step->blob.digest.hex());
    const std::string blob =
        fmt::format("{}/images/blobs/sha256/{}", root_, step->blob.digest.hex());
    if (!exists(layer) || !exists(blob)) return std::nullopt;
  }
  ::utimensat(AT_FDCWD, place.c_str(), nullptr, 0);
  return std::move(*step);
}

Result<void> BuildCache::add(const Digest& key, const CachedStep& step) const {
  // A power cut may take it away again, which costs a step.
  return write_file_atomically(path(key), format_entry(step), 0600, Durability::kVolatile);
}

Result<std::vector<CacheEntry>> list_build_cache(const std::string& root) {
  std::vector<CacheEntry> entries;
  const std::string directory = cache_directory(root);
  IK_LET(names, list_if_there(directory));
  for (std::string& name : names) {
    // Others are files that are being written.
    if (name.size() != Digest::kHexDigits) continue;
    Result<CachedStep> step = read_entry(fmt::format("{}/{}", directory, name));
    if (step.has_value()) entries.push_back({std::move(name), std::move(*step)});
  }
  return entries;
}

Result<std::set<std::string>> list_cached_blobs(const std::string& root) {
  std::set<std::string> blobs;
  IK_LET(entries, list_build_cache(root));
  for (const CacheEntry& entry : entries) {
    if (entry.step.diff_id.empty()) continue;
    blobs.emplace(entry.step.blob.digest.hex());
  }
  return blobs;
}

Result<std::vector<std::string>> prune_build_cache(const std::string& root,
                                                   const BuildCachePruning& pruning) {
  std::vector<std::string> removed;
  const std::string directory = cache_directory(root);
  IK_LET(names, list_if_there(directory));
  const std::int64_t now = ::time(nullptr);
  for (std::string& name : names) {
    const std::string path = fmt::format("{}/{}", directory, name);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) continue;
    if (pruning.unused_s > 0 && status.st_mtim.tv_sec > now - pruning.unused_s) continue;
    if (pruning.dangling) {
      const Result<CachedStep> step = read_entry(path);
      const bool takes_room = step.has_value() && !step->diff_id.empty();
      if (!takes_room || pruning.image_layers.contains(std::string(step->blob.digest.hex())))
        continue;
    }
    if (::unlink(path.c_str()) == 0) removed.push_back(std::move(name));
  }
  if (pruning.mounts) IK_TRY(prune_mounts(root, removed));
  return removed;
}

}  // namespace ikada
