#include "image/store.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "image/store_garbage.h"
#include "image/store_index.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/clock.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

std::string index_path(const std::string& root) { return root + "/images/index.json"; }

Result<std::vector<IndexedImage>> read_index(const std::string& root) {
  IK_LET(text, read_file(index_path(root)));
  return parse_store_index(text);
}

Result<UniqueFd> lock_store(const std::string& root) { return lock_file(root + "/images/lock"); }

Result<void> write_index(const std::string& root, const std::vector<IndexedImage>& entries) {
  return write_file_atomically(index_path(root), format_store_index(entries), 0600);
}

Result<void> create_layout(const std::string& root) {
  for (const char* directory :
       {"/images/blobs/sha256", "/images/partial", "/layers/sha256", "/layers/staging"}) {
    IK_TRY(make_directories(root + directory, 0700));
  }
  IK_LET(lock, lock_store(root));
  if (::access(index_path(root).c_str(), F_OK) != 0) IK_TRY(write_index(root, {}));
  // The last, because open() takes it as the sign that all is there.
  return write_file_atomically(
      root + "/images/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", 0600);
}

// The time of a manifest's file is when its image was last used.
Result<void> note_use(const std::string& manifest_path) {
  if (::utimensat(AT_FDCWD, manifest_path.c_str(), nullptr, 0) == 0) return {};
  return errno_error("utimensat {}", manifest_path);
}

bool lists(const std::vector<IndexedImage>& entries, const std::string& id) {
  return std::any_of(entries.begin(), entries.end(), [&](const IndexedImage& entry) {
    return entry.image_id.text() == id;
  });
}

Error no_such_image(std::string_view name) {
  return make_error(ErrorKind::kNotFound, "No such image: {}", name);
}

bool is_hex(std::string_view text) {
  return !text.empty() && text.size() <= Digest::kHexDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The image that a reference names; nullptr if none does.
const StoredImage* find_named(const std::vector<StoredImage>& images, std::string_view name) {
  const Result<Reference> reference = parse_reference(name);
  if (!reference.has_value()) return nullptr;
  const std::string by_digest =
      reference->registry + "/" + reference->repository + "@" + reference->digest;
  const std::string canonical = reference->canonical();
  for (const StoredImage& image : images) {
    const auto& names = reference->digest.empty() ? image.references : image.repo_digests;
    const std::string& wanted = reference->digest.empty() ? canonical : by_digest;
    if (std::find(names.begin(), names.end(), wanted) != names.end()) return &image;
  }
  return nullptr;
}

Result<StoredImage> find_by_id(const std::vector<StoredImage>& images, std::string_view name) {
  const std::string_view hex = name.starts_with("sha256:") ? name.substr(7) : name;
  if (!is_hex(hex)) return no_such_image(name);
  const StoredImage* found = nullptr;
  for (const StoredImage& image : images) {
    if (!std::string_view(image.id).substr(7).starts_with(hex)) continue;
    if (found != nullptr) {
      return make_error(ErrorKind::kInvalid, "image id {} is ambiguous", name);
    }
    found = &image;
  }
  if (found == nullptr) return no_such_image(name);
  return *found;
}

}  // namespace

Result<ImageStore> ImageStore::open(const std::string& root) {
  if (::access((root + "/images/oci-layout").c_str(), F_OK) != 0) {
    IK_TRY(create_layout(root).context("image store"));
  }
  IK_TRY(remove_stale_staging(root).context("image store"));
  return ImageStore(root);
}

bool ImageStore::has_blob(const Digest& digest) const {
  return ::access(blob_path(digest).c_str(), F_OK) == 0;
}

bool ImageStore::has_tree(const Digest& blob) const {
  return ::access(layer_path(blob).c_str(), F_OK) == 0;
}

std::string ImageStore::blob_path(const Digest& digest) const {
  return root_ + "/images/blobs/sha256/" + std::string(digest.hex());
}

std::string ImageStore::layer_path(const Digest& blob) const {
  return root_ + "/layers/sha256/" + std::string(blob.hex());
}

Result<StoredImage> ImageStore::find(std::string_view name) const {
  IK_LET(entries, read_index(root_));
  IK_LET(images, group_images(entries));
  const StoredImage* named = find_named(images, name);
  if (named != nullptr) return *named;
  return find_by_id(images, name);
}

