#include "runtime/sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <memory>

#include "runtime/base/random_id.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr int kMaxAttempts = 1000;  // Of a look-up that others' renames disturb.

Result<UniqueFd> open_resolved(
    int dir_fd, const std::string& path, int flags, mode_t mode, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = resolve;
  const char* name = path.empty() ? "." : path.c_str();
  // openat2(2): EAGAIN when a rename or mount elsewhere made ".." uncertain; the caller should try
  // again. In a mount that was taken away lazily it is so for ever.
  for (int attempt = 1;; ++attempt) {
    const long fd = ::syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    const bool may_try_again = errno == EINTR || (errno == EAGAIN && attempt < kMaxAttempts);
    if (!may_try_again) return errno_error("open {}", path);
  }
}

struct DirCloser {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using UniqueDir = std::unique_ptr<DIR, DirCloser>;

bool is_dot(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

Result<std::vector<std::string>> list_directory_fd(UniqueFd fd, const std::string& path) {
  const UniqueDir dir(::fdopendir(fd.get()));
  if (dir == nullptr) return errno_error("read directory {}", path);
  static_cast<void>(fd.release());
  std::vector<std::string> names;
  errno = 0;
  // readdir is safe here: the stream is ours alone.
  while (const dirent* entry = ::readdir(dir.get())) {  // NOLINT(concurrency-mt-unsafe)
    if (!is_dot(entry->d_name)) names.emplace_back(entry->d_name);
  }
  if (errno != 0) return errno_error("read directory {}", path);
  return names;
}

// Removes one tree. Descriptors and stack stay few however
// deep the tree is: what lies deeper than kMaxDepth is first moved up.
class TreeRemoval {
 public:
  explicit TreeRemoval(dev_t device) : device_(device) {}

  // Removes `name` of `dir_fd`, the tree's parent.
  Result<void> remove(int dir_fd, const std::string& name) {
    do {
      moved_ = false;
      IK_TRY(remove_entry(dir_fd, name, 0));
    } while (moved_);
    return {};
  }

 private:
  static constexpr int kMaxDepth = 100;

  Result<void> remove_entry(int dir_fd, const std::string& name, int depth) {
    if (::unlinkat(dir_fd, name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return errno_error("unlink {}", name);
    const int saved = errno;
    UniqueFd child(::openat(dir_fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!child && errno == ENOENT) return {};
    if (!child && errno == ENOTDIR) return errno_error_from(saved, "unlink " + name);
    if (!child) return errno_error("open {}", name);
    struct stat status {};
    if (::fstat(child.get(), &status) != 0) return errno_error("stat {}", name);
    if (status.st_dev != device_) return errno_error_from(EXDEV, "remove " + name);
    if (depth > kMaxDepth) return move_up(dir_fd, name);

    if (depth == 0) top_fd_ = child.get();
    UniqueFd listing(::fcntl(child.get(), F_DUPFD_CLOEXEC, 0));
    if (!listing) return errno_error("open {}", name);
    IK_LET(names, list_directory_fd(std::move(listing), name));
    for (const std::string& each : names) IK_TRY(remove_entry(child.get(), each, depth + 1));
    if (::unlinkat(dir_fd, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    // What was moved up is there now; the next round takes it.
    if (depth == 0 && moved_ && errno == ENOTEMPTY) return {};
    return errno_error("rmdir {}", name);
  }

  Result<void> move_up(int dir_fd, const std::string& name) {
    if (::renameat(dir_fd, name.c_str(), top_fd_, random_hex(16).c_str()) != 0) {
      return errno_error("rename {}", name);
    }
    moved_ = true;
    return {};
  }

  dev_t device_;
  int top_fd_ = -1;  // The tree's own directory; open while remove_entry() is below it.
  bool moved_ = false;
};

}  // namespace

Result<UniqueFd> open_file(const std::string& path, int flags, mode_t mode) {
  return open_file_at(AT_FDCWD, path, flags, mode);
}

Result<UniqueFd> open_file_at(int dir_fd, const std::string& path, int flags, mode_t mode) {
  while (true) {
    const int fd = ::openat(dir_fd, path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return UniqueFd(fd);
    if (errno != EINTR) return errno_error("open {}", path);
  }
}

Result<UniqueFd> open_in_root(int root_fd, const std::string& path, int flags, mode_t mode) {
  return open_resolved(root_fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

Result<UniqueFd> open_beneath(int dir_fd, const std::string& path, int flags, mode_t mode) {
  return open_resolved(
      dir_fd, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

Result<UniqueFd> make_directories_in_root(int root_fd, const std::string& path, mode_t mode) {
  constexpr int kDirectory = O_PATH | O_DIRECTORY;
  std::string done;
  IK_LET(current, open_in_root(root_fd, "", kDirectory));
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    // Each prefix is looked up from the root again, so that a symlink or ".." on the way stays
    // inside it.
    done += '/';
    done += part;
    Result<UniqueFd> next = open_in_root(root_fd, done, kDirectory);
    if (!next.has_value() && next.error().errno_value == ENOENT && part != "..") {
      const std::string name(part);
      if (::mkdirat(current.get(), name.c_str(), mode) != 0 && errno != EEXIST) {
        return errno_error("mkdir {}", done);
      }
      next = open_in_root(root_fd, done, kDirectory);
    }
    if (!next.has_value()) return std::move(next.error());
    current = std::move(next.value());
  }
  return current;
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT) return errno_error("mkdir {}", path);
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos || slash == 0) return errno_error("mkdir {}", path);
  IK_TRY(make_directories(path.substr(0, slash), mode));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return errno_error("mkdir {}", path);
  return {};
}

Result<std::string> read_fd(int fd, size_t max_bytes) {
  std::string content;
  while (true) {
    constexpr size_t kChunk = size_t{16} << 10;
    const size_t size = content.size();
    content.resize(size + kChunk);
    const ssize_t got = ::read(fd, content.data() + size, kChunk);
    if (got < 0 && errno != EINTR) return errno_error("read");
    content.resize(size + (got > 0 ? static_cast<size_t>(got) : 0));
    if (content.size() > max_bytes) {
      return make_error(ErrorKind::kInvalid, "larger than {} bytes", max_bytes);
    }
    if (got == 0) return content;
  }
}

Result<std::string> read_file(const std::string& path, size_t max_bytes) {
  IK_LET(fd, open_file(path, O_RDONLY));
  return read_fd(fd.get(), max_bytes).context("{}", path);
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<void> copy_file_content(int from_fd, int to_fd) {
  while (true) {
    constexpr size_t kChunk = size_t{1} << 30;
    const ssize_t copied = ::copy_file_range(from_fd, nullptr, to_fd, nullptr, kChunk, 0);
    if (copied == 0) return {};
    if (copied > 0 || errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS) return errno_error("copy");
    std::vector<char> buffer(size_t{256} << 10);
    while (true) {
      const ssize_t got = ::read(from_fd, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("read");
      if (got == 0) return {};
      IK_TRY(write_all(to_fd, {buffer.data(), static_cast<size_t>(got)}));
    }
  }
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  IK_LET(fd, open_file(path, O_RDONLY | O_DIRECTORY));
  return list_directory_fd(std::move(fd), path);
}

Result<void> remove_tree(const std::string& path) {
  std::string clean = path;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  const size_t slash = clean.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : clean.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? clean : clean.substr(slash + 1);
  const UniqueFd dir(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir && errno == ENOENT) return {};
  if (!dir) return errno_error("open {}", parent);
  return remove_tree_at(dir.get(), name).context("remove {}", path);
}

Result<void> remove_tree_at(int dir_fd, const std::string& name) {
  struct stat status {};
  if (::fstat(dir_fd, &status) != 0) return errno_error("stat the directory of {}", name);
  return TreeRemoval(status.st_dev).remove(dir_fd, name);
}

Result<UniqueFd> lock_file(const std::string& path, bool wait) {
  IK_LET(fd, open_file(path, O_RDWR | O_CREAT, 0600));
  while (::flock(fd.get(), wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return make_error(ErrorKind::kConflict, "{} is locked", path);
    if (errno != EINTR) return errno_error("lock {}", path);
  }
  return fd;
}

}  // namespace ikada
