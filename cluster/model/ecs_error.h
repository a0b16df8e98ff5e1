// Errors that the API shows by AWS's names: the name is in Error::code, the message is AWS's where
// it is known, and a whole sentence in any case.
#pragma once

#include <utility>

#include "runtime/base/error.h"

namespace ikada {

// An error with AWS's name for it: ecs_error("ClusterNotFoundException", "Cluster not found.").
template <typename... Args>
Error ecs_error(const char* name, fmt::format_string<Args...> format, Args&&... args) {
  Error error = make_error(ErrorKind::kInvalid, format, std::forward<Args>(args)...);
  error.code = name;
  return error;
}

// "ClientException": the request makes no sense as a whole.
template <typename... Args>
Error client_exception(fmt::format_string<Args...> format, Args&&... args) {
  return ecs_error("ClientException", format, std::forward<Args>(args)...);
}

// "InvalidParameterException": one parameter is wrong.
template <typename... Args>
Error invalid_parameter(fmt::format_string<Args...> format, Args&&... args) {
  return ecs_error("InvalidParameterException", format, std::forward<Args>(args)...);
}

}  // namespace ikada
