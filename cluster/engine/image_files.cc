#include "cluster/engine/image_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <thread>

#include "image/build/merged_tree.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/overlay.h"

namespace ikada {
namespace {

// A regular file known by an O_PATH descriptor, opened for reading: a FIFO or device is never
// opened, because that alone can wait or act.
Result<std::string> read_regular(int path_fd, const std::string& path, size_t max_bytes) {
  struct stat status {};
  if (::fstat(path_fd, &status) != 0) return errno_error("stat {}", path);
  if (!S_ISREG(status.st_mode)) return std::string();
  IK_LET(fd, open_file(fmt::format("/proc/self/fd/{}", path_fd), O_RDONLY | O_NOCTTY));
  return read_fd(fd.get(), max_bytes).context("{}", path);
}

enum class Found { kNothing, kHidden, kSymlink, kFile };

// Looks for `path` in one layer. kHidden: this layer says that lower ones do not count.
Found look_up(int layer, const std::string& path, UniqueFd& file) {
  std::string prefix;
  const std::vector<std::string_view> parts = split(path, '/');
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty()) continue;
    prefix += '/';
    prefix += parts[i];
    // Every part before was a directory and no symbolic link, so this cannot leave the layer.
    Result<UniqueFd> fd = open_in_root(layer, prefix, O_PATH | O_NOFOLLOW);
    if (!fd.has_value()) return Found::kNothing;
    struct stat status {};
    if (::fstat(fd->get(), &status) != 0) return Found::kNothing;
    if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0)) return Found::kHidden;
    if (S_ISLNK(status.st_mode)) return Found::kSymlink;
    if (i + 1 == parts.size()) {
      file = std::move(fd.value());
      return Found::kFile;
    }
    if (!S_ISDIR(status.st_mode)) return Found::kHidden;
  }
  return Found::kNothing;
}

// True if a directory on the way to `path` is opaque in this layer.
bool is_opaque(int layer, const std::string& path) {
  std::string prefix;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty()) continue;
    prefix += '/';
    prefix += part;
    const Result<UniqueFd> fd = open_in_root(layer, prefix, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd.has_value()) return false;
    char value = 0;
    if (::fgetxattr(fd->get(), "trusted.overlay.opaque", &value, 1) == 1 && value == 'y') {
      return true;
    }
  }
  return false;
}

// mount(2) needs a place, and a mount namespace of our own that has it.
Result<UniqueFd> merge_in_own_namespace(const std::vector<std::string>& layers) {
  IK_TRY(enter_private_mounts());
  IK_LET(tree, open_merged(layers, layers.front()));
  constexpr unsigned kFlags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
  UniqueFd copy(::open_tree(tree.fd(), "", kFlags));
  if (!copy) return errno_error("open_tree overlay");
  return copy;
}

// A read-only overlay that is attached nowhere and dies with its descriptor.
Result<UniqueFd> mount_detached_overlay(const std::vector<std::string>& layers) {
  const Overlay overlay{.lowers = {layers.rbegin(), layers.rend()}};
  const int fd = create_overlay(overlay, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
  if (fd >= 0) return UniqueFd(fd);
  if (fd != -EINVAL) return errno_error_from(-fd, "create overlay");
  // Until Linux 6.8: only mount(2) takes more than a few layers.
  Result<UniqueFd> merged = UniqueFd();
  std::thread([&] { merged = merge_in_own_namespace(layers); }).join();
  return merged;
}

}  // namespace

Result<std::string> read_file_in_root(int root_fd, const std::string& path, size_t max_bytes) {
  const Result<UniqueFd> fd = open_in_root(root_fd, path, O_PATH);
  if (!fd.has_value()) return std::string();
  return read_regular(fd->get(), path, max_bytes);
}

Result<std::optional<std::string>> ImageFiles::read_without_symlinks(const std::string& path,
                                                                     size_t max_bytes) const {
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    IK_LET(root, open_file(*layer, O_PATH | O_DIRECTORY));
    UniqueFd file;
    switch (look_up(root.get(), path, file)) {
      case Found::kHidden:
        return std::string();
      case Found::kSymlink:
        return std::nullopt;
      case Found::kFile: {
        IK_LET(text, read_regular(file.get(), path, max_bytes));
        return text;
      }
      case Found::kNothing:
        if (is_opaque(root.get(), path)) return std::string();
        break;
    }
  }
  return std::string();
}

Result<std::string> ImageFiles::read(const std::string& path, size_t max_bytes) {
  IK_LET(text, read_without_symlinks(path, max_bytes));
  if (text.has_value()) return *text;
  // A link may lead into another layer: only the whole tree can answer.
  IK_LET(root_fd, root());
  return read_file_in_root(root_fd, path, max_bytes);
}

Result<int> ImageFiles::root() {
  if (root_) return root_.get();
  if (layers_.empty()) return make_error(ErrorKind::kInvalid, "the image has no layers");
  // overlayfs wants two lower directories when there is no upper; one needs no overlay.
  Result<UniqueFd> opened = layers_.size() == 1 ? open_file(layers_[0], O_RDONLY | O_DIRECTORY)
                                                : mount_detached_overlay(layers_);
  if (!opened.has_value()) return std::move(opened.error());
  root_ = std::move(opened.value());
  return root_.get();
}

}  // namespace ikada
