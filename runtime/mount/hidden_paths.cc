#include "runtime/mount/hidden_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/mount/devices.h"
#include "runtime/mount/rooted.h"

namespace ikada {
namespace {

constexpr unsigned kMaskAttributes =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

// Below /proc the look-up starts at the procfs we mounted, so that nothing put in its place since
// can be meant.
int open_hidden(const char* path, const RootView& view) {
  constexpr char kProc[] = "/proc/";
  constexpr size_t kProcLength = sizeof(kProc) - 1;
  if (view.proc_fd >= 0 && ::strncmp(path, kProc, kProcLength) == 0) {
    return open_below(view.proc_fd, path + kProcLength, O_PATH);
  }
  return open_rooted(view.root_fd, path, O_PATH, 0);
}

int copy_mount(int fd, unsigned flags) {
  const int tree = ::open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);
  return tree < 0 ? -errno : tree;
}

// What is put over masked paths, opened when first needed.
struct Masks {
  int null_fd = -1;
  int empty_fd = -1;
};

int mask_file(int target, const RootView& view, Masks& masks) {
  if (masks.null_fd < 0) masks.null_fd = open_null_device(view.root_fd);
  if (masks.null_fd < 0) return masks.null_fd;
  const int tree = copy_mount(masks.null_fd, 0);
  if (tree < 0) return tree;
  const int result = attach_tree(tree, target);
  ::close(tree);
  return result;
}

int mask_directory(int target, Masks& masks) {
  // Until Linux 6.15 only an attached mount can be copied, so the first one is attached itself.
  if (masks.empty_fd < 0) {
    masks.empty_fd = create_filesystem("tmpfs", kMaskAttributes);
    if (masks.empty_fd < 0) return masks.empty_fd;
    return attach_tree(masks.empty_fd, target);
  }
  const int tree = copy_mount(masks.empty_fd, 0);
  if (tree < 0) return tree;
  const int result = attach_tree(tree, target);
  ::close(tree);
  return result;
}

int mask_path(const char* path, const RootView& view, Masks& masks) {
  const int target = open_hidden(path, view);
  if (target == -ENOENT || target == -ENOTDIR) return 0;
  if (target < 0) return target;
  struct stat status {};
  int result = ::fstat(target, &status) == 0 ? 0 : -errno;
  if (result == 0) {
    result =
        S_ISDIR(status.st_mode) ? mask_directory(target, masks) : mask_file(target, view, masks);
  }
  ::close(target);
  return result;
}

int make_readonly(const char* path, const RootView& view) {
  const int target = open_hidden(path, view);
  if (target == -ENOENT || target == -ENOTDIR) return 0;
  if (target < 0) return target;
  const int tree = copy_mount(target, AT_RECURSIVE);
  int result = tree < 0 ? tree : 0;
  if (result == 0) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    constexpr unsigned kFlags = AT_EMPTY_PATH | AT_RECURSIVE;
    if (::mount_setattr(tree, "", kFlags, &attributes, sizeof(attributes)) != 0) result = -errno;
    if (result == 0) result = attach_tree(tree, target);
    ::close(tree);
  }
  ::close(target);
  return result;
}

}  // namespace

int mask_paths(const std::vector<std::string>& paths, const RootView& view, unsigned& item) {
  Masks masks;
  int result = 0;
  for (item = 0; item < paths.size(); ++item) {
    result = mask_path(paths[item].c_str(), view, masks);
    if (result < 0) break;
  }
  if (masks.null_fd >= 0) ::close(masks.null_fd);
  if (masks.empty_fd >= 0) ::close(masks.empty_fd);
  return result;
}

int make_paths_readonly(const std::vector<std::string>& paths,
                        const RootView& view,
                        unsigned& item) {
  for (item = 0; item < paths.size(); ++item) {
    const int result = make_readonly(paths[item].c_str(), view);
    if (result < 0) return result;
  }
  return 0;
}

}  // namespace ikada
