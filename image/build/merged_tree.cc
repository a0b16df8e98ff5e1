#include "image/build/merged_tree.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxMountData = 4095;  // mount(2): one page with its NUL.

// Short names for the layers, because the page has to hold all of them.
class LowerDirectories {
 public:
  Result<void> add(const std::string& path) {
    IK_LET(fd, open_file(path, O_PATH | O_DIRECTORY));
    add(fd.get());
    held_.push_back(std::move(fd));
    return {};
  }

  void add(int fd) { text_ += fmt::format("{}/proc/self/fd/{}", text_.empty() ? "" : ":", fd); }

  const std::string& text() const { return text_; }

 private:
  std::vector<UniqueFd> held_;
  std::string text_;
};

Result<LowerDirectories> open_lowers(const std::vector<std::string>& layers) {
  LowerDirectories lowers;
  // overlayfs wants the topmost layer first.
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) IK_TRY(lowers.add(*layer));
  return lowers;
}

Result<void> mount_overlay(const std::string& data, const std::string& at, unsigned long flags) {
  if (data.size() > kMaxMountData) {
    return make_error(ErrorKind::kInvalid, "too many layers for one overlay");
  }
  if (::mount("overlay", at.c_str(), "overlay", flags, data.c_str()) != 0) {
    return errno_error("mount overlay at {}", at);
  }
  return {};
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

std::string writable_data(const std::string& lowers, const WritableTree& tree) {
  // Nothing here has to survive a power cut before the image is listed; without "volatile" each
  // unmount would wait for the whole file system to be written.
  return fmt::format("lowerdir={},upperdir={},workdir={},volatile", lowers, tree.upper, tree.work);
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
  IK_TRY(mount_overlay("lowerdir=" + lowers.text(), mount_point, MS_RDONLY | MS_NODEV));
  return open_mounted(mount_point);
}

Result<MergedTree> open_writable(const WritableTree& tree) {
  if (tree.layers.empty()) return open_plain(tree.upper);
  IK_LET(lowers, open_lowers(tree.layers));
  IK_TRY(mount_overlay(writable_data(lowers.text(), tree), tree.mount_point, MS_NODEV));
  return open_mounted(tree.mount_point);
}

Result<void> mount_writable_copy(int lower_fd, const WritableTree& tree) {
  LowerDirectories lowers;
  lowers.add(lower_fd);
  return mount_overlay(writable_data(lowers.text(), tree), tree.mount_point, MS_NODEV | MS_NOSUID);
}

}  // namespace ikada