Result<std::vector<StoredImage>> ImageStore::list() const {
  IK_LET(entries, read_index(root_));
  IK_LET(images, group_images(entries));
  std::vector<std::pair<UnixNanos, StoredImage>> dated;
  for (StoredImage& image : images) {
    const Result<ImageConfig> parsed = config(image);
    if (!parsed.has_value()) {
      // It may have been removed since the index was read.
      IK_LET(now, read_index(root_));
      if (!lists(now, image.id)) continue;
      return parsed.error();
    }
    dated.emplace_back(parse_rfc3339(parsed->created).value_or(0), std::move(image));
  }
  std::stable_sort(
      dated.begin(), dated.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<StoredImage> sorted;
  sorted.reserve(dated.size());
  for (auto& item : dated) sorted.push_back(std::move(item.second));
  return sorted;
}

Result<std::string> ImageStore::config_text(const StoredImage& image) const {
  IK_LET(id, Digest::parse(image.id));
  return read_file(blob_path(id), kMaxManifestBytes);
}

Result<ImageConfig> ImageStore::config(const StoredImage& image) const {
  IK_LET(text, config_text(image));
  return parse_image_config(text).context("image {}", image.id);
}

Result<Manifest> ImageStore::manifest(const StoredImage& image) const {
  IK_LET(digest, Digest::parse(image.manifest_digest));
  IK_LET(text, read_file(blob_path(digest), kMaxManifestBytes));
  IK_LET(parsed, parse_manifest(text, "").context("image {}", image.manifest_digest));
  if (!std::holds_alternative<Manifest>(parsed)) {
    return make_error(ErrorKind::kInternal, "{} is not an image", image.manifest_digest);
  }
  return std::get<Manifest>(std::move(parsed));
}

Result<std::vector<std::string>> ImageStore::layer_directories(const StoredImage& image) const {
  IK_LET(parsed, manifest(image));
  std::vector<std::string> directories;
  for (const Descriptor& layer : parsed.layers) {
    std::string path = layer_path(layer.digest);
    char opaque = 0;
    const ssize_t size = ::getxattr(path.c_str(), "trusted.overlay.opaque", &opaque, 1);
    if (size < 0 && errno == ENOENT) {
      return make_error(
          ErrorKind::kNotFound, "layer {} of image {} is missing", layer.digest.text(), image.id);
    }
    // overlayfs does not look for the mark on the root of a layer.
    if (size == 1 && opaque == 'y') directories.clear();
    // A layer twice in an image hides nothing new the second time, and overlayfs refuses it.
    std::erase(directories, path);
    directories.push_back(std::move(path));
  }
  return directories;
}

Result<std::vector<IndexedImage>> ImageStore::names() const { return read_index(root_); }

Result<ImageStore::Added> ImageStore::add(const NewImage& image) {
  IK_LET(lock, lock_store(root_));
  IK_LET(entries, read_index(root_));
  const bool changed = add_entry(entries,
                                 {.manifest = image.manifest,
                                  .image_id = image.config,
                                  .name = image.name,
                                  .source_digest = image.source_digest,
                                  .size_bytes = image.size_bytes});
  // Renames must not be forgotten by a power cut that remembers the index.
  IK_TRY(sync_directory(root_ + "/layers/sha256"));
  IK_TRY(sync_directory(root_ + "/images/blobs/sha256"));
  IK_TRY(note_use(blob_path(image.manifest.digest)));
  IK_TRY(write_index(root_, entries));
  IK_LET(images, group_images(entries));
  for (StoredImage& each : images) {
    if (each.id == image.config.text()) return Added{std::move(each), changed};
  }
  return make_error(ErrorKind::kInternal, "image {} is listed and not found", image.name);
}

Result<void> ImageStore::note_pushed(const Reference& name, const Digest& manifest) {
  IK_LET(lock, lock_store(root_));
  IK_LET(entries, read_index(root_));
  const auto pushed = std::ranges::find(entries, name.canonical(), &IndexedImage::name);
  if (pushed == entries.end() || pushed->manifest.digest != manifest) return {};
  if (pushed->source_digest == manifest.text()) return {};
  pushed->source_digest = manifest.text();
  return write_index(root_, entries);
}

Result<void> ImageStore::tag(const StoredImage& image, const Reference& name) {
  IK_LET(lock, lock_store(root_));
  IK_LET(entries, read_index(root_));
  const auto source = std::find_if(entries.begin(), entries.end(), [&](const IndexedImage& entry) {
    return entry.image_id.text() == image.id;
  });
  if (source == entries.end()) return no_such_image(image.id);
  IndexedImage added = *source;
  added.name = name.canonical();
  added.source_digest.clear();
  add_entry(entries, std::move(added));
  return write_index(root_, entries);
}

Result<ImageStore::Removed> ImageStore::untag(const Reference& name) {
  IK_LET(lock, lock_store(root_));
  IK_LET(entries, read_index(root_));
  IK_LET(before, group_images(entries));
  const StoredImage* image = find_named(before, name.canonical());
  if (image == nullptr) return no_such_image(name.familiar());
  remove_name(entries, name.canonical());
  // A digest is a name of all entries of the repository that have it.
  if (!name.digest.empty()) {
    std::erase_if(entries, [&](const IndexedImage& entry) {
      return entry.image_id.text() == image->id && entry.source_digest == name.digest &&
             repository_of(entry.name) == name.registry + "/" + name.repository;
    });
  }
  IK_LET(after, group_images(entries));
  Removed removed;
  removed.untagged.push_back(name.familiar());
  const auto left = std::find_if(
      after.begin(), after.end(), [&](const StoredImage& other) { return other.id == image->id; });
  for (const std::string& digest : image->repo_digests) {
    if (left != after.end() &&
        std::find(left->repo_digests.begin(), left->repo_digests.end(), digest) !=
            left->repo_digests.end()) {
      continue;
    }
    IK_LET(reference, parse_reference(digest));
    if (reference.familiar() != name.familiar()) removed.untagged.push_back(reference.familiar());
  }
  IK_TRY(write_index(root_, entries));
  if (left != after.end()) return removed;
  removed.deleted.push_back(image->id);
  IK_LET(layers, collect_garbage(*this, entries));
  removed.deleted.insert(removed.deleted.end(), layers.begin(), layers.end());
  return removed;
}

Result<ImageStore::Removed> ImageStore::remove(const StoredImage& image, bool force) {
  IK_LET(lock, lock_store(root_));
  IK_LET(entries, read_index(root_));
  IK_LET(images, group_images(entries));
  const auto found = std::find_if(
      images.begin(), images.end(), [&](const StoredImage& other) { return other.id == image.id; });
  if (found == images.end()) return no_such_image(image.id);
  if (found->references.size() > 1 && !force) {
    return make_error(ErrorKind::kConflict,
                      "conflict: unable to delete {} (must be forced) - image is referenced in "
                      "multiple repositories",
                      found->id.substr(7, 12));
  }
  Removed removed;
  for (const auto& names : {found->references, found->repo_digests}) {
    for (const std::string& name : names) {
      IK_LET(reference, parse_reference(name));
      removed.untagged.push_back(reference.familiar());
    }
  }
  std::erase_if(entries,
                [&](const IndexedImage& entry) { return entry.image_id.text() == image.id; });
  IK_TRY(write_index(root_, entries));
  removed.deleted.push_back(image.id);
  IK_LET(layers, collect_garbage(*this, entries));
  removed.deleted.insert(removed.deleted.end(), layers.begin(), layers.end());
  return removed;
}

Result<ImageStore::Removed> ImageStore::remove_unused(const IsWanted& is_wanted) {
  IK_LET(lock, lock_store(root_));
  IK_LET(entries, read_index(root_));
  IK_LET(removed, unlist_unused(entries, is_wanted));
  IK_LET(layers, collect_garbage(*this, entries));
  std::ranges::copy(layers, std::back_inserter(removed.deleted));
  return removed;
}

Result<ImageStore::Removed> ImageStore::remove_unused_for_room(const IsWanted& is_wanted) {
  IK_LET(lock, lock_store(root_));
  const Result<UniqueFd> alone = lock_out_pulls(root_);
  if (!alone.has_value() && alone.error().kind == ErrorKind::kConflict) return Removed{};
  if (!alone.has_value()) return alone.error();
  IK_LET(entries, read_index(root_));
  IK_LET(removed, unlist_unused(entries, is_wanted));
  IK_LET(layers, collect_garbage_alone(*this, entries));
  std::ranges::copy(layers, std::back_inserter(removed.deleted));
  return removed;
}

Result<ImageStore::Removed> ImageStore::unlist_unused(std::vector<IndexedImage>& entries,
                                                      const IsWanted& is_wanted) {
  IK_LET(images, group_images(entries));
  IK_LET(holds, list_holds(root_));
  const auto is_held = [&](const StoredImage& image) {
    return std::any_of(entries.begin(), entries.end(), [&](const IndexedImage& entry) {
      return entry.image_id.text() == image.id &&
             std::any_of(holds.begin(), holds.end(), [&](const Hold& hold) {
               return hold.manifest == entry.manifest.digest;
             });
    });
  };
  Removed removed;
  for (const StoredImage& image : images) {
    if (is_held(image)) continue;
    IK_LET(wanted, is_wanted(image));
    if (!wanted) continue;
    for (const std::string& name : image.references) {
      IK_LET(reference, parse_reference(name));
      removed.untagged.push_back(reference.familiar());
    }
    std::erase_if(entries,
                  [&](const IndexedImage& entry) { return entry.image_id.text() == image.id; });
    removed.deleted.push_back(image.id);
  }
  IK_TRY(write_index(root_, entries));
  return removed;
}

Result<UnixNanos> ImageStore::last_used(const StoredImage& image) const {
  IK_LET(digest, Digest::parse(image.manifest_digest));
  struct stat status {};
  if (::stat(blob_path(digest).c_str(), &status) != 0) {
    return errno_error("stat {}", blob_path(digest));
  }
  return status.st_mtim.tv_sec * UnixNanos{1'000'000'000} + status.st_mtim.tv_nsec;
}

Result<void> ImageStore::hold(const StoredImage& image, const std::string& container) {
  IK_LET(lock, lock_store(root_));
  IK_LET(entries, read_index(root_));
  const bool listed = std::any_of(entries.begin(), entries.end(), [&](const IndexedImage& entry) {
    return entry.manifest.digest.text() == image.manifest_digest;
  });
  // Unlisted it may still be whole, for a caller who keeps it from being collected.
  if (!listed && !layer_directories(image).has_value()) return no_such_image(image.id);
  IK_LET(manifest, Digest::parse(image.manifest_digest));
  const std::string link = root_ + "/containers/" + container + "/image";
  const std::string target = "../../images/blobs/sha256/" + std::string(manifest.hex());
  if (::symlink(target.c_str(), link.c_str()) != 0 && errno != EEXIST) {
    return errno_error("symlink {}", link);
  }
  return note_use(blob_path(manifest));
}

Result<StoredImage> ImageStore::held_image(const std::string& container) const {
  IK_LET(holds, list_holds(root_));
  for (const Hold& hold : holds) {
    if (hold.container != container) continue;
    StoredImage image{.manifest_digest = hold.manifest.text()};
    IK_LET(parsed, manifest(image));
    image.id = parsed.config.digest.text();
    return image;
  }
  return make_error(ErrorKind::kNotFound, "container {} holds no image", container.substr(0, 12));
}

Result<std::vector<std::string>> ImageStore::holders(const StoredImage& image) const {
  IK_LET(holds, list_holds(root_));
  IK_LET(entries, read_index(root_));
  std::vector<std::string> containers;
  for (Hold& hold : holds) {
    // Another manifest can lead to the same image.
    const bool same = std::any_of(entries.begin(), entries.end(), [&](const IndexedImage& entry) {
      return entry.image_id.text() == image.id && entry.manifest.digest == hold.manifest;
    });
    if (same) containers.push_back(std::move(hold.container));
  }
  return containers;
}

Result<std::vector<std::string>> ImageStore::collect_unneeded() const {
  IK_LET(lock, lock_store(root_));
  IK_LET(entries, read_index(root_));
  return collect_garbage(*this, entries);
}

Result<UniqueFd> ImageStore::begin_pull() const {
  const std::string path = root_ + "/images/pulls.lock";
  IK_LET(fd, open_file(path, O_RDWR | O_CREAT, 0600));
  while (::flock(fd.get(), LOCK_SH) != 0) {
    if (errno != EINTR) return errno_error("lock {}", path);
  }
  return fd;
}

Result<bool> ImageStore::is_busy() const {
  const Result<UniqueFd> alone = lock_out_pulls(root_);
  if (alone.has_value()) return false;
  if (alone.error().kind == ErrorKind::kConflict) return true;
  return alone.error();
}

}  // namespace ikada
