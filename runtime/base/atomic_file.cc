#include "runtime/base/atomic_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/random_id.h"
#include "runtime/base/unique_fd.h"

namespace ikada {
namespace {

Result<void> write_content(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write {}", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

// What is said names the file that it is to be: it is the same each time.
Result<void> write_new_file(const std::string& temporary,
                            const std::string& path,
                            std::string_view content,
                            mode_t mode,
                            Durability durability) {
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return errno_error("create {}", path);
  if (::fchmod(fd.get(), mode) != 0) return errno_error("chmod {}", path);
  IK_TRY(write_content(fd.get(), content, path));
  if (durability == Durability::kDurable && ::fsync(fd.get()) != 0) {
    return errno_error("fsync {}", path);
  }
  return {};
}

}  // namespace

Result<void> sync_directory(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("open {}", path);
  if (::fsync(fd.get()) != 0) return errno_error("fsync {}", path);
  return {};
}

Result<void> write_file_atomically(const std::string& path,
                                   std::string_view content,
                                   mode_t mode,
                                   Durability durability) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, random_hex(6));
  Result<void> written = write_new_file(temporary, path, content, mode, durability);
  if (written.has_value() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = errno_error("rename a new file to {}", path);
  }
  if (!written.has_value()) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (durability == Durability::kVolatile) return {};
  const size_t slash = path.rfind('/');
  return sync_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

}  // namespace ikada
