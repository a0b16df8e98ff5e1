// Files whose path a person named.
//
// Source: rename(2), lstat(2).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// As write_file_atomically() without durability; but what is there and is no regular file, a device
// or a link, is written to, not replaced.
Result<void> write_named_file(const std::string& path, std::string_view content, mode_t mode);

}  // namespace ikada
