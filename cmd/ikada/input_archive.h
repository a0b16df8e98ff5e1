// Where a command reads an archive from: a file or stdin.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// The file, or stdin if `path` is empty; kInvalid if stdin is a terminal.
Result<UniqueFd> open_input_archive(const std::string& path);

}  // namespace ikada
