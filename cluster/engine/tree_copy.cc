#include "cluster/engine/tree_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/base/unique_fd.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr int kMaxTreeDepth = 1000;
constexpr std::uint64_t kMqueueMagic = 0x19800202;  // In no header.

class TreeCopy {
 public:
  TreeCopy(const CopyRules& rules, int target_root) : rules_(rules), target_root_(target_root) {}

  // `path` is relative to the top, for hard links and messages.
  Result<void> directory(int source, int target, const std::string& path, int depth);
  Result<void> entry(
      int source, int target_dir, const std::string& name, const std::string& path, int depth);

  // Mode, owner, times and attributes, once its content is there.
  Result<void> finish_directory(int source, int target, const std::string& path);

  std::uint64_t bytes() const { return bytes_; }

 private:
  using Inode = std::pair<dev_t, ino_t>;

  Result<void> regular_file(int source, int target_dir, const std::string& name);
  Result<void> make_directory(
      int source, int target_dir, const std::string& name, const std::string& path, int depth);
  Result<void> make_room(int target_dir, const std::string& name, bool for_directory);
  Result<void> set_owner_and_mode(int target, const struct stat& status);
  Result<void> set_link_owner(int target_dir, const std::string& name, const struct stat& status);
  struct stat owned(const struct stat& status) const;
  bool is_left_out(int directory, dev_t parent_device) const;

  CopyRules rules_;
  int target_root_;
  std::uint64_t bytes_ = 0;
  std::map<Inode, std::string> hard_links_;
};

Result<void> copy_attributes(int source, int target) {
  std::vector<char> names(size_t{64} << 10);
  const ssize_t size = ::flistxattr(source, names.data(), names.size());
  if (size < 0) return errno == ENOTSUP ? Result<void>() : errno_error("list attributes");
  std::vector<char> value(size_t{64} << 10);
  for (const std::string_view name : split({names.data(), static_cast<size_t>(size)}, '\0')) {
    // The overlay's own marks mean nothing outside a layer.
    if (name.empty() || name.starts_with("trusted.overlay.")) continue;
    const std::string key(name);
    const ssize_t length = ::fgetxattr(source, key.c_str(), value.data(), value.size());
    if (length < 0) continue;
    if (::fsetxattr(target, key.c_str(), value.data(), static_cast<size_t>(length), 0) != 0 &&
        errno != ENOTSUP) {
      return errno_error("set attribute {}", key);
    }
  }
  return {};
}

Result<void> copy_symlink(int source, int target_dir, const std::string& name) {
  std::array<char, PATH_MAX> link{};
  const ssize_t size = ::readlinkat(source, "", link.data(), link.size() - 1);
  if (size < 0) return errno_error("readlink {}", name);
  if (::symlinkat(link.data(), target_dir, name.c_str()) != 0) {
    return errno_error("symlink {}", name);
  }
  return {};
}

// What the kernel makes up itself.
bool is_kernel_view(int directory) {
  struct statfs filesystem {};
  if (::fstatfs(directory, &filesystem) != 0) return true;
  constexpr std::array<std::uint64_t, 5> kViews = {
      PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, kMqueueMagic};
  return std::find(kViews.begin(), kViews.end(), static_cast<std::uint64_t>(filesystem.f_type)) !=
         kViews.end();
}

// A descriptor for reading of what an O_PATH descriptor stands for; nobody can have put anything
// else in its place.
Result<UniqueFd> reopen(int fd, int flags) {
  return open_file(fmt::format("/proc/self/fd/{}", fd), flags | O_NONBLOCK | O_NOCTTY);
}

struct stat TreeCopy::owned(const struct stat& status) const {
  struct stat changed = status;
  if (rules_.owner.has_value()) {
    changed.st_uid = rules_.owner->uid;
    changed.st_gid = rules_.owner->gid;
  }
  return changed;
}

// Owner before mode, because chown(2) clears set-user-id.
Result<void> TreeCopy::set_owner_and_mode(int target, const struct stat& status) {
  const struct stat wanted = owned(status);
  if (::fchown(target, wanted.st_uid, wanted.st_gid) != 0) return errno_error("chown");
  if (::fchmod(target, status.st_mode & 07777) != 0) return errno_error("chmod");
  const std::array<timespec, 2> times = {status.st_atim, status.st_mtim};
  if (::futimens(target, times.data()) != 0) return errno_error("set times");
  return {};
}

