#include "runtime/mount/copy_up.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdint>

#include "runtime/mount/rooted.h"

namespace ikada {
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kEntriesBytes = 4096;
constexpr size_t kMaxCapabilityBytes = 64;  // struct vfs_ns_cap_data has 24.
constexpr const char* kCapability = "security.capability";

// A record of getdents64(2).
struct Entry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t length;
  std::uint8_t type;
  char name[1];
};

bool is_dot(const char* name) { return ::strcmp(name, ".") == 0 || ::strcmp(name, "..") == 0; }

// One name below a directory: no symlink, no other mount.
int open_name(int dir_fd, const char* name, int flags) {
  return open_below(dir_fd, name, flags | O_NOFOLLOW);
}

// An owner that the user namespace does not know cannot be given.
int set_owner(int dir_fd, const char* name, const struct stat& status) {
  if (::fchownat(dir_fd, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) == 0) return 0;
  return errno == EINVAL || errno == EPERM ? 0 : -errno;
}

int set_times(int dir_fd, const char* name, const struct stat& status) {
  const timespec times[] = {status.st_atim, status.st_mtim};
  return ::utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
}

int copy_bytes(int from, int to) {
  constexpr size_t kChunk = size_t{1} << 20;
  while (true) {
    const ssize_t sent = ::sendfile(to, from, nullptr, kChunk);
    if (sent == 0) return 0;
    if (sent < 0 && errno != EINTR) return -errno;
  }
}

int copy_capability(int from, int to) {
  char value[kMaxCapabilityBytes];
  const ssize_t length = ::fgetxattr(from, kCapability, value, sizeof(value));
  if (length < 0) return 0;
  if (::fsetxattr(to, kCapability, value, static_cast<size_t>(length), 0) == 0) return 0;
  return errno == EPERM || errno == ENOTSUP ? 0 : -errno;
}

int copy_open_file(int from, int to_dir, const char* name, const struct stat& status) {
  const int to = ::openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (to < 0) return -errno;
  int result = copy_bytes(from, to);
  if (result == 0) result = set_owner(to_dir, name, status);
  // After the owner, whose change takes set-user-ID and capabilities away.
  if (result == 0 && ::fchmod(to, status.st_mode & 07777) != 0) result = -errno;
  if (result == 0) result = copy_capability(from, to);
  ::close(to);
  return result == 0 ? set_times(to_dir, name, status) : result;
}

int copy_file(int from_dir, int to_dir, const char* name) {
  const int from = open_name(from_dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  // A file with another mounted on it.
  if (from == -EXDEV) return 0;
  if (from < 0) return from;
  struct stat status {};
  int result = ::fstat(from, &status) == 0 ? 0 : -errno;
  // Something else has taken its place: it is passed over like what comes and goes.
  if (result == 0 && S_ISREG(status.st_mode)) result = copy_open_file(from, to_dir, name, status);
  ::close(from);
  return result;
}

int copy_symlink(int from_dir, int to_dir, const char* name, const struct stat& status) {
  char target[4096];
  const ssize_t length = ::readlinkat(from_dir, name, target, sizeof(target) - 1);
  if (length < 0) return errno == EINVAL ? 0 : -errno;
  target[length] = '\0';
  if (::symlinkat(target, to_dir, name) != 0) return -errno;
  const int result = set_owner(to_dir, name, status);
  return result == 0 ? set_times(to_dir, name, status) : result;
}

// A fifo, socket or device. A user namespace makes no devices.
int copy_node(int to_dir, const char* name, const struct stat& status) {
  if (::mknodat(to_dir, name, status.st_mode, status.st_rdev) != 0) {
    return errno == EPERM ? 0 : -errno;
  }
  const int result = set_owner(to_dir, name, status);
  return result == 0 ? set_times(to_dir, name, status) : result;
}

int copy_entries(int from, int to, int depth);

int copy_directory(int from_dir, int to_dir, const char* name, int depth) {
  if (depth >= kMaxDepth) return -ELOOP;
  if (::mkdirat(to_dir, name, 0700) != 0) return -errno;
  const int to = open_name(to_dir, name, O_RDONLY | O_DIRECTORY);
  if (to < 0) return to;
  const int from = open_name(from_dir, name, O_RDONLY | O_DIRECTORY);
  struct stat status {};
  int result = from < 0 ? from : copy_entries(from, to, depth + 1);
  if (result == 0 && ::fstat(from, &status) != 0) result = -errno;
  if (result == 0) result = set_owner(to_dir, name, status);
  if (result == 0 && ::fchmod(to, status.st_mode & 07777) != 0) result = -errno;
  if (result == 0) result = set_times(to_dir, name, status);
  if (from >= 0) ::close(from);
  ::close(to);
  // The place of a mount, which stays an empty directory.
  return result == -EXDEV ? 0 : result;
}

int copy_entry(int from, int to, const char* name, int depth) {
  struct stat status {};
  if (::fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? 0 : -errno;
  }
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR:
      return copy_directory(from, to, name, depth);
    case S_IFREG:
      return copy_file(from, to, name);
    case S_IFLNK:
      return copy_symlink(from, to, name, status);
    default:
      return copy_node(to, name, status);
  }
}

int copy_entries(int from, int to, int depth) {
  alignas(Entry) char bytes[kEntriesBytes];
  while (true) {
    const long got = ::syscall(SYS_getdents64, from, bytes, sizeof(bytes));
    if (got <= 0) return got == 0 ? 0 : -errno;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const Entry*>(bytes + at);
      at += entry->length;
      if (is_dot(entry->name)) continue;
      const int result = copy_entry(from, to, entry->name, depth);
      if (result < 0) return result;
    }
  }
}

int take_on_mode_and_times(int from, int to) {
  struct stat status {};
  if (::fstat(from, &status) != 0) return -errno;
  if (::fchown(to, status.st_uid, status.st_gid) != 0 && errno != EINVAL && errno != EPERM) {
    return -errno;
  }
  if (::fchmod(to, status.st_mode & 07777) != 0) return -errno;
  const timespec times[] = {status.st_atim, status.st_mtim};
  return ::futimens(to, times) == 0 ? 0 : -errno;
}

}  // namespace

int copy_up(int from_fd, int to_fd, bool keeps_mode) {
  // O_PATH descriptors cannot be read from.
  const int from = ::openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (from < 0) return -errno;
  const int to = ::openat(to_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result = to < 0 ? -errno : copy_entries(from, to, 0);
  if (result == 0 && !keeps_mode) result = take_on_mode_and_times(from, to);
  ::close(from);
  if (to >= 0) ::close(to);
  return result;
}

}  // namespace ikada
