#include "runtime/sys/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

namespace ikada {

void open_missing_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is this one. Programs that we start inherit it.
    // NOLINTNEXTLINE(android-cloexec-open)
    static_cast<void>(::open("/dev/null", O_RDWR));
  }
}

}  // namespace ikada
