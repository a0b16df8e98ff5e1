// Writes the entries of one layer below a directory that nobody else can reach.
//
// Every name is resolved by descriptor with the directory as root, so that no symlink, "..", hard
// link or magic link of the layer leads outside; metadata is set on what was made, never through a
// name that is followed. Whiteouts become overlayfs's: character devices 0:0, and
// trusted.overlay.opaque on directories.
//
// The process must have umask 0. finish() sets what later entries would have changed: times of
// directories. Nothing is synced here.
//
// Source: OCI image-spec 1.1, layer.md; Linux Documentation/filesystems/overlayfs.rst.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "image/layer_path.h"
#include "image/tar_reader.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct LayerLimits {
  std::uint64_t max_bytes = std::uint64_t{10} << 30;  // Of content, holes included.
  std::uint64_t max_entries = 2'000'000;
};

// Sets overlayfs's trusted.overlay.opaque, which takes CAP_SYS_ADMIN.
Result<void> mark_opaque(int directory);

class LayerTree {
 public:
  // The content of the current file, piece by piece, until nullopt.
  using Blocks = std::function<Result<std::optional<TarBlock>>()>;

  // Makes an open directory opaque: mark_opaque(), or a request to a process that may.
  using MarkOpaque = std::function<Result<void>(int directory)>;

  // `root` is an open directory, empty, of mode 0755.
  LayerTree(UniqueFd root, LayerLimits limits, MarkOpaque mark);

  // kInvalid with codes LAYER_PATH_INVALID, LAYER_PATH_ESCAPE, LAYER_LINK_INVALID,
  // LAYER_WHITEOUT_INVALID, LAYER_DEVICE_FORBIDDEN, LAYER_XATTR_FORBIDDEN, LAYER_TOO_LARGE,
  // LAYER_BUDGET_EXCEEDED; kSystem, with ENOSPC for a full disk.
  Result<void> add(const TarEntry& entry, const Blocks& blocks);

  Result<void> finish();

  std::uint64_t content_bytes() const { return content_bytes_; }

 private:
  struct DirectoryTimes {
    timespec mtime;
    mode_t mode;
  };

  Result<void> spend(std::uint64_t bytes, const TarEntry& entry);
  Result<int> parent_fd(const std::string& path);
  Result<UniqueFd> make_parents(const std::string& path);
  Result<void> make_parent(int directory,
                           const std::string& name,
                           const std::string& done,
                           const std::string& path);
  Result<void> remember(const std::string& path, const TarEntry& entry);
  Result<void> clear_place(int parent, const LayerPath& path, bool keep_directory, bool& whiteout);
  Result<void> add_entry(const LayerPath& path, const TarEntry& entry, const Blocks& blocks);
  Result<void> add_root(const TarEntry& entry);
  Result<void> add_directory(int parent, const LayerPath& path, const TarEntry& entry);
  Result<void> add_file(int parent,
                        const LayerPath& path,
                        const TarEntry& entry,
                        const Blocks& blocks);
  Result<void> add_symlink(int parent, const LayerPath& path, const TarEntry& entry);
  Result<void> add_hard_link(int parent, const LayerPath& path, const TarEntry& entry);
  Result<void> add_node(int parent, const LayerPath& path, const TarEntry& entry);
  Result<void> add_whiteout(const LayerPath& path);
  Result<void> set_opaque(const std::string& path);

  UniqueFd root_;
  LayerLimits limits_;
  MarkOpaque mark_opaque_;
  std::uint64_t content_bytes_ = 0;
  std::uint64_t entries_ = 0;
  // Tars list a directory's content together, so the last parent is nearly always the next one.
  std::string cached_parent_;
  UniqueFd cached_fd_;
  std::map<std::string, DirectoryTimes> directories_;  // By path; set at the end.
  std::uint64_t remembered_bytes_ = 0;                 // What they take.
};

}  // namespace ikada
