#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

#include "image/tree_attributes.h"
#include "image/tree_tar.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

class TreeSettling {
 public:
  explicit TreeSettling(const TreeTarOptions& options) : options_(options) {}

  Result<void> settle_directory(int fd, const std::string& prefix) {
    IK_TRY(drop_attributes(fd, "/" + prefix));
    IK_LET(names, list_directory("/proc/self/fd/" + std::to_string(fd)));
    for (const std::string& name : names) IK_TRY(settle(fd, name, prefix + name));
    return {};
  }

  std::uint64_t content_bytes() const { return content_bytes_; }

 private:
  Result<void> settle(int parent, const std::string& name, const std::string& path) {
    struct stat status {};
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno_error("stat {}", path);
    }
    if (S_ISSOCK(status.st_mode)) {
      if (::unlinkat(parent, name.c_str(), 0) != 0) return errno_error("unlink {}", path);
      return {};
    }
    if (is_whiteout(status)) return {};
    if (S_ISDIR(status.st_mode)) {
      IK_LET(fd, open_file_at(parent, name, kTreeFileFlags | O_DIRECTORY));
      IK_TRY(settle_directory(fd.get(), path + "/"));
    } else if (S_ISREG(status.st_mode)) {
      if (status.st_nlink == 1 || linked_.insert(status.st_ino).second) {
        content_bytes_ += static_cast<std::uint64_t>(status.st_size);
      }
      IK_LET(fd, open_file_at(parent, name, kTreeFileFlags));
      IK_TRY(drop_attributes(fd.get(), path));
    }
    // The last, because removing a socket changes its directory's time.
    const timespec mtime = {
        std::min(status.st_mtim.tv_sec, options_.latest_mtime_s.value_or(status.st_mtim.tv_sec)),
        0};
    if (mtime.tv_sec == status.st_mtim.tv_sec && status.st_mtim.tv_nsec == 0) return {};
    const timespec times[2] = {mtime, mtime};
    if (::utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno_error("utimensat {}", path);
    }
    return {};
  }

  static Result<void> drop_attributes(int fd, const std::string& path) {
    IK_LET(attributes, read_tree_attributes(fd, path));
    for (const std::string& name : attributes.dropped) {
      if (::fremovexattr(fd, name.c_str()) == 0 || errno == ENODATA) continue;
      // Labels of security modules belong to the host and cannot be taken away.
      if (name.starts_with("security.")) continue;
      return errno_error("removexattr {} of {}", name, path);
    }
    return {};
  }

  const TreeTarOptions& options_;
  std::uint64_t content_bytes_ = 0;
  std::set<ino_t> linked_;  // Files with several names that were counted.
};

}  // namespace

Result<std::uint64_t> settle_tree(int tree_fd, const TreeTarOptions& options) {
  TreeSettling settling(options);
  IK_TRY(settling.settle_directory(tree_fd, ""));
  return settling.content_bytes();
}

}  // namespace ikada
