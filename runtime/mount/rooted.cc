#include "runtime/mount/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ikada {
namespace {

constexpr mode_t kDirectoryMode = 0755;

int open_resolved(int dir_fd, const char* path, int flags, std::uint64_t resolve, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = resolve;
  while (true) {
    const long fd = ::syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
    if (fd >= 0) return static_cast<int>(fd);
    // openat2(2): EAGAIN when a rename or mount elsewhere made ".." uncertain.
    if (errno != EAGAIN && errno != EINTR) return -errno;
  }
}

}  // namespace

int open_rooted(int root_fd, const char* path, int flags, std::uint64_t resolve, mode_t mode) {
  return open_resolved(
      root_fd, path, flags, resolve | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, mode);
}

int open_below(int dir_fd, const char* path, int flags) {
  return open_resolved(
      dir_fd, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV, 0);
}

int open_or_make_directory(int root_fd, const char* path, std::uint64_t resolve, mode_t mode) {
  constexpr int kFlags = O_PATH | O_DIRECTORY;
  int fd = open_rooted(root_fd, path, kFlags, resolve);
  if (fd != -ENOENT) return fd;
  // Each prefix is looked up from the root again, so that a symlink or ".." on the way stays
  // inside it.
  char prefix[PATH_MAX];
  const size_t length = ::strlen(path);
  if (length >= sizeof(prefix)) return -ENAMETOOLONG;
  int parent = open_rooted(root_fd, "/", kFlags, resolve);
  size_t start = 0;
  while (parent >= 0) {
    while (path[start] == '/') ++start;
    if (path[start] == '\0') return parent;
    size_t end = start;
    while (path[end] != '\0' && path[end] != '/') ++end;
    ::memcpy(prefix, path, end);
    prefix[end] = '\0';
    fd = open_rooted(root_fd, prefix, kFlags, resolve);
    if (fd == -ENOENT) {
      if (::mkdirat(parent, prefix + start, mode) != 0 && errno != EEXIST) {
        fd = -errno;
      } else {
        fd = open_rooted(root_fd, prefix, kFlags, resolve);
      }
    }
    ::close(parent);
    parent = fd;
    start = end;
  }
  return parent;
}

int open_or_make_file(int root_fd, const char* path, std::uint64_t resolve) {
  int fd = open_rooted(root_fd, path, O_PATH, resolve);
  if (fd != -ENOENT) return fd;
  char parent[PATH_MAX];
  const char* slash = ::strrchr(path, '/');
  const auto length = static_cast<size_t>(slash - path);
  if (length >= sizeof(parent)) return -ENAMETOOLONG;
  ::memcpy(parent, path, length);
  parent[length] = '\0';
  fd = open_or_make_directory(root_fd, length == 0 ? "/" : parent, resolve, kDirectoryMode);
  if (fd < 0) return fd;
  ::close(fd);
  fd = open_rooted(root_fd, path, O_RDONLY | O_CREAT | O_NONBLOCK, resolve, 0644);
  if (fd < 0) return fd;
  ::close(fd);
  return open_rooted(root_fd, path, O_PATH, resolve);
}

}  // namespace ikada
