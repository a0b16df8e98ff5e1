#include "runtime/base/error.h"

#include <string.h>

#include <cerrno>

namespace ikada {
namespace {

ErrorKind kind_of(int errno_value) {
  switch (errno_value) {
    case ENOENT:
      return ErrorKind::kNotFound;
    case EEXIST:
      return ErrorKind::kConflict;
    case EPERM:
    case EACCES:
      return ErrorKind::kDenied;
    default:
      return ErrorKind::kSystem;
  }
}

}  // namespace

std::string errno_text(int errno_value) {
  const char* text = ::strerrordesc_np(errno_value);
  if (text == nullptr) return fmt::format("errno {}", errno_value);
  return text;
}

Error errno_error_from(int errno_value, std::string_view what) {
  return Error{.kind = kind_of(errno_value),
               .message = fmt::format("{}: {}", what, errno_text(errno_value)),
               .errno_value = errno_value};
}

Error errno_error(std::string_view what) {
  const int saved = errno;
  return errno_error_from(saved, what);
}

}  // namespace ikada
