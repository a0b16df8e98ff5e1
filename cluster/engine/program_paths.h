// Where this program and those beside it are.
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace ikada {

// /proc/self/exe.
Result<std::string> own_program();

// ikada, ikada-runtime …: beside this program, in the build tree, or in /usr/bin. kUnavailable if
// it is in none of these places.
Result<std::string> find_sibling_program(const std::string& name);

// ikada-runtime: $IKADA_RUNTIME, or as above.
Result<std::string> find_runtime_program();

}  // namespace ikada
