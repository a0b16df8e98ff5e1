#include "cluster/engine/tree_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

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

constexpr int kMaxDepth = 1000;

class TreeCopy {
 public:
  TreeCopy(int target_root, dev_t device) : target_root_(target_root), device_(device) {}

  // `path` is the directory's own, relative to the top, for hard links.
  Result<void> directory(int source, int target, const std::string& path, int depth);

 private:
  Result<void> entry(
      int source, int target, const std::string& name, const std::string& path, int depth);
  Result<void> regular_file(int source, int target, const std::string& name);

  int target_root_;
  dev_t device_;
  std::map<ino_t, std::string> hard_links_;
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

// Owner before mode, because chown(2) clears set-user-id.
Result<void> copy_owner_and_mode(int target, const struct stat& status) {
  if (::fchown(target, status.st_uid, status.st_gid) != 0) return errno_error("chown");
  if (::fchmod(target, status.st_mode & 07777) != 0) return errno_error("chmod");
  const std::array<timespec, 2> times = {status.st_atim, status.st_mtim};
  if (::futimens(target, times.data()) != 0) return errno_error("set times");
  return {};
}

Result<void> copy_content(int source, int target) {
  while (true) {
    constexpr size_t kChunk = size_t{1} << 30;
    const ssize_t copied = ::copy_file_range(source, nullptr, target, nullptr, kChunk, 0);
    if (copied == 0) return {};
    if (copied > 0 || errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS) return errno_error("copy");
    std::vector<char> buffer(size_t{256} << 10);
    while (true) {
      const ssize_t got = ::read(source, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("read");
      if (got == 0) return {};
      IK_TRY(write_all(target, {buffer.data(), static_cast<size_t>(got)}));
    }
  }
}

Result<void> copy_symlink(int source, int target, const std::string& name) {
  std::array<char, PATH_MAX> link{};
  const ssize_t size = ::readlinkat(source, name.c_str(), link.data(), link.size() - 1);
  if (size < 0) return errno_error("readlink {}", name);
  if (::symlinkat(link.data(), target, name.c_str()) != 0) return errno_error("symlink {}", name);
  return {};
}

Result<void> set_link_owner(int target, const std::string& name, const struct stat& status) {
  if (::fchownat(target, name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("chown {}", name);
  }
  const std::array<timespec, 2> times = {status.st_atim, status.st_mtim};
  if (::utimensat(target, name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("set times of {}", name);
  }
  return {};
}

Result<void> TreeCopy::regular_file(int source, int target, const std::string& name) {
  IK_LET(from, open_file_at(source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  if (::fstat(from.get(), &status) != 0) return errno_error("stat {}", name);
  if (!S_ISREG(status.st_mode)) return make_error(ErrorKind::kConflict, "{} changed", name);
  IK_LET(to, open_file_at(target, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  IK_TRY(copy_content(from.get(), to.get()).context("{}", name));
  // chown(2) drops security.capability, so that attributes come after it.
  IK_TRY(copy_owner_and_mode(to.get(), status).context("{}", name));
  IK_TRY(copy_attributes(from.get(), to.get()).context("{}", name));
  return {};
}

Result<void> TreeCopy::entry(
    int source, int target, const std::string& name, const std::string& path, int depth) {
  struct stat status {};
  if (::fstatat(source, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error("stat {}", path);
  }
  if (!S_ISDIR(status.st_mode) && status.st_nlink > 1) {
    const auto [first, is_new] = hard_links_.emplace(status.st_ino, path);
    if (!is_new) {
      if (::linkat(target_root_, first->second.c_str(), target, name.c_str(), 0) == 0) return {};
      return errno_error("link {}", path);
    }
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return regular_file(source, target, name);
    case S_IFLNK:
      IK_TRY(copy_symlink(source, target, name));
      return set_link_owner(target, name, status);
    case S_IFDIR: {
      if (status.st_dev != device_) return {};
      IK_LET(from, open_file_at(source, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      if (::mkdirat(target, name.c_str(), 0700) != 0) return errno_error("mkdir {}", path);
      IK_LET(to, open_file_at(target, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      return directory(from.get(), to.get(), path, depth + 1);
    }
    default:
      if (::mknodat(target, name.c_str(), status.st_mode, status.st_rdev) != 0) {
        return errno_error("mknod {}", path);
      }
      return set_link_owner(target, name, status);
  }
}

Result<void> TreeCopy::directory(int source, int target, const std::string& path, int depth) {
  if (depth > kMaxDepth) return make_error(ErrorKind::kInvalid, "{}: nested too deep", path);
  struct stat status {};
  if (::fstat(source, &status) != 0) return errno_error("stat {}", path);
  IK_LET(names, list_directory(fmt::format("/proc/self/fd/{}", source)));
  for (const std::string& name : names) {
    IK_TRY(
        entry(source, target, name, path.empty() ? name : fmt::format("{}/{}", path, name), depth));
  }
  IK_TRY(copy_owner_and_mode(target, status).context("{}", path));
  return copy_attributes(source, target).context("{}", path);
}

}  // namespace

Result<void> copy_tree(int source_fd, int target_fd) {
  struct stat status {};
  if (::fstat(source_fd, &status) != 0) return errno_error("stat");
  return TreeCopy(target_fd, status.st_dev).directory(source_fd, target_fd, "", 0);
}

}  // namespace ikada
