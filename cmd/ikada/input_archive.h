// Where a command reads an archive from: a file, stdin, or a web server.
#pragma once

#include <string>

#include "image/tar_reader.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// The file, or stdin if `path` is empty; kInvalid if stdin is a terminal.
Result<UniqueFd> open_input_archive(const std::string& path);

// The bytes of `fd`, which stays open as long as the function lives.
TarReader::Input read_from(UniqueFd fd);

}  // namespace ikada