Result<void> TreeCopy::set_link_owner(int target_dir,
                                      const std::string& name,
                                      const struct stat& status) {
  const struct stat wanted = owned(status);
  if (::fchownat(target_dir, name.c_str(), wanted.st_uid, wanted.st_gid, AT_SYMLINK_NOFOLLOW) !=
      0) {
    return errno_error("chown {}", name);
  }
  const std::array<timespec, 2> times = {status.st_atim, status.st_mtim};
  if (::utimensat(target_dir, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("set times of {}", name);
  }
  return {};
}

// Takes away what is at the target's place, if it may be.
Result<void> TreeCopy::make_room(int target_dir, const std::string& name, bool for_directory) {
  struct stat there {};
  if (!rules_.replaces || ::fstatat(target_dir, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) {
    return {};
  }
  if (S_ISDIR(there.st_mode) && for_directory) return {};
  if (S_ISDIR(there.st_mode)) {
    return make_error(ErrorKind::kConflict, "cannot overwrite directory {} with a file", name);
  }
  if (for_directory) {
    return make_error(ErrorKind::kConflict, "cannot overwrite file {} with a directory", name);
  }
  if (::unlinkat(target_dir, name.c_str(), 0) != 0 && errno != ENOENT) {
    return errno_error("remove {}", name);
  }
  return {};
}

Result<void> TreeCopy::regular_file(int source, int target_dir, const std::string& name) {
  IK_LET(from, reopen(source, O_RDONLY));
  struct stat status {};
  if (::fstat(from.get(), &status) != 0) return errno_error("stat {}", name);
  IK_LET(to, open_file_at(target_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  IK_TRY(copy_file_content(from.get(), to.get()).context("{}", name));
  // chown(2) drops security.capability, so that attributes come after it.
  IK_TRY(set_owner_and_mode(to.get(), status).context("{}", name));
  IK_TRY(copy_attributes(from.get(), to.get()).context("{}", name));
  bytes_ += static_cast<std::uint64_t>(status.st_size);
  return {};
}

bool TreeCopy::is_left_out(int directory, dev_t parent_device) const {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return true;
  if (status.st_dev == parent_device) return false;
  return !rules_.enters_mounts || is_kernel_view(directory);
}

Result<void> TreeCopy::make_directory(
    int source, int target_dir, const std::string& name, const std::string& path, int depth) {
  IK_LET(from, reopen(source, O_RDONLY | O_DIRECTORY));
  const bool is_new = ::mkdirat(target_dir, name.c_str(), 0700) == 0;
  if (!is_new && (errno != EEXIST || !rules_.replaces)) return errno_error("mkdir {}", path);
  IK_LET(to, open_file_at(target_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  IK_TRY(directory(from.get(), to.get(), path, depth + 1));
  // A directory that was there keeps what it is.
  if (!is_new) return {};
  return finish_directory(from.get(), to.get(), path);
}

Result<void> TreeCopy::finish_directory(int source, int target, const std::string& path) {
  struct stat status {};
  if (::fstat(source, &status) != 0) return errno_error("stat {}", path);
  IK_TRY(set_owner_and_mode(target, status).context("{}", path));
  return copy_attributes(source, target).context("{}", path);
}

Result<void> TreeCopy::entry(
    int source, int target_dir, const std::string& name, const std::string& path, int depth) {
  struct stat status {};
  if (::fstat(source, &status) != 0) return errno_error("stat {}", path);
  if (S_ISSOCK(status.st_mode)) return {};
  IK_TRY(make_room(target_dir, name, S_ISDIR(status.st_mode)));
  if (!S_ISDIR(status.st_mode) && status.st_nlink > 1) {
    const auto [first, is_new] = hard_links_.emplace(Inode(status.st_dev, status.st_ino), path);
    if (!is_new) {
      const char* existing = first->second.c_str();
      if (::linkat(target_root_, existing, target_dir, name.c_str(), 0) == 0) return {};
      return errno_error("link {}", path);
    }
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return regular_file(source, target_dir, name);
    case S_IFDIR:
      return make_directory(source, target_dir, name, path, depth);
    case S_IFLNK:
      IK_TRY(copy_symlink(source, target_dir, name));
      return set_link_owner(target_dir, name, status);
    default:
      if (::mknodat(target_dir, name.c_str(), status.st_mode, status.st_rdev) != 0) {
        return errno_error("mknod {}", path);
      }
      return set_link_owner(target_dir, name, status);
  }
}

Result<void> TreeCopy::directory(int source, int target, const std::string& path, int depth) {
  if (depth > kMaxTreeDepth) return make_error(ErrorKind::kInvalid, "{}: nested too deep", path);
  struct stat status {};
  if (::fstat(source, &status) != 0) return errno_error("stat {}", path);
  IK_LET(names, list_directory(fmt::format("/proc/self/fd/{}", source)));
  for (const std::string& name : names) {
    const Result<UniqueFd> below = open_file_at(source, name, O_PATH | O_NOFOLLOW);
    // Gone since the directory was read.
    if (!below.has_value() && below.error().kind == ErrorKind::kNotFound) continue;
    if (!below.has_value()) return below.error();
    struct stat kind {};
    if (::fstat(below->get(), &kind) != 0) return errno_error("stat {}", name);
    if (S_ISDIR(kind.st_mode) && is_left_out(below->get(), status.st_dev)) continue;
    const std::string inner = path.empty() ? name : fmt::format("{}/{}", path, name);
    IK_TRY(entry(below->get(), target, name, inner, depth));
  }
  return {};
}

}  // namespace

Result<std::uint64_t> copy_tree(int source_fd, int target_fd, const CopyRules& rules) {
  TreeCopy copy(rules, target_fd);
  IK_TRY(copy.directory(source_fd, target_fd, "", 0));
  if (!rules.replaces) IK_TRY(copy.finish_directory(source_fd, target_fd, "."));
  return copy.bytes();
}

Result<std::uint64_t> copy_entry(int source_fd,
                                 int target_dir,
                                 const std::string& name,
                                 const CopyRules& rules) {
  TreeCopy copy(rules, target_dir);
  IK_TRY(copy.entry(source_fd, target_dir, name, name, 0));
  return copy.bytes();
}

}  // namespace ikada
