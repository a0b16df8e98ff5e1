// What went wrong, as a value.
//
// `message` is one line for a person: it names the call and its object, is lower case and has no
// full stop. Levels that know more put their words in front with Result::context().
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace ikada {

// What the caller can do about it.
enum class ErrorKind {
  kInvalid,      // The input is wrong; the same call will fail again.
  kNotFound,     // The thing named does not exist.
  kConflict,     // It exists already, or is in a state that does not allow this.
  kDenied,       // Not permitted.
  kUnavailable,  // Could work later or on another host.
  kSystem,       // A system call failed; errno_value says how.
  kInternal,     // Our own mistake.
};

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  int errno_value = 0;  // 0 when no system call failed.
  std::string code =
      {};  // A stable word for programs, e.g. "DIGEST_MISMATCH"; empty when there is none.
};

// An Error with a formatted message: make_error(ErrorKind::kNotFound, "no such container: {}",
// name).
template <typename... Args>
Error make_error(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return Error{.kind = kind, .message = fmt::format(format, std::forward<Args>(args)...)};
}

// The error `errno_value` with the kernel's word for it: "mount overlay at /: Invalid argument".
// The kind is kNotFound for ENOENT, kConflict for EEXIST, kDenied for EPERM and EACCES, otherwise
// kSystem.
Error errno_error_from(int errno_value, std::string_view what);

// The same for the current errno. Call it before anything else can change errno.
Error errno_error(std::string_view what);

template <typename First, typename... Rest>
Error errno_error(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest);

// The kernel's text for an errno value, without locale: "No such file or directory".
std::string errno_text(int errno_value);

}  // namespace ikada

#include <cerrno>

namespace ikada {

template <typename First, typename... Rest>
Error errno_error(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) {
  const int saved = errno;
  return errno_error_from(
      saved, fmt::format(format, std::forward<First>(first), std::forward<Rest>(rest)...));
}

}  // namespace ikada
