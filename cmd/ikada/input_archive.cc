#include "cmd/ikada/input_archive.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/sys/file.h"

namespace ikada {

Result<UniqueFd> open_input_archive(const std::string& path) {
  if (!path.empty()) return open_file(path, O_RDONLY);
  if (::isatty(STDIN_FILENO) != 0) {
    return make_error(ErrorKind::kInvalid, "requested load from stdin, but stdin is empty");
  }
  UniqueFd fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!fd) return errno_error("fcntl");
  return fd;
}

}  // namespace ikada
