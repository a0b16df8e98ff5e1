#include "image/http_body.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace ikada {

HttpBody body_of_text(std::string text) {
  // Shared, because requests are copied on their way.
  auto bytes = std::make_shared<const std::string>(std::move(text));
  const std::uint64_t size_bytes = bytes->size();
  return {.size_bytes = size_bytes,
          .read = [bytes = std::move(bytes)](std::uint64_t offset, char* buffer, size_t size)
              -> Result<size_t> { return bytes->copy(buffer, size, static_cast<size_t>(offset)); }};
}

HttpBody body_of_file(int fd, std::uint64_t offset, std::uint64_t size_bytes) {
  return {.size_bytes = size_bytes,
          .read = [fd, offset, size_bytes](
                      std::uint64_t position, char* buffer, size_t size) -> Result<size_t> {
            const std::uint64_t wanted = std::min<std::uint64_t>(size, size_bytes - position);
            while (true) {
              const ssize_t got = ::pread(
                  fd, buffer, static_cast<size_t>(wanted), static_cast<off_t>(offset + position));
              if (got >= 0) return static_cast<size_t>(got);
              if (errno != EINTR) return errno_error("read");
            }
          }};
}

HttpBody part_of_body(const HttpBody& body, std::uint64_t offset, std::uint64_t size_bytes) {
  return {.size_bytes = size_bytes,
          .read = [read = body.read, offset, size_bytes](
                      std::uint64_t position, char* buffer, size_t size) -> Result<size_t> {
            const std::uint64_t wanted = std::min<std::uint64_t>(size, size_bytes - position);
            return read(offset + position, buffer, static_cast<size_t>(wanted));
          }};
}

}  // namespace ikada
