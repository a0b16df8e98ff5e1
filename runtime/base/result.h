// Result<T>: a value or an Error. It is tl::expected<T, Error> with context().
//
//   Result<UniqueFd> open_log(const std::string& path) {
//     IK_LET(dir, open_directory(parent_of(path)).context("log"));
//     IK_TRY(check_owner(dir));
//     ...
//     return errno_error("open {}", path);     // An Error converts to a failed Result.
//   }
//
// IK_LET(name, expr) declares `name` with the value or returns the error; IK_TRY(expr) is for
// Result<void>. Both move out of `expr`. IK_LET makes two declarations, so it needs braces around
// it under an `if`.
#pragma once

#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

#include "runtime/base/error.h"

namespace ikada {

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;

  Result(Error error) : Base(tl::unexpect, std::move(error)) {}
  Result(Base&& base) : Base(std::move(base)) {}

  // The same result; if it failed, with the formatted text and ": " in front of its message.
  template <typename... Args>
  Result context(fmt::format_string<Args...> format, Args&&... args) && {
    if (!this->has_value()) {
      Error& error = this->error();
      error.message = fmt::format(format, std::forward<Args>(args)...) + ": " + error.message;
    }
    return std::move(*this);
  }
};

}  // namespace ikada

#define IK_CONCAT_INNER(a, b) a##b
#define IK_CONCAT(a, b) IK_CONCAT_INNER(a, b)

#define IK_LET_IMPL(result, name, ...)                       \
  auto result = (__VA_ARGS__);                               \
  if (!result.has_value()) return std::move(result.error()); \
  auto name = std::move(result.value())

// Declares `name` with the value of the Result, or returns its error from the enclosing function.
#define IK_LET(name, ...) IK_LET_IMPL(IK_CONCAT(ik_result_, __LINE__), name, __VA_ARGS__)

// Returns the error of the Result<void> from the enclosing function, if there is one.
#define IK_TRY(...)                                                          \
  do {                                                                       \
    auto ik_try_result = (__VA_ARGS__);                                      \
    if (!ik_try_result.has_value()) return std::move(ik_try_result.error()); \
  } while (false)
