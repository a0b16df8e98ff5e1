#include <errno.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/init/child.h"

namespace ikada {

InitReport close_all_but(const ProgramPlan& plan, std::span<int> kept) {
  std::sort(kept.begin(), kept.end());
  int first = 3 + plan.preserve_fds;
  for (const int fd : kept) {
    if (fd < first) continue;
    if (fd > first &&
        ::close_range(static_cast<unsigned>(first), static_cast<unsigned>(fd - 1), 0) != 0) {
      return failed(InitStep::kCloseFds, errno);
    }
    first = fd + 1;
  }
  if (::close_range(static_cast<unsigned>(first), ~0U, 0) != 0) {
    return failed(InitStep::kCloseFds, errno);
  }
  return {};
}

}  // namespace ikada
