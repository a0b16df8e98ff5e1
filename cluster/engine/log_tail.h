// Where the last lines of a log file begin.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "runtime/base/result.h"

namespace ikada {

struct LogTail {
  off_t offset = 0;  // Here the lines begin.
  std::uint64_t lines =
      0;  // So many were found; fewer than asked for: look at the older file, too.
};

// Looks for the last `lines` lines of the first `size` bytes, reading from the end. Parts of a long
// line are one line.
Result<LogTail> find_log_tail(int fd, off_t size, std::uint64_t lines);

}  // namespace ikada
