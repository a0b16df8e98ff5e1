#include "image/build/merged_tree.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/overlay.h"

namespace ikada {
namespace {

// Short names for the layers, so that many of them fit into mount(2)'s page.
class LowerDirectories {
 public:
  Result<void> add(const std::string& path) {
    IK_LET(fd, open_file(path, O_PATH | O_DIRECTORY));
    add(fd.get());
    held_.push_back(std::move(fd));
    return {};
  }

  void add(int fd) { names_.push_back(fmt::format("/proc/self/fd/{}", fd)); }

  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<UniqueFd> held_;
  std::vector<std::string> names_;
};

Result<LowerDirectories> open_lowers(const std::vector<std::string>& layers) {
  LowerDirectories lowers;
  // overlayfs wants the topmost layer first.
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) IK_TRY(lowers.add(*layer));
  return lowers;
}

// As mount(2) wants it.
std::string join_options(const Overlay& overlay) {
  std::string data = "lowerdir=" + join(overlay.lowers, ":");
  for (const auto& [name, value] : overlay.parameters) {
    data += fmt::format(",{}{}{}", name, value.empty() ? "" : "=", value);
  }
  return data;
}

Result<void> mount_overlay(const Overlay& overlay, const std::string& at, unsigned attributes) {
  const std::string data = join_options(overlay);
  if (data.size() <= kMaxMountData) {
    unsigned long flags = MS_NODEV;
    if ((attributes & MOUNT_ATTR_RDONLY) != 0) flags |= MS_RDONLY;
    if ((attributes & MOUNT_ATTR_NOSUID) != 0) flags |= MS_NOSUID;
    if (::mount("overlay", at.c_str(), "overlay", flags, data.c_str()) == 0) return {};
    return errno_error("mount overlay at {}", at);
  }
  const int fd = create_overlay(overlay, attributes | MOUNT_ATTR_NODEV);
  if (fd < 0) {
    return errno_error_from(
        -fd, fmt::format("mount an overlay of {} layers at {}", overlay.lowers.size(), at));
  }
  const UniqueFd tree(fd);
  if (::move_mount(tree.get(), "", AT_FDCWD, at.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0) return {};
  return errno_error("move_mount to {}", at);
}

Result<MergedTree> open_plain(const std::string& path) {
  IK_LET(root, open_file(path, O_RDONLY | O_DIRECTORY));
  return MergedTree(std::move(root), "");
}

Result<MergedTree> open_mounted(const std::string& mount_point) {
  Result<UniqueFd> root = open_file(mount_point, O_RDONLY | O_DIRECTORY);
  MergedTree tree(root.has_value() ? std::move(*root) : UniqueFd(), mount_point);
  if (!root.has_value()) return std::move(root.error());
  return tree;
}

Overlay writable_overlay(const LowerDirectories& lowers, const WritableTree& tree) {
  // Nothing here has to survive a power cut before the image is listed; without "volatile" each
  // unmount would wait for the whole file system to be written.
  return {.lowers = lowers.names(),
          .parameters = {{"upperdir", tree.upper}, {"workdir", tree.work}, {"volatile", ""}}};
}

}  // namespace

Result<void> enter_private_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) return errno_error("unshare mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return errno_error("make mounts private");
  }
  return {};
}

MergedTree::~MergedTree() {
  root_.reset();
  if (!mount_point_.empty()) ::umount2(mount_point_.c_str(), MNT_DETACH);
}

Result<MergedTree> open_merged(const std::vector<std::string>& layers,
                               const std::string& mount_point) {
  // overlayfs wants two lower directories when there is no upper; one needs no overlay.
  if (layers.size() == 1) return open_plain(layers[0]);
  IK_LET(lowers, open_lowers(layers));
  IK_TRY(mount_overlay({.lowers = lowers.names()}, mount_point, MOUNT_ATTR_RDONLY));
  return open_mounted(mount_point);
}

Result<MergedTree> open_writable(const WritableTree& tree) {
  if (tree.layers.empty()) return open_plain(tree.upper);
  IK_LET(lowers, open_lowers(tree.layers));
  IK_TRY(mount_overlay(writable_overlay(lowers, tree), tree.mount_point, 0));
  return open_mounted(tree.mount_point);
}

Result<void> mount_writable_copy(int lower_fd, const WritableTree& tree) {
  LowerDirectories lowers;
  lowers.add(lower_fd);
  return mount_overlay(writable_overlay(lowers, tree), tree.mount_point, MOUNT_ATTR_NOSUID);
}

}  // namespace ikada
