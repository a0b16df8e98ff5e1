#include "runtime/base/named_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/atomic_file.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

Result<void> write_named_file(const std::string& path, std::string_view content, mode_t mode) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) {
    return write_file_atomically(path, content, mode, Durability::kVolatile);
  }
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC;
  const UniqueFd fd(::open(path.c_str(), kFlags, mode));
  if (!fd) return errno_error("open {}", path);
  while (!content.empty()) {
    const ssize_t written = ::write(fd.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write {}", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace ikada
