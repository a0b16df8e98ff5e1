// What a confined process does first, and how it speaks to its parent (image/confined_process.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct ConfinedJob {
  pid_t parent = 0;                  // It dies with the thread that started it.
  int directory_fd = -1;             // The only place on a disk that it keeps.
  int channel_fd = -1;               // The highest descriptor that it keeps.
  std::uint64_t max_file_bytes = 0;  // No file may grow beyond.
};

// Confines this process; returns its directory, from which ".." leads nowhere. After an error the
// process must end.
Result<UniqueFd> enter_confinement(const ConfinedJob& job);

Result<void> send_to_parent(int channel_fd, std::string_view message);

}  // namespace ikada
