// Why a task or one of its containers cannot be: ECS's name in Error::code, and in front of the
// text that people see.
//
// Source: Amazon ECS Developer Guide, "Stopped tasks error codes".
#pragma once

#include <string>
#include <utility>

#include "runtime/base/error.h"

namespace ikada {

inline constexpr const char* kCannotPull = "CannotPullContainerError";
inline constexpr const char* kCannotCreate = "CannotCreateContainerError";
inline constexpr const char* kCannotStart = "CannotStartContainerError";
inline constexpr const char* kCannotInspect = "CannotInspectContainerError";
inline constexpr const char* kResources = "ResourceInitializationError";

template <typename... Args>
Error cannot_create(fmt::format_string<Args...> format, Args&&... args) {
  Error error = make_error(ErrorKind::kInvalid, format, std::forward<Args>(args)...);
  error.code = kCannotCreate;
  return error;
}

template <typename... Args>
Error cannot_initialize(fmt::format_string<Args...> format, Args&&... args) {
  Error error = make_error(ErrorKind::kInvalid, format, std::forward<Args>(args)...);
  error.code = kResources;
  return error;
}

// "CannotPullContainerError: no such image": the error's own code, or `code` if it has none of
// ECS's.
std::string task_error_text(const Error& error, const char* code);

}  // namespace ikada
