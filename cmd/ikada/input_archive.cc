#include "cmd/ikada/input_archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <memory>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

struct Source {
  UniqueFd fd;
  std::unique_ptr<char[]> buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
};

}  // namespace

Result<UniqueFd> open_input_archive(const std::string& path) {
  if (!path.empty()) return open_file(path, O_RDONLY);
  if (::isatty(STDIN_FILENO) != 0) {
    return make_error(ErrorKind::kInvalid, "requested load from stdin, but stdin is empty");
  }
  UniqueFd fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!fd) return errno_error("fcntl");
  return fd;
}

TarReader::Input read_from(UniqueFd fd) {
  auto source = std::make_shared<Source>();
  source->fd = std::move(fd);
  return [source]() -> Result<std::span<const char>> {
    while (true) {
      const ssize_t got = ::read(source->fd.get(), source->buffer.get(), kReadBytes);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("read");
      return std::span<const char>(source->buffer.get(), static_cast<size_t>(got));
    }
  };
}

}  // namespace ikada
