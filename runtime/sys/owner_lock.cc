#include "runtime/sys/owner_lock.h"

#include <poll.h>

#include "runtime/sys/file.h"

namespace ikada {

Result<UniqueFd> lock_as_owner(const std::string& path, std::chrono::milliseconds patience) {
  constexpr int kPauseMs = 10;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    Result<UniqueFd> lock = lock_file(path, false);
    if (lock.has_value() || lock.error().kind != ErrorKind::kConflict) return lock;
    if (std::chrono::steady_clock::now() >= deadline) return lock;
    ::poll(nullptr, 0, kPauseMs);
  }
}

}  // namespace ikada
