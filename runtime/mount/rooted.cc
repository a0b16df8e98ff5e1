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

constexpr mode_t kMadeDirectoryMode = 0755;
constexpr int kMaxDanglingLinks = 8;
constexpr int kMaxAttempts = 1000;  // Of a look-up that others' renames disturb.

int open_resolved(int dir_fd, const char* path, int flags, std::uint64_t resolve, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = resolve;
  // openat2(2): EAGAIN when a rename or mount elsewhere made ".." uncertain, for a moment or, in a
  // mount that was taken away lazily, for ever.
  for (int attempt = 1;; ++attempt) {
    const long fd = ::syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
    if (fd >= 0) return static_cast<int>(fd);
    const bool may_try_again = errno == EINTR || (errno == EAGAIN && attempt < kMaxAttempts);
    if (!may_try_again) return -errno;
  }
}

// Where the symlink `path` points, as a path from the root. "LINK'S DIRECTORY/TARGET" is left for
// the next look-up to resolve, which knows what ".." means there.
int read_link_target(int root_fd, const char* path, std::uint64_t resolve, char* target) {
  const int link = open_rooted(root_fd, path, O_PATH | O_NOFOLLOW, resolve);
  if (link < 0) return link;
  const char* slash = ::strrchr(path, '/');
  auto length = static_cast<size_t>(slash - path) + 1;
  ::memcpy(target, path, length);
  const size_t room = PATH_MAX - length;
  const ssize_t size = ::readlinkat(link, "", target + length, room);
  const int error = errno;
  ::close(link);
  if (size < 0) return error == EINVAL ? -ENOENT : -error;
  if (static_cast<size_t>(size) >= room) return -ENAMETOOLONG;
  if (size > 0 && target[length] == '/') {
    ::memmove(target, target + length, static_cast<size_t>(size));
    length = 0;
  }
  target[length + static_cast<size_t>(size)] = '\0';
  return 0;
}

int make_directory(
    int root_fd, const char* path, std::uint64_t resolve, mode_t mode, int links_left);

// The directory that is missing at `prefix`, whose parent is `parent`; a dangling symlink there is
// followed to the place where its target has to be.
int make_component(int root_fd,
                   const char* prefix,
                   int parent,
                   std::uint64_t resolve,
                   mode_t mode,
                   int links_left) {
  if (::mkdirat(parent, ::strrchr(prefix, '/') + 1, mode) != 0 && errno != EEXIST) return -errno;
  const int fd = open_rooted(root_fd, prefix, O_PATH | O_DIRECTORY, resolve);
  if (fd != -ENOENT) return fd;
  if (links_left == 0) return -ELOOP;
  char target[PATH_MAX];
  const int error = read_link_target(root_fd, prefix, resolve, target);
  if (error < 0) return error;
  return make_directory(root_fd, target, resolve, mode, links_left - 1);
}

// Each prefix is looked up from the root again, so that a symlink or ".." on the way stays inside
// it.
int make_directory(
    int root_fd, const char* path, std::uint64_t resolve, mode_t mode, int links_left) {
  constexpr int kFlags = O_PATH | O_DIRECTORY;
  int fd = open_rooted(root_fd, path, kFlags, resolve);
  if (fd != -ENOENT) return fd;
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
    if (fd == -ENOENT) fd = make_component(root_fd, prefix, parent, resolve, mode, links_left);
    ::close(parent);
    parent = fd;
    start = end;
  }
  return parent;
}

int make_file(int root_fd, const char* path, std::uint64_t resolve, int links_left) {
  char other[PATH_MAX];
  const char* slash = ::strrchr(path, '/');
  const auto length = static_cast<size_t>(slash - path);
  if (length >= sizeof(other)) return -ENAMETOOLONG;
  ::memcpy(other, path, length);
  other[length] = '\0';
  int fd = make_directory(
      root_fd, length == 0 ? "/" : other, resolve, kMadeDirectoryMode, kMaxDanglingLinks);
  if (fd < 0) return fd;
  ::close(fd);
  fd = open_rooted(root_fd, path, O_RDONLY | O_CREAT | O_NONBLOCK, resolve, 0644);
  if (fd == -ENOENT) {
    // A symlink into a directory that is missing, too.
    if (links_left == 0) return -ELOOP;
    const int error = read_link_target(root_fd, path, resolve, other);
    return error < 0 ? error : make_file(root_fd, other, resolve, links_left - 1);
  }
  if (fd < 0) return fd;
  ::close(fd);
  return open_rooted(root_fd, path, O_PATH, resolve);
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
  return make_directory(root_fd, path, resolve, mode, kMaxDanglingLinks);
}

int open_or_make_file(int root_fd, const char* path, std::uint64_t resolve) {
  const int fd = open_rooted(root_fd, path, O_PATH, resolve);
  if (fd != -ENOENT) return fd;
  return make_file(root_fd, path, resolve, kMaxDanglingLinks);
}

}  // namespace ikada
