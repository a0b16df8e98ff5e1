// Layers put together by the kernel for the time of one step: to look at, or to be changed.
//
// All mounts are made in a mount namespace of this process's own, which enter_private_mounts()
// enters: they are never seen by others and are gone with the process, whatever ends it.
//
// Source: Linux Documentation/filesystems/overlayfs.rst; mount_namespaces(7), mount(2).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// For the calling thread and those it starts later. Descriptors opened before belong to the old
// namespace: open again what is to be a source of a mount.
Result<void> enter_private_mounts();

// A tree, mounted as long as this lives. In one that has left its place the kernel does not follow
// an absolute symlink with ".." in it (EAGAIN for ever).
class MergedTree {
 public:
  // `mount_point` is empty if nothing is mounted for it.
  MergedTree(UniqueFd root, std::string mount_point)
      : root_(std::move(root)), mount_point_(std::move(mount_point)) {}
  MergedTree(MergedTree&& other) noexcept
      : root_(std::move(other.root_)), mount_point_(std::exchange(other.mount_point_, {})) {}
  MergedTree& operator=(MergedTree&&) = delete;
  ~MergedTree();

  int fd() const { return root_.get(); }

 private:
  UniqueFd root_;
  std::string mount_point_;
};

// The layers (lowest first, at least one) for reading. `mount_point` is an empty directory.
Result<MergedTree> open_merged(const std::vector<std::string>& layers,
                               const std::string& mount_point);

// The same with changes going to `upper`, which is the tree itself if there are no layers. `work`
// is an empty directory on the same file system.
struct WritableTree {
  std::vector<std::string> layers;
  std::string upper;
  std::string work;
  std::string mount_point;
};
Result<MergedTree> open_writable(const WritableTree& tree);

// Mounts changes to the directory `lower_fd` over `tree.mount_point`, and leaves it mounted there.
Result<void> mount_writable_copy(int lower_fd, const WritableTree& tree);

}  // namespace ikada
